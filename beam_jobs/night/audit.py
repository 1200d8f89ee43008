"""The gate before publishing: assemble what would be published, count it, judge it.

manifests + ledger ──► rows by shard ──► counts ──► audits/corpus=C/date=D.json ──► pass or fail
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa

from af3core.errors import Af3Error
from af3core.model.weights.languages import is_doubted
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.known_nights import unknown_nights
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.pipeline import run_pipeline, spread
from beam_jobs.framework.progress import clock
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.publish import shard_rows, shards_to_publish
from beam_jobs.night.repeated_phrases import (
    ShardPhrases,
    newly_flagged,
    phrases_of_shard,
    stock_phrases_of_day,
)
from beam_jobs.night.rows import NOT_ANNOTATED, WAITING, AccountingError, TableRows
from beam_jobs.night.silent_recordings import NOTHING_HEARD, SILENCE_DOUBTED
from beam_jobs.output.next_command import af3
from schemas.identity import shard_of
from schemas.options.night import AuditLimits
from schemas.reports import AuditCounts
from schemas.tables.night_tables import ANSWER_TABLES, TABLES

_FLAGGED_REMEDY = "--max-flagged-share allows more flags"


def _failed_remedy() -> str:
    again = af3("retry", "--failed-by", "CLASS")
    return f"Mend what failed and ask for it again ({again}), or allow more with --max-failed-share"


class Finding(NamedTuple):
    """What speaks against publishing, and what can be done about it, where its text lacks that."""

    text: str
    remedy: str = ""


class CountedShard(NamedTuple):
    """The counts of a shard, and what its transcripts say."""

    counts: AuditCounts
    phrases: ShardPhrases = ShardPhrases()


class AuditFailed(Af3Error):
    """The night is not fit to be published; what the tables hold stays as it is."""

    permanent = True


def build(pipeline: beam.Pipeline, settings: JobSettings) -> beam.PCollection[str]:
    """The pipeline; gives the dates that it counted."""
    shards = (
        pipeline | "Nights" >> beam.Create([settings]) | "Shards" >> beam.FlatMap(shards_to_publish)
    )
    counted = spread(shards) | "Count" >> beam.Map(
        lambda item: (item[0], count_shard(item[0], item[1], item[2], settings))
    )
    return (
        counted
        | beam.GroupByKey()
        | "Keep" >> beam.Map(lambda pair: keep_counts(pair[0], pair[1], settings))
    )


def count_shard(date: str, shard: int, shard_count: int, settings: JobSettings) -> CountedShard:
    """Assemble a shard as publishing would, check it against its schemas, and count it."""
    ledger = Ledger(settings.store)
    manifest = ledger.manifest(settings.corpus, date)
    if manifest is None:
        return CountedShard(AuditCounts())
    mine = [r for r in manifest.recordings if shard_of(r.recording_id, shard_count) == shard]
    try:
        rows = shard_rows(manifest, shard, shard_count, ledger, settings)
    except AccountingError as error:
        return CountedShard(AuditCounts(planned=len(mine), broken=(str(error),)))
    counts = count_rows(rows, planned=len(mine))
    objects = manifest.failures if shard == 0 else ()
    unusable = sum(not failure.waits for failure in objects)
    # what cannot be read now, and was before, keeps its rows
    kept = {uri for recording in manifest.recordings for uri in recording.uris}
    waiting = sum(failure.waits and failure.uri not in kept for failure in objects)
    broken = _schema_errors(rows)
    counts += AuditCounts(not_recordings=unusable, not_cut=waiting, broken=broken)
    return CountedShard(counts, phrases_of_shard(rows))


def count_rows(rows: TableRows, planned: int) -> AuditCounts:
    """The counts of one shard's rows. Pure."""
    recordings = rows.by_table.get("recordings", [])
    segments = rows.by_table.get("segments", [])
    answers = [row for table in ANSWER_TABLES for row in rows.by_table.get(table, [])]
    failures = rows.by_table.get("failures", [])
    failed = [row for row in recordings if row["status"] == "failed"]
    return AuditCounts(
        planned=planned,
        recordings=len(recordings),
        failed_recordings=len(failed),
        duration_ms=sum(row["duration_ms"] for row in recordings),
        annotated_ms=sum(row["annotated_ms"] for row in recordings),
        skipped_ms=sum(part["duration_ms"] for row in recordings for part in row["skipped"]),
        failed_ms=sum(row["duration_ms"] for row in failed)
        + sum(row["end_ms"] - row["start_ms"] for row in segments if row["status"] == "failed"),
        not_annotated_ms=sum(
            part["duration_ms"]
            for row in recordings
            for part in row["skipped"]
            if part["reason"] == NOT_ANNOTATED
        ),
        not_cut=sum(row["status"] == WAITING for row in recordings),
        answers=len(answers),
        flagged_answers=sum(is_doubted(row["flags"]) for row in answers),
        nothing_heard=sum(row["status"] == NOTHING_HEARD for row in recordings),
        doubted_silences=sum(SILENCE_DOUBTED in row["flags"] for row in recordings),
        causes=dict(Counter(row["error_class"] for row in failures)),
        examples={row["error_class"]: row["message"] for row in reversed(failures)},
    )


def keep_counts(date: str, shards: Iterable[CountedShard], settings: JobSettings) -> str:
    """Add up a partition's shards, with the stock phrases of them all, and store the sum; gives the
    date.
    """
    every = list(shards)
    stock = stock_phrases_of_day(shard.phrases for shard in every)
    flagged = sum(newly_flagged(shard.phrases, stock) for shard in every)
    total = sum((shard.counts for shard in every), AuditCounts(flagged_answers=flagged))
    Ledger(settings.store).put_audit(settings.corpus, date, total)
    return date


def findings(counts: AuditCounts, limits: AuditLimits) -> list[Finding]:
    """What speaks against publishing, with what can be done about it. Pure."""
    found = [Finding(broken) for broken in counts.broken]
    if counts.recordings != counts.planned and not counts.broken:
        found.append(
            Finding(
                f"{counts.recordings} recordings where {counts.planned} are planned; run plan again"
            )
        )
    if counts.annotated_ms + counts.skipped_ms != counts.duration_ms:
        found.append(
            Finding(
                f"{counts.duration_ms} ms in, {counts.annotated_ms} ms annotated and"
                f" {counts.skipped_ms} ms skipped"
            )
        )
    objects = counts.recordings + counts.not_recordings
    found += _too_many(
        "recordings wait to be decoded",
        counts.not_cut,
        objects,
        limits.max_waiting_share,
        f"{counts.not_cut} of {objects}",
        "",
        "; run segment again",
    )
    found += _too_many(
        "of the audio waits to be annotated",
        counts.not_annotated_ms,
        counts.duration_ms,
        limits.max_waiting_share,
        f"{clock(counts.not_annotated_ms)} of {clock(counts.duration_ms)}",
        "",
        "; run annotate again",
    )
    bad = counts.failed_recordings + counts.not_recordings
    found += _too_many(
        "recordings failed",
        bad,
        objects,
        limits.max_failed_share,
        f"{bad} of {objects}",
        _failed_remedy(),
    )
    found += _too_many(
        "of the audio failed",
        counts.failed_ms,
        counts.duration_ms,
        limits.max_failed_share,
        f"{clock(counts.failed_ms)} of {clock(counts.duration_ms)}",
        _failed_remedy(),
    )
    found += _too_many(
        "answers carry flags",
        counts.flagged_answers,
        counts.answers,
        limits.max_flagged_share,
        f"{counts.flagged_answers} of {counts.answers}",
        _FLAGGED_REMEDY,
    )
    return found


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Count the interval and judge it.

    Raises:
        ConfigurationError: nothing is planned.
        AuditFailed: something speaks against publishing; the message says what.
    """
    ledger = Ledger(settings.store)
    dates = manifest_dates(ledger, settings)
    if not dates:
        raise unknown_nights(settings.store, settings)
    run_pipeline(build, settings, beam_arguments)
    counts = AuditCounts()
    for date in dates:
        counts += ledger.audit(settings.corpus, date) or AuditCounts()
    if found := findings(counts, settings[AuditLimits]):
        causes = [f"{n} {name}, such as {counts.examples[name]}" for name, n in _by_count(counts)]
        why = f". Failures: {'; '.join(causes)}" if causes else ""
        remedies = dict.fromkeys(each.remedy for each in found if each.remedy)
        then = f". {'; '.join(remedies)}" if remedies else ""
        failed = AuditFailed(f"not published: {'; '.join(e.text for e in found)}{why}{then}")
        failed.facts = asdict(counts)
        raise failed
    line = (
        f"passed: {counts.recordings} recordings, {clock(counts.duration_ms)} in ="
        f" {clock(counts.annotated_ms)} annotated + {clock(counts.skipped_ms)} skipped;"
        f" {counts.flagged_answers} of {counts.answers} answers carry flags"
        f"{_silent(counts)}{_waiting(counts)}"
    )
    return Outcome(asdict(counts), [line])


def _silent(counts: AuditCounts) -> str:
    if not counts.nothing_heard:
        return ""
    return (
        f"; of {counts.nothing_heard} recordings nothing was heard, which is unlikely of"
        f" {counts.doubted_silences} (flag {SILENCE_DOUBTED})"
    )


def _waiting(counts: AuditCounts) -> str:
    if not counts.not_cut and not counts.not_annotated_ms:
        return ""
    return (
        f"; {counts.not_cut} recordings wait to be decoded, {clock(counts.not_annotated_ms)} of"
        " audio to be annotated"
    )


def _by_count(counts: AuditCounts) -> list[tuple[str, int]]:
    return Counter(counts.causes).most_common(5)


def _too_many(
    what: str, part: int, whole: int, limit: float, said: str, remedy: str, next_step: str = ""
) -> list[Finding]:
    if not part or part <= limit * whole:
        return []
    return [Finding(f"{said} {what}, more than the {limit:.0%} allowed{next_step}", remedy)]


def _schema_errors(rows: TableRows) -> tuple[str, ...]:
    errors = []
    for table in TABLES:
        try:
            encode_table(table, rows.by_table.get(table.name, []))
        except pa.ArrowInvalid as error:
            errors.append(f"table {table.name} breaks its schema: {error}")
    return tuple(errors)
