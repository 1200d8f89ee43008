"""What is chosen: flags, skills and agreement; and no recording in both splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.storage.address import open_store
from af3core.storage.store import Store
from af3core.tasks.task import Task
from beam_jobs.derive.export.export_words import ExportWord
from beam_jobs.derive.export.selection import Filters, Selection
from schemas.identity import segment_id
from schemas.tables.night_tables import BY_NAME
from schemas.tables.word_tables import WORDS
from tests.beam_jobs.derive.export.derived_rows import (
    HEARD_BY,
    MADE,
    Row,
    dialogue_row,
    pair_row,
    write_dialogues,
    write_pairs,
    write_rows,
)
from tests.beam_jobs.derive.export.test_export_records import SPEAKER
from tests.beam_jobs.small_night import DAY

TASKS = {SPEAKER.prompt_id: SPEAKER}


def _segment(recording: str) -> Row:
    return {
        "recording_id": recording,
        "clip_id": f"c-{recording}",
        "segment_id": segment_id(f"c-{recording}", 0, 9_000),
        "start_ms": 0,
        "end_ms": 9_000,
        "speech_ms": 8_000,
        "loudness_lufs": -20.0,
        "peak_dbfs": -3.0,
        "spectral_centroid_hz": 1500.0,
        "status": "annotated",
        "skip_reason": "",
        "flags": [],
        "clip_uri": f"clips/{recording}/cut/0.flac",
        "clip_start_ms": 0,
        "segmentation_hash": "cut",
        "run_id": "r",
    }


def _answer(segment: Row, **changes: Any) -> Row:
    names = ("recording_id", "clip_id", "segment_id", "start_ms", "end_ms")
    return {name: segment[name] for name in names} | {
        "task_id": "speaker",
        "prompt_id": SPEAKER.prompt_id,
        "mean_logprob": -0.1,
        "token_count": 3,
        "finish_reason": "stop",
        "task_hash": "t",
        "examples": [],
        "question": SPEAKER.prompt,
        "options": list(SPEAKER.options),
        "choice": "a man",
        "thinking": "",
        "text": "(A) a man",
        **HEARD_BY,
        **MADE,
        **changes,
    }


def _transcript(segment: Row, language: str | None) -> Row:
    row = _answer(segment, flags=["low_confidence"], text="Ja.", word_count=1, language=language)
    return {name: row[name] for name in row if name in BY_NAME["transcripts"].schema.names}


SEGMENTS = [_segment(f"{n:012x}ab") for n in range(40)]
FIRST, SECOND = SEGMENTS[:2]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Forty recordings of a segment each; answers, pairs and dialogues about the first ones."""
    write_rows(tmp_path, BY_NAME["segments"], SEGMENTS)
    answers = [
        _answer(FIRST),
        _answer(SECOND, flags=["low_confidence"]),
        _answer(SECOND, prompt_id="of another file"),
    ]
    write_rows(tmp_path, BY_NAME["answers"], answers)
    spoken = ("de", "nl", "de", "en", None)
    transcripts = [_transcript(*each) for each in zip(SEGMENTS, spoken, strict=False)]
    write_rows(tmp_path, BY_NAME["transcripts"], transcripts)
    pairs = [
        pair_row(FIRST, "agreed"),
        pair_row(FIRST, "denied", agrees=False),
        pair_row(FIRST, "not asked", agrees=None),
        pair_row(FIRST, "doubtful", flags=["low_confidence"]),
        pair_row(FIRST, "counted", skill="counting"),
        pair_row(FIRST, "no option", answer="snow"),
        pair_row(FIRST | {"clip_id": "gone", "segment_id": "gone"}, "gone"),
        *[pair_row(segment, f"of {segment['recording_id']}") for segment in SEGMENTS[2:]],
    ]
    write_pairs(tmp_path, pairs)
    texts = ("<sound-1> or <sound-2>?", "Both.")
    numbers = [(a, b) for a in range(6) for b in range(a + 1, 6)]
    dialogues = [dialogue_row([SEGMENTS[a], SEGMENTS[b]], f"d{a}{b}", *texts) for a, b in numbers]
    write_dialogues(tmp_path, dialogues)
    return open_store(str(tmp_path))


def _chosen(store: Store, filters: Filters) -> tuple[dict[str, list[str]], Selection]:
    selection = Selection(store, "default", TASKS, filters)
    found = selection.day(DAY)
    return {split: [r.record_id for r in records] for split, records in found.items()}, selection


def test_everything_without_flags_is_chosen_and_the_rest_is_counted(store: Store) -> None:
    found, selection = _chosen(store, Filters())
    ids = set(found["train"])
    assert found["test"] == []
    assert {"agreed", "denied", "not asked", "counted", "d01"} <= ids
    assert f"{FIRST['segment_id']}-{SPEAKER.prompt_id}" in ids
    assert len(ids) == len(found["train"]) == 1 + 4 + 38 + 15
    assert dict(selection.tally.left_out) == {
        "flagged": 2 + 5,
        "of a prompt that is not among the tasks": 1,
        "options that cannot be asked": 1,
        "of a clip that is in no table of the day: run its job again": 1,
    }
    assert selection.tally.models == {("nano", "0a1b2c3d", "af3")}
    assert selection.tally.sounds["train"] == 40
    assert selection.tally.duration_ms["train"] == 40 * 9_000
    assert selection.tally.writers == {"rules": 42, "nano": 15}


def test_a_skill_leaves_answers_and_dialogues_out(store: Store) -> None:
    found, selection = _chosen(store, Filters(skills=("counting",)))
    assert found == {"train": ["counted"], "test": []}
    assert selection.tally.left_out["of a skill that was not chosen"] == 60


def test_only_pairs_that_the_audio_model_answers_right(store: Store) -> None:
    found, selection = _chosen(store, Filters(only_agreed=True))
    assert "agreed" in found["train"]
    assert not {"denied", "not asked"} & set(found["train"])
    assert selection.tally.left_out["the audio model does not agree, or was not asked"] == 2


def test_a_language_leaves_out_sounds_in_which_it_is_not_spoken(store: Store) -> None:
    found, selection = _chosen(store, Filters(languages=("de", "nl")))
    # spoken in the first three recordings; a dialogue counts where it is in all of its sounds
    assert {name for name in found["train"] if name[0] == "d"} == {"denied", "d01", "d02", "d12"}
    assert len(found["train"]) == 1 + 4 + 1 + 3
    assert selection.tally.left_out["of sounds in which no chosen language is spoken"] == 37 + 12
    assert _chosen(store, Filters(languages=("sv",)))[0] == {"train": [], "test": []}


def test_a_transcript_has_the_words_that_were_found_in_its_sound(
    store: Store, tmp_path: Path
) -> None:
    said = Task("transcript", "transcript", "Transcribe.")
    asked = {"task_id": said.task_id, "prompt_id": said.prompt_id}
    transcripts = [_transcript(each, "de") | asked | {"flags": []} for each in (FIRST, SECOND)]
    write_rows(tmp_path, BY_NAME["transcripts"], transcripts)
    word = {name: None for name in WORDS.schema.names} | {
        name: transcripts[0][name] for name in ("recording_id", "clip_id", "segment_id", "task_id")
    }
    at = {"position": 0, "word": "Ja.", "normalised": "ja", "start_char": 0, "end_char": 3}
    found = {"start_ms": 700, "end_ms": 950, "confidence": 0.8, "method": "ctc"}
    about = {"aligner": "a", "aligner_revision": "r"} | MADE
    write_rows(tmp_path, WORDS, [word | at | found | about])
    selection = Selection(store, "default", {said.prompt_id: said}, Filters(kinds=("answer",)))
    [first, second] = selection.day(DAY)["train"]
    assert (first.words, second.words) == ((ExportWord("Ja.", 700, 950, 0.8),), ())


def test_no_recording_is_heard_in_both_splits(store: Store) -> None:
    selection = Selection(store, "default", TASKS, Filters(held_out=0.4, seed=3))
    found = selection.day(DAY)
    heard = {
        split: {recording for record in records for recording in record.recordings}
        for split, records in found.items()
    }
    assert heard["train"] & heard["test"] == set()
    assert 8 <= len(heard["test"]) <= 24
    dialogues = [r for records in found.values() for r in records if r.kind == "dialogue"]
    between = selection.tally.left_out["sounds of both splits"]
    assert between > 0
    assert len(dialogues) + between == 15


def test_a_recording_of_two_days_counts_once(store: Store) -> None:
    selection = Selection(store, "default", TASKS, Filters())
    first, again = selection.day(DAY), selection.day(DAY)
    assert len(first["train"]) == 58
    assert again == {"train": [], "test": []}


@given(recording=st.text(alphabet="0123456789abcdef", min_size=24, max_size=24), seed=st.integers())
def test_a_larger_share_takes_no_recording_back_from_the_test_split(
    recording: str, seed: int
) -> None:
    shares = (0.0, 0.2, 0.5, 0.9)
    splits = [Filters(held_out=share, seed=seed).split_of(recording) for share in shares]
    assert splits == sorted(splits, reverse=True)
    assert splits[0] == "train"
