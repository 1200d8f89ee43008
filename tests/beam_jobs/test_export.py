"""Training data in AF3's form: what a record holds, and that its sounds are the segments."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from af3core.tasks.task import Task
from beam_jobs import export
from beam_jobs.export import training_record
from beam_jobs.job import Outcome
from beam_jobs.parquet import decode_rows, encode_table
from schemas import layout
from schemas.tables import BY_NAME
from tests.beam_jobs.night import DAY, night, rows, settings_of
from tests.media import programme, write

CUT = ("--max-clip-s", "30", "--max-segment-s", "12", "--target-segment-s", "8")
"""So that some segments do not start with their clip."""

CAPTION = Task("caption", "caption", "Describe the audio.")
SPEAKER = Task("speaker", "question", "Who is speaking?", options=("a man", "a woman"))
MOOD = Task("mood", "question", "Is it sad?", thinking=True)
PROMPTS = {task.prompt_id: task for task in (CAPTION, SPEAKER, MOOD)}
SEGMENT = {"segment_id": "0a1b", "start_ms": 14_368, "end_ms": 29_152, "clip_start_ms": 0}


def test_a_record_holds_all_questions_about_a_sound_in_the_order_of_the_tasks() -> None:
    answers = [
        {"prompt_id": MOOD.prompt_id, "text": "No.", "thinking": "The voice is bright."},
        {"prompt_id": SPEAKER.prompt_id, "text": "(B) a woman", "choice": "a woman"},
        {"prompt_id": CAPTION.prompt_id, "text": "A woman reads „Das Boot“."},
    ]
    assert training_record(SEGMENT, answers, PROMPTS) == {
        "id": "0a1b",
        "sound": "0a1b.flac",
        "duration": 14.784,
        "conversations": [
            {"from": "human", "value": "<sound>\nDescribe the audio."},
            {"from": "gpt", "value": "A woman reads „Das Boot“."},
            {
                "from": "human",
                "value": "Who is speaking? Choose the correct option from the following options:\n"
                "(A) a man\n(B) a woman",
            },
            {"from": "gpt", "value": "(B) a woman"},
            {
                "from": "human",
                "value": "Is it sad?\n"
                "Please think and reason about the input audio before you respond.",
            },
            {"from": "gpt", "value": "No."},
        ],
    }


def test_the_first_question_names_the_sound_whichever_it_is() -> None:
    answers = [{"prompt_id": MOOD.prompt_id, "text": "No."}]
    (question, answer) = training_record(SEGMENT, answers, PROMPTS)["conversations"]
    assert question["value"].startswith("<sound>\nIs it sad?")
    assert answer == {"from": "gpt", "value": "No."}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    write(folder / DAY / "a.flac", programme(50)[: 50 * 16_000])
    return folder


@pytest.fixture(scope="module")
def finished(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night in which only the captions of all segments but the first are free of flags."""
    out = tmp_path_factory.mktemp("night") / "out"
    night(archive, out, untrained, *CUT)
    (path,) = (out / "tables" / "captions").rglob("*.parquet")
    with path.open("rb") as file:
        captions = decode_rows(file)
    assert all("cut_off" in row["flags"] for row in captions)
    for row in captions:
        row["flags"] = row["flags"] if row["start_ms"] == 0 else []
    path.write_bytes(encode_table(BY_NAME["captions"], captions))
    return out


def exported(archive: Path, out: Path, checkpoint: Path) -> Outcome:
    return export.run(settings_of(archive, out, checkpoint, *CUT))


def files(out: Path) -> dict[str, bytes]:
    folder = out / layout.export_prefix("default", DAY)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def records(out: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(files(out)["training.json"])
    return found


def test_only_answers_without_flags_are_exported(
    archive: Path, finished: Path, untrained: Path
) -> None:
    outcome = exported(archive, finished, untrained)
    captions = {r["segment_id"]: r["text"] for r in rows(finished, "captions") if r["start_ms"]}
    assert len(captions) >= 3
    assert len(captions) == len(rows(finished, "captions")) - 1
    assert outcome.facts == {"dates": 1, "sounds": len(captions), "questions": len(captions)}
    assert {
        record["id"]: [turn["value"] for turn in record["conversations"]]
        for record in records(finished)
    } == {key: ["<sound>\nDescribe the audio.", text] for key, text in captions.items()}


def test_a_sound_is_its_segment_to_the_sample(
    archive: Path, finished: Path, untrained: Path
) -> None:
    exported(archive, finished, untrained)
    whole, _ = soundfile.read(archive / DAY / "a.flac", dtype="int16")
    segments = {row["segment_id"]: row for row in rows(finished, "segments")}
    assert any(row["start_ms"] > row["clip_start_ms"] > 0 for row in segments.values())
    found = files(finished)
    assert set(found) == {"training.json"} | {record["sound"] for record in records(finished)}
    for record in records(finished):
        row = segments[record["id"]]
        samples, rate_hz = soundfile.read(BytesIO(found[record["sound"]]), dtype="int16")
        assert rate_hz == 16_000
        assert len(samples) == round(record["duration"] * 16_000)
        np.testing.assert_array_equal(samples, whole[16 * row["start_ms"] : 16 * row["end_ms"]])


def test_exporting_again_gives_the_same_bytes(
    archive: Path, finished: Path, untrained: Path
) -> None:
    exported(archive, finished, untrained)
    first = files(finished)
    exported(archive, finished, untrained)
    assert files(finished) == first
    shutil.rmtree(finished / "exports")
    exported(archive, finished, untrained)
    assert files(finished) == first


def test_a_night_of_doubtful_answers_exports_an_empty_list(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    night(archive, out, untrained, "--only", "transcript")
    assert exported(archive, out, untrained).lines == [
        "exported: 0 sounds with 0 questions of 1 days"
    ]
    assert files(out) == {"training.json": b"[]\n"}


def test_sounds_that_are_no_longer_named_go(archive: Path, finished: Path, untrained: Path) -> None:
    exported(archive, finished, untrained)
    before = files(finished)
    stale = finished / layout.export_prefix("default", DAY) / "0123456789abcdef01234567.flac"
    stale.write_bytes(b"of another segmentation")
    exported(archive, finished, untrained)
    assert files(finished) == before
