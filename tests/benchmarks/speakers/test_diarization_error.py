"""The error rate, of cases that can be computed by hand."""

from __future__ import annotations

import pytest

from tests.benchmarks.speakers.diarization_error import DiarizationError, diarization_error

KNOWN = [(0.0, 10.0, "anna"), (10.0, 16.0, "bert"), (15.0, 20.0, "anna")]


def rounded(error: DiarizationError) -> tuple[float, ...]:
    return tuple(
        round(each, 6) for each in (error.speech_s, error.missed_s, error.false_s, error.confused_s)
    )


def test_names_do_not_matter() -> None:
    found = [(start, end, {"anna": "2", "bert": "1"}[name]) for start, end, name in KNOWN]
    assert rounded(diarization_error(KNOWN, found, 0, True)) == (21, 0, 0, 0)


def test_missed_false_and_confused() -> None:
    found = [(0.0, 12.0, "1"), (12.0, 14.0, "2"), (15.0, 22.0, "1")]
    error = diarization_error(KNOWN, found, 0, True)
    # bert is missed from 14 to 16, anna is heard for him from 10 to 12, and until 22
    assert rounded(error) == (21, 2, 2, 2)
    assert error.rate == pytest.approx(6 / 21)


def test_without_overlap_and_around_borders_nothing_is_judged() -> None:
    found = [(0.0, 10.2, "1"), (10.2, 15.0, "2"), (16.0, 20.1, "1")]
    error = diarization_error(KNOWN, found, 0.25, False)
    # 0.25 to 9.75, 10.25 to 14.75 and 16.25 to 19.75
    assert rounded(error) == (17.5, 0, 0, 0)


def test_one_speaker_for_all() -> None:
    error = diarization_error(KNOWN, [(0.0, 20.0, "all")], 0, False)
    assert rounded(error) == (19, 0, 0, 5)
