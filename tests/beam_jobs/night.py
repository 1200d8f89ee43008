"""A small archive, and a night over it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from beam_jobs.night import Summary, run_night
from beam_jobs.options import add_arguments
from beam_jobs.settings import NightSettings, read_settings
from tests.media import programme, spoken, write

DAY = "2026-11-21"
QUICK_TASKS = """\
caption: {kind: caption, prompt: Describe the audio., max_new_tokens: 4}
transcript: {kind: transcript, prompt: Transcribe the speech., max_new_tokens: 4}
"""
VOLATILE = {"run_id", "generated_at", "started_at", "published_at", "modified_at", "attempts"}
"""Columns that two equal nights may differ in."""


def make_archive(folder: Path) -> Path:
    """Two recordings of one day."""
    write(folder / DAY / "long.mp3", programme(40))
    write(folder / DAY / "short.wav", spoken())
    return folder


def settings_of(archive: Path, out: Path, checkpoint: Path, *options: str) -> NightSettings:
    """Settings as the command line gives them, with two quick tasks."""
    tasks = out.parent / "quick_tasks.yaml"
    out.parent.mkdir(parents=True, exist_ok=True)
    tasks.write_text(QUICK_TASKS)
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    add_arguments(parser)
    given = ["--out", str(out), "--model", str(checkpoint), "--tasks", str(tasks), *options]
    return read_settings(parser.parse_args([str(archive), *given]), "night")


def night(archive: Path, out: Path, checkpoint: Path, *options: str) -> Summary:
    """Run a night."""
    return run_night(settings_of(archive, out, checkpoint, *options))


def rows(out: Path, table: str) -> list[dict[str, Any]]:
    """A table's rows over all partitions, without what differs between equal nights."""
    found: list[dict[str, Any]] = []
    for path in sorted((out / "tables" / table).rglob("*.parquet")):
        found += pq.read_table(path, partitioning=None).to_pylist()
    return [{k: v for k, v in row.items() if k not in VOLATILE} for row in found]
