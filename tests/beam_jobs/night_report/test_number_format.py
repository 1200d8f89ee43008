"""How numbers, times and changes are written."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.night_report import number_format
from beam_jobs.night_report.changes import compare, nights_before
from beam_jobs.night_report.figures import NightFigures

NIGHT = NightFigures(
    recordings=200,
    unusable=0,
    failed_recordings=1,
    duration_ms=360_000_000,
    annotated_ms=324_000_000,
    skipped=(("silence", 32_400_000),),
    failed=(("DecodeFailed", 3_600_000),),
    answers=1_000,
    flagged_answers=50,
    mean_logprob=-0.25,
    flags=(("no_speech", 50),),
    failures=(),
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number_format.hours(0), "0 h"),
        (number_format.hours(1_500), "1.5 s"),
        (number_format.hours(59_999), "60 s"),
        (number_format.hours(60_000), "0:01 h"),
        (number_format.hours(4_500_000_000), "1,250:00 h"),
        (number_format.share(None), "–"),
        (number_format.share(0.0), "0 %"),
        (number_format.share(0.0004), "< 0.1 %"),
        (number_format.share(0.1234), "12.3 %"),
        (number_format.share(0.9999), "> 99.9 %"),
        (number_format.share(1.0), "100 %"),
        (number_format.share(25.5), "2,550 %"),
        (number_format.share_of(1, 0), "–"),
        (number_format.number(0.123456), "0.123"),
        (number_format.number(-1234.5), "−1,234"),
        (number_format.amount(None), "–"),
        (number_format.amount(0), "0"),
        (number_format.amount(0.0004), "< 0.001"),
        (number_format.cost(1.5, 2.5), "3.75"),
        (number_format.cost(0.001, 2.5), "< 0.01"),
        (number_format.cost(0, 2.5), "0.00"),
        (number_format.cost(None, 2.5), "–"),
        (number_format.logprob(-0.0004), "0.000"),
        (number_format.logprob(-7.0326), "−7.033"),
        (number_format.count(1, "night", "nights"), "1 night"),
        (number_format.count(1_200, "night", "nights"), "1,200 nights"),
        (number_format.days(["2026-11-01"]), "1 November 2026"),
        (number_format.days(["2026-11-01", "2026-12-24"]), "1 November 2026 to 24 December 2026"),
        (number_format.file_name("gs://radio/2026/news.mp3"), "news.mp3"),
    ],
)
def test_what_is_written(written: str, expected: str) -> None:
    assert written.replace("\N{NO-BREAK SPACE}", " ") == expected


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_a_part_is_never_nothing_and_never_all(part: int, more: int) -> None:
    assert number_format.share_of(part, part + more) not in (
        number_format.share(0),
        number_format.share(1),
    )


@pytest.mark.parametrize(
    ("changed", "measure", "expected"),
    [
        ({"recordings": 150}, "Recordings", ("200", "150", "50 (25 %)", "down")),
        (
            {"duration_ms": 396_000_000},
            "Hours in",
            ("100:00 h", "110:00 h", "10:00 h (10 %)", "up"),
        ),
        (
            {"annotated_ms": 324_000_000},
            "Hours annotated",
            ("90:00 h", "90:00 h", "no change", "same"),
        ),
        (
            {"flagged_answers": 60},
            "Answers with a flag",
            ("5 %", "6 %", "1 percentage point", "up"),
        ),
        ({"mean_logprob": -0.3}, "Mean log-probability", ("−0.250", "−0.300", "0.050", "down")),
        ({"mean_logprob": None}, "Mean log-probability", ("−0.250", "–", "–", "")),
        (
            {"unusable": 200},
            "Objects that failed",
            ("0.5 %", "50.2 %", "49.7 percentage points", "up"),
        ),
    ],
)
def test_what_changed(
    changed: dict[str, Any], measure: str, expected: tuple[str, str, str, str]
) -> None:
    found = compare(dataclasses.replace(NIGHT, **changed), NIGHT, ("2026-11-20",))
    [change] = [change for change in found.measures if change.measure == measure]
    shown = (change.before, change.now, change.change, change.direction)
    assert tuple(text.replace("\N{NO-BREAK SPACE}", " ") for text in shown) == expected


def test_as_many_nights_before_as_there_are_now() -> None:
    earlier = ["2026-11-17", "2026-11-18", "2026-11-19"]
    assert nights_before(["2026-11-20", "2026-11-21"], earlier) == ("2026-11-18", "2026-11-19")
    assert nights_before(["2026-11-20"], []) == ()
    assert nights_before([], earlier) == ()
