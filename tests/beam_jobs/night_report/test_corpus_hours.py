"""Hours by corpus: which nights count, and what became of their hours."""

from __future__ import annotations

import json

import duckdb
import pytest

from beam_jobs.charts import NightHours
from beam_jobs.night_report.corpus_hours import (
    CorpusNights,
    corpora_by_night,
    first_of_last,
    most_hours,
)

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("nights", "until", "expected"),
    [
        (30, "2026-11-21", "2026-10-23"),
        (1, "2026-11-21", "2026-11-21"),
        (30, "0001-01-05", "0001-01-01"),
    ],
)
def test_thirty_nights_end_with_the_last_one(nights: int, until: str, expected: str) -> None:
    assert first_of_last(nights, until) == expected


def test_hours_of_several_corpora_the_largest_first() -> None:
    with duckdb.connect() as recordings:
        recordings.execute(
            "CREATE TABLE recordings (corpus VARCHAR, date DATE, annotated_ms BIGINT,"
            " skipped STRUCT(reason VARCHAR, duration_ms BIGINT)[])"
        )
        for corpus, date, annotated_h, skipped in (
            ("radio", "2026-11-20", 2, {"silence": 1}),
            ("radio", "2026-11-20", 1, {}),
            ("radio", "2026-11-21", 0, {"silence": 1, "DecodeFailed": 2}),
            ("tapes", "2026-11-21", 9, {}),
        ):
            parts = [{"reason": r, "duration_ms": h * HOUR_MS} for r, h in skipped.items()]
            recordings.execute(
                "INSERT INTO recordings SELECT ?, ?, ?,"
                ' from_json(?, \'[{"reason":"VARCHAR","duration_ms":"BIGINT"}]\')',
                [corpus, date, annotated_h * HOUR_MS, json.dumps(parts)],
            )
        found = corpora_by_night(recordings)
    tapes = (NightHours("2026-11-21", 9, 0, 0),)
    radio = (NightHours("2026-11-20", 3, 1, 0), NightHours("2026-11-21", 0, 1, 2))
    assert found == [
        CorpusNights("tapes", tapes, 9 * HOUR_MS, 0, 0),
        CorpusNights("radio", radio, 3 * HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS),
    ]
    assert [corpus.duration_ms for corpus in found] == [9 * HOUR_MS, 7 * HOUR_MS]
    assert most_hours(found) == 9
    assert most_hours([]) == 0
