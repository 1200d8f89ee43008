"""Corrections of events, words, turns and chapters, also after they were made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beam_jobs.corrections.adding import CorrectionsRefused, add_corrections
from beam_jobs.corrections.correction_states import correction_states
from tests.beam_jobs.corrections.derived_rows import CHAPTER, DOG, STORM, TURN, put_derived
from tests.beam_jobs.corrections.shown import shown
from tests.beam_jobs.search.said import FIRST, publish, put

RECORDING = "a" * 24
EVENTS = "label, start_ms, end_ms, original_label, original_start_ms, correction, corrected_by"
WORDS = "word, start_ms, end_ms, original_start_ms, corrected_by"
TURNS = "voice, speaker, name, original_name, corrected_by"
CHAPTERS = "chapter, title, end_ms, original_title, original_end_ms, corrected_by"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    publish(out, FIRST, {RECORDING: ["a storm is over"]})
    put_derived(out, RECORDING)
    return out


def row(place: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"recording": RECORDING} | place | more


def add(out: Path, *rows: dict[str, Any], by: str = "Ada") -> None:
    assert add_corrections(str(out), rows, by=by).kept == len(rows)


def states(out: Path) -> dict[str, str]:
    """The state of each correction by its source and kind."""
    found = correction_states(str(out), "default").found.to_pylist()
    return {f"{each['source']} {each['kind']}": each["state"] for each in found}


EACH = (
    row(DOG, source="events", kind="name", new_value="a seal"),
    row(DOG, source="events", kind="times", new_value="1200-2500"),
    row(STORM, kind="times", new_value="450-800"),
    row(TURN, kind="name", new_value="Eve"),
    row(CHAPTER, kind="name", new_value="The harbour"),
    row(CHAPTER, kind="times", new_value="0-58000"),
)


def test_each_is_shown_beside_what_was_made(out: Path) -> None:
    add(out, *EACH)
    assert shown(out, "events", EVENTS) == [
        ("rain", 1000, 2000, "rain", 1000, None, None),
        ("a seal", 1200, 2500, "a dog", 1000, "times", "Ada"),
    ]
    assert shown(out, "words", WORDS) == [
        ("a", 0, 400, 0, None),
        ("storm", 450, 800, 400, "Ada"),
        ("is", 1200, 1400, 1200, None),
    ]
    assert shown(out, "speaker_turns", TURNS) == [
        (1, "anna", "Eve", "Anna Berg", "Ada"),
        (2, None, None, None, None),
    ]
    assert shown(out, "chapters", CHAPTERS) == [
        (1, "The harbour", 58_000, "Port", 60_000, "Ada"),
        (2, "Rain", 90_000, "Rain", 90_000, None),
    ]
    assert set(states(out).values()) == {"shown"}


def test_they_outlast_rows_that_are_made_anew(out: Path) -> None:
    """An event under another name, words of another aligner, and one where a person said it is."""
    add(out, *EACH)
    put_derived(out, RECORDING, label="a bark", shift_ms=60)
    assert ("a seal", "a bark") in shown(out, "events", "label, original_label")
    assert shown(out, "words", WORDS)[1] == ("storm", 450, 800, 460, "Ada")
    assert states(out)["events name"] == "outdated"
    of = {"recording_id": RECORDING, "clip_id": "new", "event_id": "e9", "label": "a dog"}
    put(out, FIRST, "events", [of | {"start_ms": 1210, "end_ms": 2490}])
    assert shown(out, "events", "start_ms, end_ms, correction") == [(1200, 2500, "times")]
    assert states(out)["events name"] == "unplaced"


def test_a_correction_is_of_one_row_of_those_at_its_time(out: Path) -> None:
    """Also where none says what it was of any more."""
    add(out, EACH[0])
    of = {"recording_id": RECORDING, "start_ms": 1000, "end_ms": 2000}
    made = [of | {"clip_id": "new", "event_id": f"n{n}", "label": f"noise {n}"} for n in range(3)]
    put(out, FIRST, "events", made)
    assert [label for (label,) in shown(out, "events", "label")].count("a seal") == 1


def test_a_turn_without_identity_and_a_verdict_on_an_event(out: Path) -> None:
    of_turn = {"start_ms": 1100, "end_ms": 1180, "kind": "name"}
    add(out, row(of_turn, source="speaker_turns", new_value="Bob"))
    add(out, row(DOG, source="events", kind="wrong"), by="Bob")
    assert shown(out, "speaker_turns", TURNS)[1] == (2, None, "Bob", None, "Ada")
    assert ("a dog", "wrong", "Bob") in shown(out, "events", "label, correction, corrected_by")


def test_a_row_without_a_change_is_none(out: Path) -> None:
    rows = [
        row(TURN, kind="name", old_value="Anna Berg", new_value="Anna Berg"),
        row(STORM, kind="times", new_value="400-900"),
        row(CHAPTER, kind="name", new_value="Port"),
    ]
    assert add_corrections(str(out), rows, by="Ada").unchanged == 3


def test_bad_rows_of_them(out: Path) -> None:
    at = {"start_ms": 1000, "end_ms": 2000}
    with pytest.raises(CorrectionsRefused) as refused:
        add_corrections(
            str(out),
            [
                row(at, kind="name", new_value="x"),
                row(STORM, kind="name", new_value="x"),
                row(STORM, kind="times", new_value="900-400"),
                row(at, source="event", kind="name", new_value="x"),
                row(at, source="chapters", kind="name", new_value="x"),
                row(at, kind="wrong"),
            ],
            by="Ada",
        )
    assert refused.value.wrong == (
        "row 2: kind name: none of rows of words; theirs are times",
        "row 3: new_value 900-400: write times in ms, such as 12000-13500",
        "row 4: source event: did you mean events? tables are captions, transcripts, answers,"
        " events, words, speaker_turns, chapters",
        "row 1: several rows here; name its old_value: a dog, rain",
        "row 5: no row from 1000 to 2000 ms; rows there are from 0 to 60000",
        "row 6: no answer from 1000 to 2000 ms; answers there are from 0 to 30000",
    )


def test_rows_of_several_tables_at_one_time(out: Path) -> None:
    at = {"start_ms": 0, "end_ms": 60_000}
    of = {"recording_id": RECORDING, "clip_id": "c", "event_id": "e", "label": "sea"}
    put(out, FIRST, "events", [of | at])
    with pytest.raises(CorrectionsRefused) as refused:
        add_corrections(str(out), [row(at, kind="name", new_value="x")], by="Ada")
    assert refused.value.wrong == (
        "row 1: rows of several tables here; name its source: chapters, events",
    )
