"""Job 4: assemble each partition's shards from the ledger and replace them, one write a shard.

manifests + ledger ──► rows by shard ──► tables/TABLE/corpus=C/date=D/part-…
                                   └──► one row in `runs` per partition, last of all
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import apache_beam as beam

from af3core import __version__
from af3core.storage.address import open_store
from af3core.storage.store import until_settled, update
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import in_batches, manifests
from beam_jobs.parquet import decode_rows, encode_table
from beam_jobs.rows import RecordingFacts, TableRows, failure_row, recording_rows, timestamp
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.segment import work_key
from beam_jobs.settings import NightSettings
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
    for manifest in manifests(Ledger(open_store(settings.out)), settings):
        for shard in range(manifest.shards):
            yield manifest.date, shard, manifest.shards


def publish_shard(
    date: str, shard: int, shard_count: int, settings: NightSettings
) -> tuple[str, PublishedShard]:
    """Assemble and replace one shard of every table but `runs`.

    Two runs on one shard take turns. Where one lost its turn unawares (it was cut off, and another
    took over), its objects are refused and it assembles them anew: none replaces a shard with what
    it read before the other's answers.

    Raises:
        AccountingError: a recording's times do not add up; nothing of the shard is replaced.
    """
    ledger = Ledger(open_store(settings.out))
    turn = layout.claim_key("publish", f"corpus={settings.corpus},date={date},{shard:05d}")
    with ledger.store.claim(turn):
        return date, _replace_shard(date, shard, shard_count, ledger, settings)


def _replace_shard(
    date: str, shard: int, shard_count: int, ledger: Ledger, settings: NightSettings
) -> PublishedShard:
    store = ledger.store
    keys = {
        table.name: layout.shard_key(table.name, settings.corpus, date, shard, shard_count)
        for table in _SHARDED
    }

    def attempt() -> PublishedShard | None:
        stamps = store.stamps(list(keys.values()))  # before the ledger is read
        manifest = ledger.manifest(settings.corpus, date)
        if manifest is None:
            raise FileNotFoundError(layout.manifest_key(settings.corpus, date))
        rows = shard_rows(manifest, shard, shard_count, ledger, settings)
        data = {t.name: encode_table(t, rows.by_table.get(t.name, [])) for t in _SHARDED}
        for (name, key), stamp in zip(keys.items(), stamps, strict=True):
            if store.replace(key, data[name], stamp) is None:
                return None
        return _published(rows, keys, data, settings)

    return until_settled(store.address(keys["recordings"]), attempt)


def _published(
    rows: TableRows, keys: Mapping[str, str], data: Mapping[str, bytes], settings: NightSettings
) -> PublishedShard:
    objects = [
        {
            "key": key,
            "rows": len(rows.by_table.get(name, [])),
            "sha256": hashlib.sha256(data[name]).hexdigest(),
        }
        for name, key in keys.items()
    ]
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
    mine = [r for r in manifest.recordings if shard_of(r.recording_id, shard_count) == shard]
    for batch in in_batches(mine):
        for facts in recording_facts(batch, ledger, settings):
            rows.extend(recording_rows(facts, tasks))
    if shard == 0:
        for failure in manifest.failures:
            rows.add("failures", failure_row(failure))
    return rows


def recording_facts(
    batch: list[Recording], ledger: Ledger, settings: NightSettings
) -> Iterator[RecordingFacts]:
    """Gather what the ledger holds of recordings."""
    ids = [recording.recording_id for recording in batch]
    segmented = ledger.segmented(ids, settings.segmentation_hash)
    uncut = [r for r, cut in zip(batch, segmented, strict=True) if cut is None]
    failures = ledger.failed("segment", [work_key(recording, settings) for recording in uncut])
    failed = {r.recording_id: failure for r, failure in zip(uncut, failures, strict=True)}
    for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
        yield RecordingFacts(
            recording=recording,
            segmentation_hash=settings.segmentation_hash,
            segmented=cut,
            failed=failed.get(recording.recording_id),
            annotated=known,
            run_id=settings.run_id,
        )


def publish_run(date: str, shards: Iterable[PublishedShard], settings: NightSettings) -> str:
    """Add this run to the partition's `runs`; gives the date."""
    key = layout.shard_key("runs", settings.corpus, date, 0, 1)
    run = _run_row(list(shards), settings)

    def with_this_run(held: bytes | None) -> bytes:
        earlier = decode_rows(BytesIO(held)) if held else []
        others = [row for row in earlier if row["run_id"] != settings.run_id]
        return encode_table(BY_NAME["runs"], [*others, run])

    update(open_store(settings.out), key, with_this_run)
    count("partitions_published")
    return date


def _run_row(published: list[PublishedShard], settings: NightSettings) -> dict[str, Any]:
    return {
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


def _resolved(settings: NightSettings) -> dict[str, Any]:
    """What the run resolved its options to, without this machine's folders and this job's part."""
    value = dataclasses.asdict(settings)
    value["asking"]["checkpoint"].pop("folder")
    value.pop("part")
    value.pop("deriving")
    value.pop("describing")
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
