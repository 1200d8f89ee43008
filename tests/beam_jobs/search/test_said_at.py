"""A hit in a transcript says when its first match is said, where the words are aligned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from af3core.alignment.text_words import words_of_text
from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.search.said_at import with_times
from beam_jobs.search.search_command import places_text
from beam_jobs.search.search_request import Hit
from tests.beam_jobs.search.said import FIRST, place, publish, put

TEXT = "The storm came in. The keeper saw the storm at the old lighthouse, and lit the lamp."


def word_rows(**more: Any) -> list[dict[str, Any]]:
    """A word each half second from the segment's start on."""
    at = place("tape", 0) | {"task_id": "transcript", "flags": [], "confidence": 0.9}
    return [
        at
        | {
            "position": number,
            "word": word.text,
            "normalised": word.normal,
            "start_char": word.start_char,
            "end_char": word.end_char,
            "start_ms": 500 * number,
            "end_ms": 500 * number + 400,
        }
        | more
        for number, word in enumerate(words_of_text(TEXT))
    ]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    publish(tmp_path, FIRST, {"tape": [TEXT]})
    put(tmp_path, FIRST, "words", word_rows())
    return tmp_path


def hit(context: str, matched: str) -> Hit:
    at = place("tape", 0)
    start = context.index(matched)
    marks = ((start, start + len(matched)),)
    known = ("segment", "default", FIRST, "tape", at["segment_id"], "/arc/tape.wav", 0, 30_000, ())
    return Hit(*known, "transcript", context, marks, 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("context", "matched", "said_ms"),
    [
        (TEXT, "storm", 500),
        (TEXT, "lighthouse", 6000),
        ("…keeper saw the storm at the old…", "storm", 4000),
        ("no such words", "words", None),
    ],
)
def test_the_first_match_has_its_time(
    out: Path, context: str, matched: str, said_ms: int | None
) -> None:
    [found] = with_times([hit(context, matched)], open_store(str(out)))
    assert found.said_ms == said_ms


def test_other_fields_and_texts_too_long_have_none(out: Path) -> None:
    store = open_store(str(out))
    caption = replace(hit(TEXT, "storm"), field="caption")
    assert with_times([caption], store) == (caption,)
    put(out, FIRST, "words", word_rows(confidence=0.0, flags=["text_too_long"]))
    assert with_times([hit(TEXT, "storm")], store)[0].said_ms is None


@pytest.mark.parametrize(
    ("found", "is_estimated"),
    [
        ({}, False),
        ({"confidence": 0.3, "flags": ["low_alignment"]}, True),
        ({"confidence": None, "flags": ["not_aligned"]}, True),
    ],
)
def test_a_time_that_is_in_doubt_or_was_not_found_is_an_estimate(
    out: Path, found: dict[str, Any], is_estimated: bool
) -> None:
    put(out, FIRST, "words", word_rows(**found))
    [told] = with_times([hit(TEXT, "lighthouse")], open_store(str(out)))
    assert (told.said_ms, told.said_is_estimated) == (6000, is_estimated)
    said = "at about 0:06" if is_estimated else "at 0:06"
    assert f"tape.wav 0:00-0:30 {said} transcript" in places_text([told], is_terminal=False)


def test_a_search_says_it(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--words-only", "--out", str(out)]) == 0
    capsys.readouterr()
    asked = ["search", "--out", str(out), "--mode", "words", "lighthouse"]
    assert main([*asked, "--format", "table"]) == 0
    assert "tape.wav 0:00-0:30 at 0:06 transcript 2026-11-20" in capsys.readouterr().out
    assert main([*asked, "--format", "jsonl"]) == 0
    assert '"said_ms": 6000' in capsys.readouterr().out
