"""Transcripts on the pages: each word with its time, found or estimated, of its own channel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from af3core.alignment.text_words import words_of_text
from beam_jobs.browse.data.archive_tables import open_tables
from beam_jobs.browse.pages.cards import cards_of
from beam_jobs.browse.pages.recording_page import recording_page, segment_words
from beam_jobs.browse.pages.subtitle_file import subtitle_file
from beam_jobs.cli import main
from beam_jobs.search.search_engine import SearchEngine
from beam_jobs.search.search_request import SearchRequest
from tests.beam_jobs.search.said import FIRST, place, publish, put

Row = dict[str, Any]
TAPE = "a" * 24
TEXT = "The storm came in. The keeper saw the lighthouse."
SPEECH = {"kind": "speech", "start_ms": 10_000, "end_ms": 19_000}


def word_rows(text: str, **more: Any) -> list[Row]:
    """A word each half second from second 2 on."""
    at = place(TAPE, 0) | {"task_id": "transcript", "flags": [], "confidence": 0.9}
    return [
        at
        | {
            "position": number,
            "word": word.text,
            "normalised": word.normal,
            "start_char": word.start_char,
            "end_char": word.end_char,
            "start_ms": 2000 + 500 * number,
            "end_ms": 2400 + 500 * number,
        }
        | more
        for number, word in enumerate(words_of_text(text))
    ]


def whole_clip(channel: int, text: str) -> Row:
    """A transcript of a whole clip; each channel has clips of its own at the same times."""
    of = {"clip_id": f"clip {channel}", "segment_id": "", "channel": channel, "text": text}
    return place(TAPE, 0) | of | {"task_id": "transcript", "flags": []}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    publish(tmp_path, FIRST, {TAPE: [TEXT]})
    said = place(TAPE, 0) | {"task_id": "transcript", "text": TEXT, "flags": []}
    put(tmp_path, FIRST, "transcripts", [said])
    return tmp_path


def page(out: Path) -> Row:
    tables = open_tables(str(out))
    try:
        return recording_page(tables, TAPE, "", "")
    finally:
        tables.close()


def words(out: Path) -> list[list[int]]:
    tables = open_tables(str(out))
    try:
        [found] = segment_words(tables, TAPE, "", "", [f"{TAPE}-0"]).values()
        return found
    finally:
        tables.close()


def test_words_that_are_not_aligned_are_estimated_to_be_in_the_speech(out: Path) -> None:
    put(out, FIRST, "events", [place(TAPE, 0) | SPEECH])
    assert words(out)[:2] == [[0, 3, 10_000, 10_692, 1], [4, 9, 10_692, 11_846, 1]]
    assert page(out)["word_times"] == "estimated"


def test_found_words_have_their_times_and_doubtful_ones_say_so(out: Path) -> None:
    rows = word_rows(TEXT)
    rows[1] |= {"confidence": 0.2, "flags": ["low_alignment"]}
    put(out, FIRST, "words", rows)
    assert words(out)[:3] == [[0, 3, 2000, 2400], [4, 9, 2500, 2900, 1], [10, 14, 3000, 3400]]
    assert page(out)["word_times"] == "found"


def test_words_of_a_text_that_was_made_anew_since_are_estimated(out: Path) -> None:
    put(out, FIRST, "words", word_rows("The storm went by."))
    assert all(len(word) == 5 for word in words(out))
    assert page(out)["word_times"] == "estimated"


def test_how_the_times_of_a_recording_are_known(out: Path) -> None:
    said = place(TAPE, 0) | {"task_id": "transcript", "text": TEXT, "flags": []}
    more = place(TAPE, 1) | {"task_id": "transcript", "text": "And more.", "flags": []}
    put(out, FIRST, "words", word_rows(TEXT))
    put(out, FIRST, "transcripts", [said, more])
    assert page(out)["word_times"] == "partly estimated"
    put(out, FIRST, "transcripts", [said | {"text": ""}])
    assert page(out)["word_times"] == "no words"


def test_channels_that_were_heard_as_whole_clips_stay_apart(out: Path) -> None:
    put(out, FIRST, "segments", [])
    transcripts = [whole_clip(0, "who goes there"), whole_clip(1, "a friend of yours")]
    put(out, FIRST, "transcripts", transcripts)
    shown = page(out)
    assert [(a["clip_id"], a["text"]) for a in shown["clip_answers"]] == [
        ("clip 0", "who goes there"),
        ("clip 1", "a friend of yours"),
    ]
    assert main(["index", "--words-only", "--out", str(out)]) == 0
    for asked, text in (("goes", "who goes there"), ("friend", "a friend of yours")):
        found = SearchEngine(str(out), "none").search(SearchRequest(words=asked, mode="words"))
        tables = open_tables(str(out))
        [card] = cards_of(tables, found.hits)
        tables.close()
        assert card["transcript"]["text"] == text


def test_a_quote_is_played_from_when_it_is_said(out: Path) -> None:
    put(out, FIRST, "words", word_rows(TEXT))
    at = place(TAPE, 0)
    cited = {name: at[name] for name in ("segment_id", "start_ms", "end_ms")} | {"score": 1.0}
    quotes = ["… keeper saw the …", "A dog barks."]
    finding = {
        "recording_id": TAPE,
        "question": "who?",
        "citations": [cited | {"quote": quote} for quote in quotes],
    }
    put(out, FIRST, "findings", [finding])
    [told] = page(out)["findings"]
    assert [(c["said_ms"], c["said_is_estimated"]) for c in told["citations"]] == [
        (4500, False),
        (None, False),
    ]


@pytest.mark.parametrize("form", ["vtt", "srt", "ttml", "txt", "json"])
def test_flagged_transcripts_of_two_channels_and_tasks_are_subtitles_once(
    out: Path, form: str
) -> None:
    """Of two tasks' transcripts one is shown."""
    segments, transcripts = [], []
    for channel in (0, 1):
        at = place(TAPE, 0) | {
            "clip_id": f"clip {channel}",
            "segment_id": f"segment {channel}",
            "channel": channel,
        }
        segments.append(at)
        said = at | {"flags": ["low_confidence"], "text": f"it is the {('right', 'left')[channel]}"}
        loop = at | {"flags": ["looping_text"], "text": "la la"}
        transcripts.append(said | {"task_id": "transcript"})
        transcripts.append(loop | {"task_id": "verbatim"})
    put(out, FIRST, "segments", segments)
    put(out, FIRST, "transcripts", transcripts)
    tables = open_tables(str(out))
    file = subtitle_file(tables, TAPE, "", "", form)  # type: ignore[arg-type]
    tables.close()
    text = file.body.decode()
    assert (text.count("left"), text.count("right")) == ((2, 2) if form == "json" else (1, 1))
    assert "la la" not in text
    assert file.name == f"{TAPE}.{form}"
    assert ("Times are estimated" in text) == (form == "vtt")
