"""Job 4: assemble each partition's shards from the ledger and replace them, one write a shard.

manifests + ledger ──► rows by shard ──► tables/TABLE/corpus=C/date=D/part-…
                                   └──► one row in `runs` per partition, last of all
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam

from af3core import __version__
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.parquet import decode_rows, encode_table
from beam_jobs.rows import RecordingFacts, TableRows, failure_row, recording_rows, timestamp
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.segment import work_key
from beam_jobs.settings import NightSettings
from beam_jobs.storage import FolderStore, open_store
from schemas import layout
from schemas.identity import canonical_json, shard_of
from schemas.records import NightManifest, Recording
from schemas.tables import ANSWER_TABLES, BY_NAME, TABLES

_SHARDED = tuple(table for table in TABLES if table.name != "runs")


@dataclass(frozen=True)
class PublishedShard:
    """What one shard's publishing did, for the row in `runs`."""

    objects: tuple[dict[str, Any], ...]
    recordings: int
    failures: int
    duration_ms: int
    annotated_ms: int
    skipped_ms: int
    answers_made: int


def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
    """The pipeline; gives the dates that it published."""
    shards = (
        pipeline | "Nights" >> beam.Create([settings]) | "Shards" >> beam.FlatMap(shards_to_publish)
    )
    published = spread(shards) | "Publish" >> beam.Map(
        lambda item: publish_shard(item[0], item[1], item[2], settings)
    )
    return (
        published
        | beam.GroupByKey()
        | "Record" >> beam.Map(lambda pair: publish_run(pair[0], pair[1], settings))
    )


def shards_to_publish(settings: NightSettings) -> Iterator[tuple[str, int, int]]:
    """(date, shard, shard count) of every planned partition of the interval."""
    ledger = Ledger(open_store(settings.out))
    for date in manifest_dates(ledger, settings):
        shard_count = existing_shard_count(ledger.store, settings.corpus, date) or settings.shards
        for shard in range(shard_count):
            yield date, shard, shard_count


def existing_shard_count(store: FolderStore, corpus: str, date: str) -> int | None:
    """How many shards a published partition has: it keeps them, so that no stale shard stays."""
    for key in store.list(layout.partition_prefix("recordings", corpus, date)):
        shard_count = layout.shard_count_of(key)
        if shard_count:
            return shard_count
    return None


def publish_shard(
    date: str, shard: int, shard_count: int, settings: NightSettings
) -> tuple[str, PublishedShard]:
    """Assemble and replace one shard of every table but `runs`.

    Two runs on one shard take turns, so that none replaces it with what it read before the
    other's answers.

    Raises:
        AccountingError: a recording's times do not add up; nothing of the shard is replaced.
    """
    ledger = Ledger(open_store(settings.out))
    with ledger.store.claim(_claim(settings.corpus, date, f"{shard:05d}")):
        return date, _replace_shard(date, shard, shard_count, ledger, settings)


def _claim(corpus: str, date: str, part: str) -> str:
    return layout.claim_key("publish", f"corpus={corpus},date={date},{part}")


def _replace_shard(
    date: str, shard: int, shard_count: int, ledger: Ledger, settings: NightSettings
) -> PublishedShard:
    manifest = ledger.manifest(settings.corpus, date)
    if manifest is None:
        raise FileNotFoundError(layout.manifest_key(settings.corpus, date))
    rows = shard_rows(manifest, shard, shard_count, ledger, settings)
    objects = []
    for table in _SHARDED:
        data = encode_table(table, rows.by_table.get(table.name, []))
        key = layout.shard_key(table.name, settings.corpus, date, shard, shard_count)
        ledger.store.write(key, data)
        objects.append(
            {
                "key": key,
                "rows": len(rows.by_table.get(table.name, [])),
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        )
    recordings = rows.by_table.get("recordings", [])
    made = sum(
        row["run_id"] == settings.run_id
        for name in ANSWER_TABLES
        for row in rows.by_table.get(name, [])
    )
    count("objects_published", len(objects))
    return PublishedShard(
        objects=tuple(objects),
        recordings=len(recordings),
        failures=len(rows.by_table.get("failures", [])),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=sum(part["duration_ms"] for row in recordings for part in row["skipped"]),
        answers_made=made,
    )


def shard_rows(
    manifest: NightManifest, shard: int, shard_count: int, ledger: Ledger, settings: NightSettings
) -> TableRows:
    """All rows of a shard; failures without a recording lie in shard 0."""
    tasks = settings.task_hashes()
    rows = TableRows()
    for recording in manifest.recordings:
        if shard_of(recording.recording_id, shard_count) == shard:
            rows.extend(recording_rows(recording_facts(recording, ledger, settings), tasks))
    if shard == 0:
        for failure in manifest.failures:
            rows.add("failures", failure_row(failure))
    return rows


def recording_facts(
    recording: Recording, ledger: Ledger, settings: NightSettings
) -> RecordingFacts:
    """Gather what the ledger holds of a recording."""
    segmented = ledger.segmented(recording.recording_id, settings.segmentation_hash)
    failed = None if segmented else ledger.failed("segment", work_key(recording, settings))
    clips = segmented.clips if segmented else ()
    return RecordingFacts(
        recording=recording,
        segmentation_hash=settings.segmentation_hash,
        segmented=segmented,
        failed=failed,
        annotated={clip.clip_id: ledger.annotated(clip.clip_id) for clip in clips},
        run_id=settings.run_id,
    )


def publish_run(date: str, shards: Iterable[PublishedShard], settings: NightSettings) -> str:
    """Add this run to the partition's `runs`; gives the date."""
    store = open_store(settings.out)
    with store.claim(_claim(settings.corpus, date, "runs")):
        _add_run(date, list(shards), settings, store)
    count("partitions_published")
    return date


def _add_run(
    date: str, published: list[PublishedShard], settings: NightSettings, store: FolderStore
) -> None:
    key = layout.shard_key("runs", settings.corpus, date, 0, 1)
    runs = [row for row in _earlier_runs(store, key) if row["run_id"] != settings.run_id]
    runs.append(
        {
            "run_id": settings.run_id,
            "source": settings.source,
            "started_at": timestamp(settings.started_at),
            "published_at": datetime.datetime.now(datetime.UTC),
            "recordings": sum(shard.recordings for shard in published),
            "failures": sum(shard.failures for shard in published),
            "duration_ms": sum(shard.duration_ms for shard in published),
            "annotated_ms": sum(shard.annotated_ms for shard in published),
            "skipped_ms": sum(shard.skipped_ms for shard in published),
            "answers_made": sum(shard.answers_made for shard in published),
            "model": settings.checkpoint.name,
            "weights_revision": settings.checkpoint.revision,
            "configuration": canonical_json(_resolved(settings)),
            "software_version": __version__,
            "objects": sorted(
                (entry for shard in published for entry in shard.objects), key=lambda o: o["key"]
            ),
        }
    )
    store.write(key, encode_table(BY_NAME["runs"], runs))


def _earlier_runs(store: FolderStore, key: str) -> list[dict[str, Any]]:
    if not store.exists(key):
        return []
    with store.open(key) as file:
        return decode_rows(file)


def _resolved(settings: NightSettings) -> dict[str, Any]:
    """What the run resolved its options to, without this machine's folders."""
    value = dataclasses.asdict(settings)
    value["asking"]["checkpoint"].pop("folder")
    return value


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run the pipeline; gives its counters."""
    return Outcome.of_counters(run_pipeline(build, settings, beam_arguments))


JOB = Job("publish", "replace the tables of the interval", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.publish`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.publish import main as named

    raise SystemExit(named())
