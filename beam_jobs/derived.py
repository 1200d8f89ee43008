"""Derived tables: rows of one recording at a time, made once, kept in the ledger, published whole.

pieces ──► missing ones made ──► ledger/derived/STAGE/… ──► tables/TABLE/corpus=C/date=D/part-…

A job names its pieces of work and how one is made; listing, claims, failures and publishing are
here.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import pyarrow as pa

from af3core.errors import Af3Error, ConfigurationError, StorageError
from af3core.model.engines import load_engine
from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.job import Outcome
from beam_jobs.ledger import Ledger, given_up
from beam_jobs.manifests import in_batches, manifest_dates, manifests
from beam_jobs.parquet import encode_table, partition_rows
from beam_jobs.progress import Work, shown
from beam_jobs.rows import timestamp
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.settings import NightSettings
from beam_jobs.vectors import unpack_vector
from schemas import layout
from schemas.columns import Table
from schemas.identity import shard_of
from schemas.records import DerivedRows, Failure

Row = dict[str, Any]
Place = tuple[str, int, int]
"""Date, shard and count of shards."""
SHOWN_FAILURES = 5


@dataclass(frozen=True)
class Piece:
    """One recording's share of the work.

    Attributes:
        recording_id, corpus, date: whose rows they are, and of which partition.
        identity: hash of all that decides the rows: evidence, models, rules, options.
        evidence: what the rows are made from: small rows of tables, never audio.
        uri: the recording's object, for failures.
        work_ms: audio that it stands for, for the progress.
        shards: objects that each table of its day has; the listing knows.
    """

    recording_id: str
    corpus: str
    date: str
    identity: str
    evidence: Any = field(repr=False, default=None)
    uri: str = ""
    work_ms: int = 0
    shards: int = 1


@dataclass(frozen=True)
class Made:
    """Rows by table, without `run_id` and `generated_at`; what was counted, by reason."""

    rows: dict[str, list[Row]]
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Derivation:
    """A stage: the tables that it fills, its pieces of one day, and how a piece is made.

    `make` runs on workers: it must be a function of a module. `writes` says that it asks the
    writer, whose server is then looked at before any work.
    """

    stage: str
    tables: tuple[Table, ...]
    pieces: Callable[[NightSettings, str], Iterable[Piece]]
    make: Callable[[Piece, NightSettings], Made]
    writes: bool = False


class NothingPublished(Af3Error):
    """No day of the interval has tables to make anything of."""


def derive(
    derivation: Derivation, settings: NightSettings, beam_arguments: Sequence[str] = ()
) -> Outcome:
    """Make what is missing in the interval, and replace its partitions of the tables.

    Returns:
        Counts by name, those of rows that were made before included, and a line for each; the
        first failures with their messages.

    Raises:
        NothingPublished: there are no tables of the interval.
        ConfigurationError: the writer's server is not there.
    """
    check_published(settings)
    if derivation.writes and settings.deriving.writer:
        load_engine(settings.deriving.writer)

    def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
        pieces = (
            pipeline
            | "Nights" >> beam.Create([settings])
            | "Pieces" >> beam.FlatMap(pieces_of, derivation)
        )
        made = spread(pieces) | "Make" >> beam.Map(make_one, derivation, settings)
        # a shard without a piece is replaced too: its rows of an earlier run are gone
        places = (
            pipeline
            | "Days" >> beam.Create([settings])
            | "Places" >> beam.FlatMap(lambda night: ((place, "") for place in places_of(night)))
        )
        return (
            (made, places)
            | beam.Flatten()
            | "Shard" >> beam.GroupByKey()
            | "Publish"
            >> beam.MapTuple(lambda place, keys: publish(place, list(keys), derivation, settings))
        )

    listed = [dataclasses.replace(p, evidence=None) for p in pieces_of(settings, derivation)]
    with shown(derivation.stage, work_of(listed, derivation, settings)):
        counters = run_pipeline(build, settings, beam_arguments)
    made, failures = found_in_ledger(listed, derivation, settings)
    facts = dict(sorted(made.items())) | {"made_now": counters.get("pieces_made", 0)}
    facts["failures"] = len(failures)
    lines = [f"{name}: {n}" for name, n in facts.items()]
    lines += [f"failed: {failure.message}" for failure in failures[:SHOWN_FAILURES]]
    return Outcome(facts, lines)


def check_published(settings: NightSettings) -> None:
    """Raise NothingPublished where there is nothing to make anything of."""
    store = open_store(settings.out)
    prefixes = [
        layout.partition_prefix("recordings", settings.corpus, date)
        for date in manifest_dates(Ledger(store), settings)
    ]
    if not any(store.walk(prefixes)):
        raise NothingPublished(
            f"{settings.out}: no tables of corpus {settings.corpus} from {settings.since} to"
            f" {settings.until}; run af3 annotate first, or check --corpus and the dates"
        )


def work_of(
    pieces: Sequence[Piece], derivation: Derivation, settings: NightSettings, counted: str = ""
) -> Work:
    """For the progress: a piece is done when the ledger holds its rows."""
    store = open_store(settings.out)
    work_ms = {key_of(piece, derivation): piece.work_ms for piece in pieces}
    left = [key for key, held in zip(work_ms, store.exists(list(work_ms)), strict=True) if not held]
    total_ms = sum(work_ms[key] for key in left)

    def done_ms() -> int:
        held = zip(left, store.exists(left), strict=True)
        return sum(work_ms[key] for key, there in held if there)

    return Work(total_ms, done_ms, counted)


def key_of(piece: Piece, derivation: Derivation) -> str:
    return layout.derived_key(derivation.stage, piece.recording_id, piece.identity)


def pieces_of(settings: NightSettings, derivation: Derivation) -> Iterator[Piece]:
    """The pieces of every planned day of the interval."""
    for manifest in manifests(Ledger(open_store(settings.out)), settings):
        for piece in derivation.pieces(settings, manifest.date):
            yield dataclasses.replace(piece, shards=manifest.shards)


def places_of(settings: NightSettings) -> Iterator[Place]:
    """Every shard of the interval."""
    for manifest in manifests(Ledger(open_store(settings.out)), settings):
        for shard in range(manifest.shards):
            yield manifest.date, shard, manifest.shards


def make_one(piece: Piece, derivation: Derivation, settings: NightSettings) -> tuple[Place, str]:
    """Make a piece unless the ledger holds it; gives its place and the key of its rows.

    A piece that fails becomes a failure in the ledger, and is tried again by later runs.
    """
    ledger = Ledger(open_store(settings.out))
    key = key_of(piece, derivation)
    with ledger.store.claim(layout.claim_key(derivation.stage, piece.identity)):
        if ledger.derived([key])[0] is None:
            _make_and_store(piece, key, derivation, ledger, settings)
    return (piece.date, shard_of(piece.recording_id, piece.shards), piece.shards), key


def _make_and_store(
    piece: Piece, key: str, derivation: Derivation, ledger: Ledger, settings: NightSettings
) -> None:
    [earlier] = ledger.failed(derivation.stage, [piece.identity])
    if earlier and given_up([earlier]):
        return
    try:
        made = derivation.make(piece, settings)
    except (ConfigurationError, StorageError):
        raise  # no fault of the piece: a server that is down must not give it up for good
    except Af3Error as error:
        attempts = earlier.attempts + 1 if earlier else 1
        failure = _failure(piece, error, attempts, derivation.stage, settings)
        ledger.put_failed(piece.identity, failure)
        count("failures")
        return
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    rows = DerivedRows(
        stage=derivation.stage,
        recording_id=piece.recording_id,
        identity=piece.identity,
        run_id=settings.run_id,
        generated_at=now,
        rows=made.rows,
        counts=dict(made.counts),
    )
    ledger.put_derived(key, rows)
    count("pieces_made")


def _failure(
    piece: Piece, error: Af3Error, attempts: int, stage: str, settings: NightSettings
) -> Failure:
    return Failure(
        stage=stage,
        uri=piece.uri,
        corpus=piece.corpus,
        date=piece.date,
        error_class=type(error).__name__,
        message=f"{piece.uri or piece.recording_id}: {error}",
        attempts=attempts,
        permanent=error.permanent,
        run_id=settings.run_id,
        recording_id=piece.recording_id,
    )


def publish(
    place: Place, keys: Sequence[str], derivation: Derivation, settings: NightSettings
) -> str:
    """Replace one shard of each of the stage's tables with the rows of its pieces."""
    date, shard, shards = place
    ledger = Ledger(open_store(settings.out))
    held = ledger.derived(sorted(filter(None, keys)))
    found = [entry for entry in held if entry is not None]
    for table in derivation.tables:
        key = layout.shard_key(table.name, settings.corpus, date, shard, shards)
        ledger.store.write(key, encode_table(table, list(_typed(found, table))))
    count("objects_published", len(derivation.tables))
    return date


def _typed(found: Iterable[DerivedRows], table: Table) -> Iterator[Row]:
    """Rows as the table takes them: times and vectors out of their form in the ledger."""
    vectors = [c.name for c in table.columns if c.type == pa.list_(pa.float32())]
    for entry in found:
        made = {"run_id": entry.run_id, "generated_at": timestamp(entry.generated_at)}
        for row in entry.rows.get(table.name, []):
            yield row | made | {name: unpack_vector(row[name]) for name in vectors}


def found_in_ledger(
    pieces: list[Piece], derivation: Derivation, settings: NightSettings
) -> tuple[Counter[str], list[Failure]]:
    """Counts over all pieces of the interval, and the failures of those without rows."""
    ledger = Ledger(open_store(settings.out))
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    for batch in in_batches(pieces):
        held = ledger.derived([key_of(piece, derivation) for piece in batch])
        for entry in filter(None, held):
            counts.update(entry.counts)
        missing = [p.identity for p, entry in zip(batch, held, strict=True) if entry is None]
        failures += filter(None, ledger.failed(derivation.stage, missing))
    return counts, failures


def rows_by_recording(store: Store, table: str, corpus: str, date: str) -> dict[str, list[Row]]:
    """A partition's rows by recording, in the table's order."""
    found: dict[str, list[Row]] = {}
    for row in partition_rows(store, table, corpus, date):
        found.setdefault(row["recording_id"], []).append(row)
    return found
