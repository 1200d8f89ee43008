"""Words with their times in an export: as the table has them, from the start of their sound."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from beam_jobs.derive.export.export_words import COLUMNS, ExportWord, WordsOfTexts
from schemas.tables.word_tables import WORDS

SCHEMA = pa.schema([WORDS.schema.field(name) for name in COLUMNS])
TRANSCRIPT = {
    "clip_id": "c",
    "segment_id": "s2",
    "task_id": "transcript",
    "text": "Good evening.",
    "start_ms": 30_000,
    "end_ms": 60_000,
}


def row(position: int, word: str, start_char: int, start_ms: int, **more: Any) -> dict[str, Any]:
    known = {name: TRANSCRIPT[name] for name in ("clip_id", "segment_id", "task_id")}
    at = {"start_char": start_char, "end_char": start_char + len(word)}
    times = {"start_ms": start_ms, "end_ms": start_ms + 300}
    about = {"position": position, "word": word, "confidence": 0.9, "speaker": None, "flags": []}
    return known | at | times | about | more


def table(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), SCHEMA)


GOOD, EVENING = row(0, "Good", 0, 30_500), row(1, "evening.", 5, 30_900)


def test_words_are_those_of_their_transcript_in_order_from_the_start_of_its_sound() -> None:
    others = [row(0, "Bad", 0, 100, segment_id="s1"), row(0, "Bye", 0, 100, task_id="verbatim")]
    words = WordsOfTexts([table(others[0], EVENING), table(), table(GOOD, others[1])])
    assert words.of(TRANSCRIPT) == (
        ExportWord("Good", 500, 800, 0.9),
        ExportWord("evening.", 900, 1200, 0.9),
    )
    assert words.of(TRANSCRIPT)[0].to_json() == {
        "word": "Good",
        "start": 0.5,
        "end": 0.8,
        "confidence": 0.9,
    }


def test_a_word_that_was_not_found_is_marked_and_one_over_the_end_ends_with_the_sound() -> None:
    late = EVENING | {"start_ms": 59_900, "end_ms": 60_400, "confidence": None}
    assert WordsOfTexts([table(GOOD, late)]).of(TRANSCRIPT) == (
        ExportWord("Good", 500, 800, 0.9),
        ExportWord("evening.", 29_900, 30_000, None),
    )


def test_without_any_found_word_there_are_none() -> None:
    estimated = [each | {"confidence": None} for each in (GOOD, EVENING)]
    assert WordsOfTexts([table(*estimated)]).of(TRANSCRIPT) == ()
    assert WordsOfTexts([table(GOOD)]).of(TRANSCRIPT) == ()  # of another text
    assert WordsOfTexts([]).of(TRANSCRIPT) == ()
