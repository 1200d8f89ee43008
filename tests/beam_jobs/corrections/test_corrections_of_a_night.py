"""Corrections outlast a backfill, another model and another cutting of a real night."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.clean.object_kinds import is_kept
from beam_jobs.cli import main
from beam_jobs.corrections.adding import add_corrections
from beam_jobs.derive import events_job, summarise_job
from tests.beam_jobs.small_night import night, rows, settings_of
from tests.media import programme, spoken, write

DAY = "2026-11-21"
HEARD = "Hello from the harbour"


@pytest.fixture(scope="module")
def another_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Other weights, which write other words."""
    import torch

    from af3core.nano.model import new_model, save_checkpoint
    from af3core.nano.tokenizer import train_tokenizer

    folder = tmp_path_factory.mktemp("another")
    torch.manual_seed(7)
    tokenizer = train_tokenizer()
    save_checkpoint(new_model(tokenizer), tokenizer, folder)
    return folder


def asked(out: Path, sql: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["query", "--out", str(out), "--format", "json", sql]) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def states(out: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The state of each correction by its kind; of what is no answer with its table."""
    capsys.readouterr()
    assert main(["correct", "--list", "--out", str(out), "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    named = {"captions": "", "transcripts": ""}
    return {named.get(r["source"], f"{r['source']} ") + r["kind"]: r["state"] for r in listed}


def derived(out: Path, model: Path) -> None:
    """Events and chapters of all days."""
    events_job.run(settings_of("", out, model, job="events"))
    summarise_job.run(settings_of("", out, model, job="summarise"))


def check_derived(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a person said of the event and the chapter is there once, whatever was made anew."""
    sql = (
        "SELECT label, end_ms - original_end_ms AS later_ms, corrected_by FROM corrected_events"
        " WHERE corrected_by IS NOT NULL"
    )
    assert asked(out, sql, capsys) == [{"label": "a gull", "later_ms": 50, "corrected_by": "Ada"}]
    sql = "SELECT title, corrected_by FROM corrected_chapters WHERE corrected_by IS NOT NULL"
    assert asked(out, sql, capsys) == [{"title": "The harbour", "corrected_by": "Ada"}]


def objects(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.glob("corrections/**/*.json")}


KINDS = ("text", "flag_set", "wrong", "events name", "events times", "chapters name")
SHOWN = (
    "SELECT text, word_count, original_text, correction, corrected_by, correction_fits, flags"
    " FROM corrected_transcripts WHERE corrected_by IS NOT NULL"
)


@dataclass(frozen=True)
class Corrected:
    """A night with corrections of one recording: its transcript and caption as they were made."""

    archive: Path
    out: Path
    transcript: dict[str, Any]
    caption: dict[str, Any]
    objects: dict[str, bytes]


def corrected_night(folder: Path, model: Path) -> Corrected:
    archive, out = folder / "archive", folder / "out"
    write(archive / DAY / "long.mp3", programme(40))
    write(archive / DAY / "short.wav", spoken())
    night(archive, out, model)
    derived(out, model)
    [short] = [r for r in rows(out, "recordings") if r["object_uri"].endswith("short.wav")]
    transcript, caption = (
        next(r for r in rows(out, table) if r["recording_id"] == short["recording_id"])
        for table in ("transcripts", "captions")
    )
    at = {"recording": "short.wav", "start_ms": caption["start_ms"], "end_ms": caption["end_ms"]}
    of_transcript = at | {"task_id": "transcript"}
    given = [
        of_transcript | {"new_value": HEARD, "reason": "heard it"},
        of_transcript | {"kind": "flag_set", "new_value": "of_interest"},
        at | {"task_id": "caption", "kind": "wrong"},
        *of_derived(out, short["recording_id"]),
    ]
    added = add_corrections(str(out), given, by="Ada")
    assert (added.kept, added.outdated) == (6, 0)
    kept = objects(out)
    assert len(kept) == 1
    assert all(map(is_kept, kept))
    return Corrected(archive, out, transcript, caption, kept)


def of_derived(out: Path, recording_id: str) -> list[dict[str, Any]]:
    """Corrections of the recording's first event and chapter."""
    event, chapter = (
        next(r for r in rows(out, table) if r["recording_id"] == recording_id)
        for table in ("events", "chapters")
    )
    of_event, of_chapter = (
        {
            "recording": recording_id,
            "start_ms": row["start_ms"],
            "end_ms": row["end_ms"],
            "source": source,
        }
        for row, source in ((event, "events"), (chapter, "chapters"))
    )
    times = f"{event['start_ms']}-{event['end_ms'] + 50}"
    return [
        of_event | {"kind": "name", "new_value": "a gull"},
        of_event | {"kind": "times", "new_value": times},
        of_chapter | {"kind": "name", "new_value": "The harbour"},
    ]


def test_they_outlast_every_run(
    untrained: Path, another_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = corrected_night(tmp_path, untrained)
    out, said = made.out, made.transcript
    assert asked(out, SHOWN, capsys) == [
        {
            "text": HEARD,
            "word_count": 4,
            "original_text": said["text"],
            "correction": "text",
            "corrected_by": "Ada",
            "correction_fits": True,
            "flags": sorted([*said["flags"], "of_interest"]),
        }
    ]
    assert states(out, capsys) == {kind: "shown" for kind in KINDS}
    check_derived(out, capsys)
    assert said in rows(out, "transcripts"), "the table stays the model's"
    a_day_comes_in(made, untrained, capsys)
    another_model_is_asked(made, another_model, capsys)
    it_is_cut_anew(made, untrained, capsys)
    assert main(["clean", "--out", str(out), "--yes"]) == 0
    assert objects(out) == made.objects
    assert len(rows(out, "corrections")) == 6


def a_day_comes_in(made: Corrected, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(made.archive / "2026-11-20" / "other.wav", spoken()[4000:])
    night(made.archive, made.out, model)
    derived(made.out, model)
    check_derived(made.out, capsys)
    assert len(rows(made.out, "recordings")) == 3
    assert [row["text"] for row in asked(made.out, SHOWN, capsys)] == [HEARD]
    assert objects(made.out) == made.objects


def another_model_is_asked(
    made: Corrected, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A text holds for the sound, a verdict and a flag for the text that they were said of."""
    night(made.archive, made.out, model)
    derived(made.out, model)
    check_derived(made.out, capsys)
    now, caption = (
        next(r for r in rows(made.out, table) if r["segment_id"] == said["segment_id"])
        for table, said in (("transcripts", made.transcript), ("captions", made.caption))
    )
    assert now["text"] != made.transcript["text"]
    assert caption["text"] != made.caption["text"]
    [row] = asked(made.out, SHOWN, capsys)
    assert (row["text"], row["original_text"], row["correction_fits"]) == (
        HEARD,
        now["text"],
        False,
    )
    assert row["flags"] == now["flags"]
    sql = "SELECT text, correction FROM corrected_captions WHERE segment_id = "
    assert asked(made.out, f"{sql}'{caption['segment_id']}'", capsys) == [
        {"text": caption["text"], "correction": None}
    ]
    found = states(made.out, capsys)
    assert {found[kind] for kind in ("text", "flag_set", "wrong")} == {"outdated"}
    assert set(found) == set(KINDS)
    assert main(["correct", "--decisions", "--out", str(made.out), "--format", "json"]) == 3


def it_is_cut_anew(made: Corrected, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the first model again, in other clips: each row has another identity."""
    night(made.archive, made.out, model, "--max-clip-s", "30")
    derived(made.out, model)
    check_derived(made.out, capsys)
    now = next(
        row
        for row in rows(made.out, "transcripts")
        if row["recording_id"] == made.transcript["recording_id"]
    )
    assert now["clip_id"] != made.transcript["clip_id"]
    assert now["text"] == made.transcript["text"]
    [row] = asked(made.out, SHOWN, capsys)
    assert (row["text"], row["original_text"]) == (HEARD, now["text"])
    # a chapter's title is made of what people corrected by now: the one that was read is gone
    outdated = {"chapters name": "outdated"}
    assert states(made.out, capsys) == {kind: "shown" for kind in KINDS} | outdated
    assert objects(made.out) == made.objects
