"""A small archive, and a night over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import split_object, store_at
from beam_jobs.framework.parquet_encoding import decode_rows
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.summary import Summary
from schemas.jobs import JobName, job_named
from schemas.options.archive import Source
from schemas.options.night import Model, Tasks
from schemas.tables.night_tables import TABLES
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.run_night import run_night
from tests.media import programme, spoken, write

DAY = "2026-11-21"
QUICK_TASKS = """\
caption: {kind: caption, prompt: Describe the audio., max_new_tokens: 4}
transcript: {kind: transcript, prompt: Transcribe the speech., max_new_tokens: 4}
"""
TOLERANT = ("--max-failed-share=1", "--max-flagged-share=1", "--max-waiting-share=1")
"""No limits of the audit: the words of a model without training are all in doubt."""
VOLATILE = {"run_id", "generated_at", "started_at", "published_at", "modified_at", "attempts"}
"""Columns that two equal nights may differ in."""


def make_archive(folder: Path) -> Path:
    """Two recordings of one day."""
    write(folder / DAY / "long.mp3", programme(40))
    write(folder / DAY / "short.wav", spoken())
    return folder


def settings_of(
    archive: Path | str,
    out: Path | str,
    checkpoint: Path,
    *options: str,
    job: JobName = "night",
) -> JobSettings:
    """Settings as the command line gives them, with two quick tasks where the job has tasks."""
    taken = job_named(job).accepted
    given = [str(archive)] if Source in taken else []
    given += ["--out", str(out)]
    given += ["--model", str(checkpoint)] if Model in taken else []
    given += ["--tasks", quick_tasks(out)] if Tasks in taken else []
    return settings_for(job, *given, *options)


def quick_tasks(out: Path | str) -> str:
    """A file of two quick tasks beside an output folder or prefix."""
    address = f"{str(out).rpartition('/')[0]}/quick_tasks.yaml"
    store, key = split_object(address)
    store.write(key, QUICK_TASKS.encode())
    return address


def night(archive: Path | str, out: Path | str, checkpoint: Path, *options: str) -> Summary:
    """Run a night."""
    return run_night(settings_of(archive, out, checkpoint, *options))


def rows(out: Path | str, table: str) -> list[dict[str, Any]]:
    """A table's rows over all partitions, without what differs between equal nights."""
    store = store_at(str(out))
    found: list[dict[str, Any]] = []
    for key in next(store.walk([f"tables/{table}/"])):
        with store.open(key) as file:
            found += decode_rows(file)
    return [{k: v for k, v in row.items() if k not in VOLATILE} for row in found]


def answers(out: Path | str) -> dict[tuple[str, ...], dict[str, Any]]:
    """All answers by their place, for nights whose batches differ: how likely an answer was is the
    same but for the digits that its company decides.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for table in ("captions", "transcripts"):
        for row in rows(out, table):
            place = (table, row["segment_id"], row["task_id"])
            assert place not in found, place
            logprob = pytest.approx(row["mean_logprob"], abs=1e-4)
            found[place] = row | {"mean_logprob": logprob}
    return found


def all_rows(out: Path | str, archive: Path | str) -> dict[str, list[dict[str, Any]]]:
    """Every table but the records of runs, the same wherever the archive lies."""
    return {
        table.name: [_without(row, str(archive)) for row in rows(out, table.name)]
        for table in TABLES
        if table.name != "runs"
    }


def _without(row: dict[str, Any], archive: str) -> dict[str, Any]:
    return {
        name: value.replace(archive, "ARCHIVE") if isinstance(value, str) else value
        for name, value in row.items()
    }
