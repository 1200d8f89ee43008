"""Training data from the tables: AF3's own format, one JSON list and one FLAC file per segment.

tables + clips ──► exports/corpus=C/date=D/{training.json, SEGMENT.flac}

The form is that of AF3's released training code (its README): `id`, `sound`, `duration` and
`conversations` of `human` and `gpt`, the sound named `<sound>` in the first words. Rows with a flag
are left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from af3core.audio.clip_file import encode_flac, read_span
from af3core.storage.address import open_store
from af3core.storage.at_once import at_once
from af3core.storage.store import Store
from af3core.tasks.task import Task
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.parquet import partition_rows
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.tables import ANSWER_TABLES

Row = dict[str, Any]


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Replace the exports of the interval."""
    ledger = Ledger(open_store(settings.out))
    prompts = {task.prompt_id: task for task in settings.tasks}
    sounds = conversations = 0
    dates = manifest_dates(ledger, settings)
    for date in dates:
        records = export_day(ledger.store, settings.corpus, date, prompts)
        sounds += len(records)
        conversations += sum(len(record["conversations"]) // 2 for record in records)
    facts = {"dates": len(dates), "sounds": sounds, "questions": conversations}
    line = f"exported: {sounds} sounds with {conversations} questions of {len(dates)} days"
    return Outcome(facts, [line])


def export_day(store: Store, corpus: str, date: str, prompts: Mapping[str, Task]) -> list[Row]:
    """Write one day's sounds, then the list that names them; sounds of an earlier list go last."""
    folder = layout.export_prefix(corpus, date)
    segments = {row["segment_id"]: row for row in partition_rows(store, "segments", corpus, date)}
    asked: dict[str, list[Row]] = {}
    for table in ANSWER_TABLES:
        for row in partition_rows(store, table, corpus, date):
            if row["segment_id"] and not row["flags"] and row["prompt_id"] in prompts:
                asked.setdefault(row["segment_id"], []).append(row)
    records = [training_record(segments[key], asked[key], prompts) for key in sorted(asked)]
    held = set(store.children(folder))
    missing = [segments[r["id"]] for r in records if folder + r["sound"] not in held]
    by_clip: dict[str, list[Row]] = {}
    for segment in missing:
        by_clip.setdefault(segment["clip_uri"], []).append(segment)
    at_once(lambda clip: _write_sounds(store, folder, clip, by_clip[clip]), list(by_clip))
    text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
    store.write(folder + "training.json", text.encode())
    named = {folder + record["sound"] for record in records}
    stale = [key for key in held if key.endswith(".flac") and key not in named]
    at_once(store.delete, stale)
    return records


def training_record(segment: Row, answers: Sequence[Row], prompts: Mapping[str, Task]) -> Row:
    """One sound with all that was asked and answered about it, in the order of the tasks. Pure."""
    order = {prompt_id: number for number, prompt_id in enumerate(prompts)}
    turns: list[dict[str, str]] = []
    for row in sorted(answers, key=lambda row: order[row["prompt_id"]]):
        question = prompts[row["prompt_id"]].prompt_text
        sound = "" if turns else "<sound>\n"
        turns += [
            {"from": "human", "value": sound + question},
            {"from": "gpt", "value": row["text"]},
        ]
    return {
        "id": segment["segment_id"],
        "sound": f"{segment['segment_id']}.flac",
        "duration": (segment["end_ms"] - segment["start_ms"]) / 1000,
        "conversations": turns,
    }


def _write_sounds(store: Store, folder: str, clip_uri: str, segments: Sequence[Row]) -> None:
    """The sounds of a clip's segments; the clip is fetched once."""
    with store.local_file(clip_uri) as file:
        for segment in segments:
            start_ms = segment["start_ms"] - segment["clip_start_ms"]
            end_ms = segment["end_ms"] - segment["clip_start_ms"]
            samples = read_span(file, clip_uri, start_ms, end_ms)
            sound = encode_flac(np.round(samples * 32_768).astype(np.int16))
            store.write(f"{folder}{segment['segment_id']}.flac", sound)


JOB = Job("export", "write training data in AF3's format from unflagged answers", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.export`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
