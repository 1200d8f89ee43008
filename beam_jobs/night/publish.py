"""Job 4: assemble each partition's shards from the ledger, and replace those of a day together.

manifests + ledger ──► rows by shard ──► all shards of a day ──► tables/TABLE/corpus=C/date=D/part-…
                                                           └──► its row in `runs`
"""

from __future__ import annotations

import datetime
import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from io import BytesIO
from typing import Any, NamedTuple

import apache_beam as beam

from af3core import __version__
from af3core.errors import ConfigurationError
from beam_jobs.framework.counters import count
from beam_jobs.framework.data_facts import note_read
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import in_batches, manifests
from beam_jobs.framework.parquet_encoding import (
    decode_columns,
    encode_table,
    timestamp,
    unknown_columns,
)
from beam_jobs.framework.pipeline import listed_once, run_pipeline, spread
from beam_jobs.framework.publishing import (
    Assembled,
    Publisher,
    Stamps,
    other_shards,
    publish_objects,
    read_stamps,
    readable_keys,
    replaced_states,
)
from beam_jobs.framework.recorded_plan import plan_of
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import partition_rows
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import shown_rows
from beam_jobs.night.finished_day import NIGHT, PlannedDay, PlannedWorks, planned_works
from beam_jobs.night.held_rows import (
    check_no_fewer,
    held_objects,
    held_rows,
    keep_what_waits,
    waiting_recordings,
)
from beam_jobs.night.known_tasks import answered_tasks, drop_task, earlier_tasks
from beam_jobs.night.recordings_to_cut import work_key
from beam_jobs.night.repeated_phrases import (
    ShardPhrases,
    flag_stock_phrases,
    phrases_of_shard,
    stock_phrases_of_day,
)
from beam_jobs.night.replaced_rows import (
    Replaced,
    add_up,
    replaced_of,
    replaced_rows,
    replaced_texts,
)
from beam_jobs.night.rows import RecordingFacts, TableRows, failure_row, recording_rows
from beam_jobs.night.silent_recordings import Neighbourhood
from beam_jobs.night.withdrawal import left_days, publishing_rounds, withdraw_rows
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import canonical_json, shard_of
from schemas.options.night import Publishing
from schemas.records import FinishedDay, MovedRecording, NightManifest, Recording
from schemas.tables.night_tables import ANSWER_TABLES, RUNS, SHARDED_TABLES, TRANSCRIPTS

STAGE = NIGHT
"""Of the tables that this job fills."""
DAYS_CHANGED = "days_changed"
"""The counter of days whose tables are others now, or were changed by a run that did not end."""
ROWS_REPLACED = "rows_replaced"
"""The counter of rows that were replaced by other work; the table `runs` says which."""


@dataclass(frozen=True)
class PublishedShard:
    """What one shard's publishing did, and what its plan said, for the row in `runs`.

    Attributes:
        planned_by: the run whose plan it was assembled of.
        changed: how many objects are others than those that were published before.
        waiting: how many recordings wait for another run.
    """

    objects: tuple[dict[str, Any], ...]
    recordings: int
    failures: int
    duration_ms: int
    annotated_ms: int
    skipped_ms: int
    answers_made: int
    replaced: tuple[Replaced, ...] = ()
    source: str = ""
    withdrawn: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    recordings_taken_over: int = 0
    taken_over_ms: int = 0
    planned_by: str = ""
    changed: int = 0
    waiting: int = 0


class _DayPublished(NamedTuple):
    """The shards of a day, and how many objects were removed."""

    shards: list[PublishedShard]
    removed: int


@dataclass(frozen=True)
class AssembledShard:
    """A shard of a day, ready to be published.

    Attributes:
        shard, shard_count: which it is.
        stamps: the states of its objects that it was assembled after.
        before: SHA-256 of the objects that stood there, by key.
        objects: new bytes by key.
        phrases: of its transcripts; which of them are stock phrases is a matter of all shards.
        published: for the row in `runs`.
        hidden: identity of what was withdrawn then.
    """

    shard: int
    shard_count: int
    stamps: dict[str, str | None]
    before: dict[str, str]
    objects: dict[str, bytes]
    phrases: ShardPhrases
    published: PublishedShard
    hidden: str = ""


def build(
    pipeline: beam.Pipeline,
    settings: JobSettings,
    days: frozenset[str] | None = None,
    listed: Sequence[tuple[str, int, int]] | None = None,
    works: PlannedWorks | None = None,
) -> beam.PCollection[str]:
    """The pipeline, of some days or all; gives the dates that it published.

    Args:
        listed: what `shards_to_publish` gives, where it is known.
        works: what each day is published of, for the next plan; without it nothing is kept.
    """
    shards = listed_once(pipeline, listed, settings, shards_to_publish) | "Days" >> beam.Filter(
        lambda item: days is None or item[0] in days
    )
    assembled = spread(shards) | "Assemble" >> beam.Map(
        lambda item: (item[0], assemble_shard(item[0], item[1], item[2], settings))
    )
    return (
        assembled
        | beam.GroupByKey()
        | "Publish" >> beam.Map(lambda pair: publish_day(pair[0], pair[1], settings, works))
    )


def shards_to_publish(settings: JobSettings) -> Iterator[tuple[str, int, int]]:
    """(date, shard, shard count) of every planned partition of the interval."""
    yield from _shards_of(manifests(Ledger(settings.store), settings))


def _shards_of(found: Iterable[NightManifest]) -> Iterator[tuple[str, int, int]]:
    for manifest in found:
        for shard in range(manifest.shards):
            yield manifest.date, shard, manifest.shards


def assemble_shard(
    date: str, shard: int, shard_count: int, settings: JobSettings
) -> AssembledShard:
    """Assemble one shard of every table but `runs`; nothing is replaced.

    Raises:
        AccountingError: a recording's times do not add up.
        FewerAnswers: a published task would be left without an answer.
    """
    store = settings.store
    tables = [table.name for table in SHARDED_TABLES]
    keys = layout.shard_keys(tables, settings.corpus, date, shard, shard_count)
    # before anything else is read
    stamps = read_stamps(store, keys.values())
    ledger, hidden = Ledger(store), withdrawals(store)
    manifest = ledger.manifest(settings.corpus, date)
    if manifest is None:
        raise FileNotFoundError(layout.manifest_key(settings.corpus, date))
    readable = readable_keys(stamps, replaced_states(store, settings.corpus, date, STAGE))
    before = held_objects(store, {n: readable[key] for n, key in keys.items() if key in readable})
    held = {n: shown_rows(rows, settings.corpus, hidden) for n, rows in held_rows(before).items()}
    made = shard_rows(manifest, shard, shard_count, ledger, settings)
    rows = keep_what_waits(made, held)
    if not settings[Publishing].accept_fewer:
        check_no_fewer(rows, held, settings[Publishing].drop_task)
    data = {t.name: encode_table(t, rows.by_table.get(t.name, [])) for t in SHARDED_TABLES}
    return AssembledShard(
        shard=shard,
        shard_count=shard_count,
        stamps=dict(stamps),
        before={keys[name]: _sha256(found) for name, found in before.items() if found},
        objects={key: data[name] for name, key in keys.items()},
        phrases=phrases_of_shard(rows),
        published=replace(
            _published(rows, keys, replaced_rows(rows.by_table, held), settings),
            source=manifest.source,
            withdrawn=tuple(gone.uri for gone in manifest.withdrawn),
            passed_over=manifest.passed_over,
            planned_by=manifest.run_id,
            waiting=len(waiting_recordings(made)),
        ),
        hidden=hidden.identity,
    )


def finished_shards(shards: Sequence[AssembledShard]) -> list[AssembledShard]:
    """The shards of a day with what follows from all of them: the flags of stock phrases, and with
    them the sums of the objects.
    """
    stock = stock_phrases_of_day(shard.phrases for shard in shards)
    return [_with_flags(shard, stock) for shard in shards]


def _with_flags(shard: AssembledShard, stock: frozenset[str]) -> AssembledShard:
    objects = {
        key: flag_stock_phrases(data, shard.phrases, stock)
        if layout.table_of(key) == TRANSCRIPTS.name
        else data
        for key, data in shard.objects.items()
    }
    sums = {key: _sha256(data) for key, data in objects.items()}
    published = replace(
        shard.published,
        objects=tuple(entry | {"sha256": sums[entry["key"]]} for entry in shard.published.objects),
        changed=sum(shard.before.get(key) != found for key, found in sums.items()),
    )
    return replace(shard, objects=objects, published=published)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _published(
    rows: TableRows, keys: Mapping[str, str], replaced: tuple[Replaced, ...], settings: JobSettings
) -> PublishedShard:
    objects = [{"key": key, "rows": len(rows.by_table.get(name, []))} for name, key in keys.items()]
    recordings = rows.by_table.get("recordings", [])
    taken_over = [row["duration_ms"] for row in recordings if row["taken_over_from"]]
    made = sum(
        row["run_id"] == settings.run_id
        for name in ANSWER_TABLES
        for row in rows.by_table.get(name, [])
    )
    made -= sum(n for (_, run), n in rows.taken_over.items() if run == settings.run_id)
    return PublishedShard(
        objects=tuple(objects),
        recordings=len(recordings),
        failures=len(rows.by_table.get("failures", [])),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=sum(part["duration_ms"] for row in recordings for part in row["skipped"]),
        answers_made=made,
        replaced=replaced,
        recordings_taken_over=len(taken_over),
        taken_over_ms=sum(taken_over),
    )


def shard_rows(
    manifest: NightManifest, shard: int, shard_count: int, ledger: Ledger, settings: JobSettings
) -> TableRows:
    """All rows of a shard; failures without a recording lie in shard 0."""
    tasks, earlier = settings.task_hashes(), earlier_tasks(ledger, settings)
    rows = TableRows()
    mine = [r for r in manifest.recordings if shard_of(r.recording_id, shard_count) == shard]
    neighbourhood = Neighbourhood(manifest.recordings, ledger, settings.segmentation_hash)
    for batch in in_batches(mine):
        found = list(recording_facts(batch, ledger, settings))
        beside = neighbourhood.heard_beside([(each.recording, each.segmented) for each in found])
        for facts in found:
            facts = replace(facts, neighbours_heard=facts.recording.recording_id in beside)
            rows.extend(recording_rows(facts, tasks | answered_tasks(earlier, facts.annotated)))
    if shard == 0:
        for failure in manifest.failures:
            rows.add("failures", failure_row(failure))
    return rows


def recording_facts(
    batch: list[Recording], ledger: Ledger, settings: JobSettings
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
            silence_dbfs=settings.segmentation.silence_dbfs,
        )


def publish_day(
    date: str,
    assembled: Iterable[AssembledShard],
    settings: JobSettings,
    works: PlannedWorks | None = None,
) -> str:
    """Replace all objects of a day, as `publish_objects` says, and add this run to its `runs`.

    Shards of another count go first, so that nobody finds a row twice. What was assembled counts as
    long as nobody replaced an object after it; behind another run all is assembled anew.

    Raises:
        AccountingError, FewerAnswers: as `assemble_shard`; nothing is replaced.
    """
    store = settings.store
    first = sorted(assembled, key=lambda each: each.shard)
    [shard_count] = {each.shard_count for each in first}
    runs = layout.shard_key(RUNS.name, settings.corpus, date, 0, 1)
    tables = [table.name for table in SHARDED_TABLES]

    def keys() -> list[str]:
        others = other_shards(store, tables, settings.corpus, date, shard_count)
        return [*others, *(key for each in first for key in each.objects), runs]

    def assemble(stamps: Stamps) -> Assembled[_DayPublished]:
        is_as_assembled = all(
            each.stamps.items() <= stamps.items() and each.hidden == withdrawals(store).identity
            for each in first
        )
        shards = finished_shards(
            first if is_as_assembled else _assembled_anew(date, shard_count, settings)
        )
        objects: dict[str, bytes | None] = {}
        for each in shards:
            objects |= each.objects
        removed = dict.fromkeys(stamps.keys() - objects.keys() - {runs})
        published = [each.published for each in shards]
        replaced = [each for shard in published for each in shard.replaced]
        held = store.read(runs) if stamps[runs] else None
        data = _with_run(held, _run_row(published, settings), replaced)
        return Assembled(removed | objects | {runs: data}, _DayPublished(published, len(removed)))

    claim_key = layout.publish_claim_key(settings.corpus, date, STAGE)
    publisher = Publisher(STAGE, settings.run_id)
    published, removed = publish_objects(store, claim_key, publisher, keys, assemble)
    if removed + sum(shard.changed for shard in published) or not _is_known(date, settings):
        count(DAYS_CHANGED)
    _keep_finished(date, published, (works or {}).get(date), settings)
    count("objects_published", sum(len(shard.objects) for shard in published))
    if replaced_count := sum(each.rows for shard in published for each in shard.replaced):
        count(ROWS_REPLACED, replaced_count)
    count("partitions_published")
    return date


def _is_known(date: str, settings: JobSettings) -> bool:
    """Whether the run that published a day last went on to its end, and those who follow the
    tables were told.
    """
    held = Ledger(settings.store).finished(settings.corpus, date)
    return held is not None and held.is_reported and held.run_id != settings.run_id


def _keep_finished(
    date: str, published: Sequence[PublishedShard], work: PlannedDay | None, settings: JobSettings
) -> None:
    """Keep what a day was published of, unless it was planned anew meanwhile."""
    if work is None or any(shard.planned_by != work.run_id for shard in published):
        return
    finished = FinishedDay(
        run_id=settings.run_id,
        work=work.identity,
        waiting=sum(shard.waiting for shard in published),
        objects={entry["key"]: entry["sha256"] for s in published for entry in s.objects},
    )
    Ledger(settings.store).put_finished(settings.corpus, date, finished)


def _assembled_anew(date: str, shard_count: int, settings: JobSettings) -> list[AssembledShard]:
    return [assemble_shard(date, shard, shard_count, settings) for shard in range(shard_count)]


def _with_run(runs: bytes | None, run: dict[str, Any], replaced: Iterable[Replaced]) -> bytes:
    """A day's `runs` with one more, in the place of an earlier row of the same run."""
    earlier = decode_columns(BytesIO(runs), RUNS) if runs else RUNS.schema.empty_table()
    rows = earlier.to_pylist()
    others = [row for row in rows if row["run_id"] != run["run_id"]]
    # what an attempt of this run has replaced, the next one finds replaced
    before = [each for row in rows if row not in others for each in replaced_of(row)]
    run = run | {"replaced": [asdict(each) for each in add_up([*before, *replaced])]}
    return encode_table(RUNS, [*others, run], unknown_columns(RUNS, earlier))


def _run_row(published: list[PublishedShard], settings: JobSettings) -> dict[str, Any]:
    return {
        "run_id": settings.run_id,
        "source": published[-1].source,
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
        "configuration": canonical_json(plan_of(settings).to_json()),
        "software_version": __version__,
        "objects": sorted(
            (entry for shard in published for entry in shard.objects), key=lambda o: o["key"]
        ),
        "withdrawn": list(published[-1].withdrawn),
        "passed_over": [
            {"reason": reason, "objects": objects}
            for reason, objects in sorted(published[-1].passed_over.items())
        ],
        "recordings_taken_over": sum(shard.recordings_taken_over for shard in published),
        "taken_over_ms": sum(shard.taken_over_ms for shard in published),
    }


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run the pipeline; gives its counters. Tasks that are dropped are noted first.

    A day that lost recordings to other days is published after them, so that no recording is on no
    day for a while.
    """
    _drop_tasks(settings)
    found = list(manifests(Ledger(settings.store), settings))
    note_read(found)
    arrived = {manifest.date: manifest.arrived for manifest in found}
    works = planned_works(found, Ledger(settings.store), settings)
    whole = functools.partial(build, listed=list(_shards_of(found)), works=works)
    counters = _publish(whole, arrived, settings, beam_arguments)
    changed = counters.pop(DAYS_CHANGED, 0) + counters["recordings_withdrawn"]
    outcome = Outcome.of_counters(counters)
    outcome.facts["is_changed"] = changed > 0
    if counters[ROWS_REPLACED]:
        outcome.lines.extend(_replaced_lines(arrived, settings))
    return outcome


def _publish(
    whole: Callable[..., beam.PCollection[str]],
    arrived: Mapping[str, tuple[MovedRecording, ...]],
    settings: JobSettings,
    beam_arguments: Sequence[str],
) -> Counter[str]:
    counters: Counter[str] = Counter()
    if not any(arrived.values()):
        counters.update(run_pipeline(whole, settings, beam_arguments))
        return counters
    for days in publishing_rounds(arrived):
        part = functools.partial(whole, days=days)
        counters.update(run_pipeline(part, settings, beam_arguments))
    for day, recordings in left_days(arrived).items():
        publisher = Publisher(STAGE, settings.run_id)
        withdrawn = withdraw_rows(settings.store, publisher, settings.corpus, day, recordings)
        counters["recordings_withdrawn"] += withdrawn
    return counters


def _replaced_lines(days: Iterable[str], settings: JobSettings) -> list[str]:
    runs = (
        row
        for day in days
        for row in partition_rows(settings.store, RUNS.name, settings.corpus, day)
    )
    mine = [row for row in runs if row["run_id"] == settings.run_id]
    replaced = add_up(each for row in mine for each in replaced_of(row))
    return [f"replaced: {text}" for text in replaced_texts(replaced)]


def _drop_tasks(settings: JobSettings) -> None:
    """Note the tasks that are published no longer.

    Raises:
        ConfigurationError: the corpus was not asked one, or the plan asks it.
    """
    asked = {task.task_id for task in settings.tasks}
    for name in settings[Publishing].drop_task:
        if name in asked:
            raise ConfigurationError(
                f"--drop-task {name}: the plan of these days asks it; run {af3('plan')} without it"
            )
        Ledger(settings.store).change_corpus_tasks(
            settings.corpus,
            lambda known, name=name: drop_task(known, name),  # type: ignore[misc]
        )
