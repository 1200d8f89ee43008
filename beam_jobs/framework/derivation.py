"""Derived tables: rows of one recording at a time, derived once, kept in the ledger.

pieces ──► missing ones derived ──► ledger/derived/STAGE/… ──► tables/TABLE/corpus=C/date=D/part-…

A job names its pieces of work and how the rows of one are derived; listing, claims, failures and
publishing are here.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

import apache_beam as beam
import pyarrow as pa

from af3core.audio import SAMPLES_PER_MS
from af3core.errors import Af3Error
from af3core.messages import Level, tell
from af3core.model.audio_limits import audio_tokens
from af3core.model.engines.engine_registry import EngineSettings, load_engine
from af3core.storage.store import Store
from beam_jobs.framework.claimed_work import Claim, do_claimed, wait_for_claim
from beam_jobs.framework.counters import count, counted_here
from beam_jobs.framework.equal_rows import (
    Original,
    Renew,
    as_it_is,
    hand_over,
    original_of,
    take_over,
)
from beam_jobs.framework.failures import charge, failure_of, given_up
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger, unpack_vector
from beam_jobs.framework.manifests import in_batches, manifest_dates, manifests
from beam_jobs.framework.overlapping_work import WANTED
from beam_jobs.framework.parquet_encoding import (
    decode_rows,
    encode_table,
    timestamp,
)
from beam_jobs.framework.pipeline import run_pipeline
from beam_jobs.framework.progress import Work, show_progress
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
from beam_jobs.framework.room import Need, Room, fit_engine, sound_bytes
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.waiting import count_waiting, machine_faults_wait, split_waiting
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import shown_rows
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import shard_of
from schemas.records import DerivedRows, Failure, NightManifest
from schemas.tables.columns import Table

Row = dict[str, Any]
Groups = Mapping[str, Iterable[Any]]
"""Of one day: how it was listed (`ListedDay`), and each piece's shard with the key of its rows."""
PIECES, LISTED, DERIVED = "pieces", "listed", "derived"
_WAITS = "waits:"
"""With a recording in the place of a key: its piece has no rows yet, for a machine's sake."""
SHOWN_FAILURES = 5
_WRITTEN_TOKENS = 4_096
"""Of a piece that only writes, about so many at once: its evidence, a prompt and an answer."""


class ListedDay(NamedTuple):
    """How many shards a day has, and the stamps of its objects before its pieces were listed."""

    shard_count: int
    stamps: Stamps


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
        decides: what the identity is the hash of, where the rows follow from the sound and what was
            answered about it, so that recordings of one sound share them; `clip_uri` is one of the
            clips.
    """

    recording_id: str
    corpus: str
    date: str
    identity: str
    evidence: Any = field(repr=False, default=None)
    uri: str = ""
    work_ms: int = 0
    shards: int = 1
    decides: Any = field(repr=False, default=None)
    clip_uri: str = ""


@dataclass(frozen=True)
class PieceRows:
    """A piece's rows by table, without `run_id` and `generated_at`; what was counted, by reason."""

    rows: dict[str, list[Row]]
    counts: Mapping[str, int] = field(default_factory=dict)


Join = Callable[[Table, list[Row]], list[Row]]
"""The rows of a table with what is known of them beyond their own recordings."""


@dataclass(frozen=True)
class Derivation:
    """A stage: the tables that it fills, its pieces of one day, and how a piece's rows are derived.

    `pieces`, `derive_rows`, `renew` and `joined` run on workers: functions of a module. `writes`
    says that it asks the writer, whose server is then looked at before any work; `asks` which
    engine its pieces ask, several of them at once where that one answers many together; `hears`
    that they hear their `work_ms` of audio. `renew` makes those identifiers of a row anew that are
    hashes of a recording's names, where its rows become another's of the same sound. `joined`
    gives what is put into rows when they are published, and is called in each attempt, behind the
    stamps.
    """

    stage: str
    tables: tuple[Table, ...]
    pieces: Callable[[JobSettings, str], Iterable[Piece]]
    derive_rows: Callable[[Piece, JobSettings], PieceRows]
    writes: bool = False
    asks: Callable[[JobSettings], EngineSettings] | None = None
    hears: bool = False
    renew: Renew = as_it_is
    joined: Callable[[JobSettings], Join] | None = None


class NothingPublished(Af3Error):
    """No day of the interval has tables to make anything of."""


def derive(
    derivation: Derivation,
    settings: JobSettings,
    beam_arguments: Sequence[str] = (),
    between: Callable[[Sequence[Piece]], None] | None = None,
) -> Outcome:
    """Make what is missing in the interval, and replace its partitions of the tables.

    Args:
        between: is called with all pieces, without their evidence, when all are made and none is
            published yet; the days are then published in this process.

    Returns:
        Counts by name, those of rows that were made before included, and a line for each; the
        first failures with their messages.

    Raises:
        NothingPublished: there are no tables of the interval.
        ConfigurationError: the writer's server is not there.
    """
    check_published(settings)
    if derivation.writes and settings.language_model:
        load_engine(settings.language_model)

    def build(pipeline: beam.Pipeline, settings: JobSettings) -> beam.PCollection[Any]:
        listed = (
            pipeline
            | "Nights" >> beam.Create([settings])
            | "List" >> beam.FlatMap(days_and_pieces, derivation).with_outputs(LISTED, main=PIECES)
        )
        derived = do_claimed(
            listed[PIECES], "Derive", derive_piece, derivation, settings, overlaps=crosses_pieces
        )
        if between is not None:
            return derived
        # a shard without a piece is replaced too: its rows of an earlier run are gone
        return (
            {LISTED: listed[LISTED], DERIVED: derived}
            | "Day" >> beam.CoGroupByKey()
            | "Publish"
            >> beam.MapTuple(lambda date, groups: publish(date, groups, derivation, settings))
        )

    listed = [
        dataclasses.replace(piece, evidence=None, decides=None)
        for piece in pieces_of(settings, derivation)
    ]
    with show_progress(derivation.stage, work_of(listed, derivation, settings)):
        counters = run_pipeline(build, settings, beam_arguments)
    if between is not None:
        with counted_here() as more:
            between(listed)
            publish_days(derivation, settings)
        counters = dict(Counter(counters) + more)
    made, failures = found_in_ledger(listed, derivation, settings)
    counters, waiting = split_waiting(counters)
    facts = dict(sorted(made.items())) | {"made_now": counters.get("pieces_made", 0)}
    if taken_over := counters.get("pieces_taken_over"):
        facts["taken_over"] = taken_over
    facts["failures"] = len(failures)
    lines = [f"{name}: {n}" for name, n in facts.items()]
    lines += [f"failed: {failure.message}" for failure in failures[:SHOWN_FAILURES]]
    return Outcome(facts, lines, waiting)


def crosses_pieces(derivation: Derivation, settings: JobSettings) -> bool:
    """Whether pieces are made side by side here."""
    return derivation.asks is not None and derivation.asks(settings).crosses_callers


def _room_for(piece: Piece, derivation: Derivation, settings: JobSettings) -> Room | None:
    """What a piece needs where it is made beside others: of sound, twice its length, as what is
    asked about is cut out of it.
    """
    if not crosses_pieces(derivation, settings):
        return None
    if not derivation.hears:
        return Room(Need(0, _WRITTEN_TOKENS))
    return Room(
        Need(sound_bytes(2 * piece.work_ms), audio_tokens(2 * piece.work_ms * SAMPLES_PER_MS))
    )


def check_published(settings: JobSettings) -> None:
    """Raise NothingPublished where there is nothing to make anything of."""
    store = settings.store
    prefixes = [
        layout.partition_prefix("recordings", settings.corpus, date)
        for date in manifest_dates(Ledger(store), settings)
    ]
    if not any(store.walk(prefixes)):
        raise NothingPublished(
            f"{settings.out}: no tables of corpus {settings.corpus} from {settings.since} to"
            f" {settings.until}; run {af3('annotate', 'SOURCE')} first, or check --corpus and the"
            " dates"
        )


def work_of(
    pieces: Sequence[Piece], derivation: Derivation, settings: JobSettings, counted: str = ""
) -> Work:
    """For the progress: a piece is done when the ledger holds its rows."""
    store = settings.store
    work_ms = {key_of(piece, derivation): piece.work_ms for piece in pieces}
    left = [key for key, held in zip(work_ms, store.exists(list(work_ms)), strict=True) if not held]
    total_ms = sum(work_ms[key] for key in left)
    held_before = len(work_ms) - len(left)
    tell(
        f"{derivation.stage}: {held_before} of {len(work_ms)} pieces are made already", Level.DETAIL
    )

    def done_ms() -> int:
        held = zip(left, store.exists(left), strict=True)
        return sum(work_ms[key] for key, there in held if there)

    return Work(total_ms, done_ms, counted)


def key_of(piece: Piece, derivation: Derivation) -> str:
    return layout.derived_key(derivation.stage, piece.recording_id, piece.identity)


def pieces_of(settings: JobSettings, derivation: Derivation) -> Iterator[Piece]:
    """The pieces of every planned day of the interval."""
    for manifest in manifests(Ledger(settings.store), settings):
        yield from _pieces_of_day(manifest, settings, derivation)


def _pieces_of_day(
    manifest: NightManifest, settings: JobSettings, derivation: Derivation
) -> Iterator[Piece]:
    for piece in derivation.pieces(settings, manifest.date):
        yield dataclasses.replace(piece, shards=manifest.shards)


def days_and_pieces(
    settings: JobSettings, derivation: Derivation
) -> Iterator[Piece | beam.pvalue.TaggedOutput[str, Any]]:
    """Every day of the interval with the stamps of its objects, and then its pieces.

    The stamps come first: pieces may follow from the very table that they fill.
    """
    store = settings.store
    for manifest in manifests(Ledger(store), settings):
        shards = shard_keys(manifest.date, manifest.shards, derivation, settings)
        keys = (key for of_shard in shards for key in of_shard.values())
        day = ListedDay(manifest.shards, read_stamps(store, keys))
        yield beam.pvalue.TaggedOutput(LISTED, (manifest.date, day))
        yield from _pieces_of_day(manifest, settings, derivation)


def derive_piece(
    piece: Piece, derivation: Derivation, settings: JobSettings, claim: Claim = wait_for_claim
) -> tuple[str, tuple[int, str]]:
    """Derive a piece's rows unless the ledger holds them; gives its day, its shard and their key.

    A piece that fails becomes a failure in the ledger, and is tried again by later runs. One that
    waits for a machine's sake gives `_WAITS` with its recording for a key.
    """
    shard = shard_of(piece.recording_id, piece.shards)
    with machine_faults_wait(derivation.stage):
        ledger = Ledger(settings.store)
        key = key_of(piece, derivation)
        if withdrawals(ledger.store).covers(piece.corpus, piece.recording_id):
            return piece.date, (shard, key)  # since it was listed: it has no rows
        original = None
        if piece.decides is not None:
            original = original_of(piece.recording_id, piece.clip_uri, piece.decides, ledger)
        claimed = original.identity if original else piece.identity
        room = _room_for(piece, derivation, settings)
        if room is not None and ledger.derived([key])[0] is not None:
            return piece.date, (shard, key)  # what is made takes no room
        with claim(ledger.store, layout.claim_key(derivation.stage, claimed), room or WANTED):
            if ledger.derived([key])[0] is not None:
                return piece.date, (shard, key)
            if room is not None and derivation.asks is not None:
                fit_engine(load_engine(derivation.asks(settings)).batch_tokens)
            failure = _share_or_derive(piece, original, derivation, ledger, settings)
        if failure is None or given_up([failure]):
            return piece.date, (shard, key)
    return piece.date, (shard, f"{_WAITS}{piece.recording_id}")


def _share_or_derive(
    piece: Piece,
    original: Original | None,
    derivation: Derivation,
    ledger: Ledger,
    settings: JobSettings,
) -> Failure | None:
    """Take the rows of an equal recording over, or derive them for both; gives why there are none,
    if so.
    """
    key, stage, renew = key_of(piece, derivation), derivation.stage, derivation.renew
    if original is None:
        return _derive_and_store(piece, key, derivation, ledger, settings)
    if take_over(original, stage, piece.recording_id, piece.identity, ledger, renew):
        count("pieces_taken_over")
        return None
    failure = _derive_and_store(piece, key, derivation, ledger, settings)
    [made] = ledger.derived([key])
    if made is not None:
        hand_over(original, made, ledger, renew)
        count("pieces_taken_over")
    return failure


def _derive_and_store(
    piece: Piece, key: str, derivation: Derivation, ledger: Ledger, settings: JobSettings
) -> Failure | None:
    """Derive a piece's rows; gives why there are none, if so."""
    [earlier] = ledger.failed(derivation.stage, [piece.identity])
    if earlier and given_up([earlier]):
        return earlier
    try:
        derived = derivation.derive_rows(piece, settings)
    except Af3Error as error:
        if error.is_machine_fault:
            raise
        if withdrawals(ledger.store).covers(piece.corpus, piece.recording_id):
            return None
        charged = charge(earlier, error, settings.run_id)
        failure = failure_of(
            derivation.stage,
            piece,
            error,
            charged,
            settings.run_id,
            recording_id=piece.recording_id,
            message=f"{piece.uri or piece.recording_id}: {error}",
        )
        ledger.put_failed(piece.identity, failure)
        count("failures")
        if not given_up([failure]):
            count_waiting(derivation.stage, error)
        return failure
    if withdrawals(ledger.store).covers(piece.corpus, piece.recording_id):
        return None  # meanwhile
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    rows = DerivedRows(
        stage=derivation.stage,
        recording_id=piece.recording_id,
        identity=piece.identity,
        run_id=settings.run_id,
        generated_at=now,
        rows=derived.rows,
        counts=dict(derived.counts),
    )
    ledger.put_derived(key, rows)
    count("pieces_made")
    return None


def publish(date: str, groups: Groups, derivation: Derivation, settings: JobSettings) -> str:
    """Replace the stage's tables of a day, all shards together, as `publish_objects` says.

    The pieces are those of the listing as long as nobody replaced an object after it. Behind
    another run they are listed anew, from what is published now, and what is missing is derived.
    The published rows of a recording whose piece waits are kept: nothing goes for a machine's sake.
    """
    [listed], tried = groups[LISTED], list(groups[DERIVED])
    store = settings.store
    shards = shard_keys(date, listed.shard_count, derivation, settings)
    own = [key for of_shard in shards for key in of_shard.values()]
    tables = [table.name for table in derivation.tables]

    def keys() -> list[str]:
        return [*other_shards(store, tables, settings.corpus, date, listed.shard_count), *own]

    def assemble(stamps: Stamps) -> Assembled[None]:
        is_as_listed = listed.stamps.items() <= stamps.items()
        found = tried if is_as_listed else _derived_anew(date, listed, tried, derivation, settings)
        held = replaced_states(store, settings.corpus, date, derivation.stage)
        readable = readable_keys(stamps, held)
        objects: dict[str, bytes | None] = dict.fromkeys(stamps.keys() - set(own))
        join = derivation.joined(settings) if derivation.joined else None
        for shard, of_shard in enumerate(shards):
            pieces = [key for number, key in found if number == shard]
            objects |= _shard_objects(of_shard, pieces, readable, derivation, settings, join)
        return Assembled(objects, None)

    claim_key = layout.publish_claim_key(settings.corpus, date, derivation.stage)
    publisher = Publisher(derivation.stage, settings.run_id)
    publish_objects(store, claim_key, publisher, keys, assemble)
    count("objects_published", len(own))
    return date


def publish_days(derivation: Derivation, settings: JobSettings) -> None:
    """Replace the stage's tables of the interval by what the ledger holds; nothing is made."""
    store = settings.store
    for manifest in manifests(Ledger(store), settings):
        shards = shard_keys(manifest.date, manifest.shards, derivation, settings)
        keys = [key for of_shard in shards for key in of_shard.values()]
        listed = ListedDay(manifest.shards, read_stamps(store, keys))
        pieces = list(_pieces_of_day(manifest, settings, derivation))
        groups: Groups = {LISTED: [listed], DERIVED: _settled(pieces, derivation, store)}
        publish(manifest.date, groups, derivation, settings)


def _settled(
    pieces: Sequence[Piece], derivation: Derivation, store: Store
) -> list[tuple[int, str]]:
    """Shards and keys of pieces as they are; of one that is to be tried again, that it waits."""
    keys = [key_of(piece, derivation) for piece in pieces]
    failures = Ledger(store).failed(derivation.stage, [piece.identity for piece in pieces])
    return [
        (
            shard_of(piece.recording_id, piece.shards),
            key if held or (failed and given_up([failed])) else f"{_WAITS}{piece.recording_id}",
        )
        for piece, key, held, failed in zip(pieces, keys, store.exists(keys), failures, strict=True)
    ]


def _shard_objects(
    keys: Mapping[str, str],
    pieces: Sequence[str],
    readable: Mapping[str, str],
    derivation: Derivation,
    settings: JobSettings,
    join: Join | None,
) -> dict[str, bytes]:
    """A shard's new objects: the rows of its pieces and, of what waits, the published ones.

    Args:
        keys: of the objects, by table.
        pieces: keys of their rows in the ledger, or what waits.
        readable: where published objects are read, by key.
    """
    store, hidden = settings.store, withdrawals(settings.store)
    waiting = {k.removeprefix(_WAITS) for k in pieces if k.startswith(_WAITS)}
    derived = Ledger(store).derived(sorted(k for k in pieces if not k.startswith(_WAITS)))
    found = [entry for entry in derived if entry is not None]
    objects = {}
    for table in derivation.tables:
        key = keys[table.name]
        held = store.read(readable[key]) if waiting and key in readable else None
        every = [*_typed(found, table), *_kept(held, table, waiting)]
        rows = shown_rows(every, settings.corpus, hidden)
        objects[key] = encode_table(table, join(table, rows) if join else rows)
    return objects


def shard_keys(
    date: str, shard_count: int, derivation: Derivation, settings: JobSettings
) -> list[dict[str, str]]:
    """The objects of the stage's tables of a day, for each shard by table."""
    tables = [table.name for table in derivation.tables]
    return [
        layout.shard_keys(tables, settings.corpus, date, shard, shard_count)
        for shard in range(shard_count)
    ]


def _kept(shard: bytes | None, table: Table, recordings: Collection[str]) -> list[Row]:
    """The rows of recordings in a published shard."""
    held = decode_rows(BytesIO(shard), table) if shard else []
    return [row for row in held if row["recording_id"] in recordings]


def _derived_anew(
    date: str,
    listed: ListedDay,
    tried: Sequence[tuple[int, str]],
    derivation: Derivation,
    settings: JobSettings,
) -> list[tuple[int, str]]:
    """Shards and keys of the day's pieces now; a piece that was tried is not tried again."""
    found = []
    for piece in derivation.pieces(settings, date):
        of_piece = (shard_of(piece.recording_id, listed.shard_count), key_of(piece, derivation))
        if of_piece not in tried:
            whole = dataclasses.replace(piece, shards=listed.shard_count)
            _, of_piece = derive_piece(whole, derivation, settings)
        found.append(of_piece)
    return found


def _typed(found: Iterable[DerivedRows], table: Table) -> Iterator[Row]:
    """Rows as the table takes them: times and vectors out of their form in the ledger."""
    vectors = [c.name for c in table.columns if c.type == pa.list_(pa.float32())]
    empty = table.empty_row()  # rows of an earlier release lack columns
    for entry in found:
        made = {"run_id": entry.run_id, "generated_at": timestamp(entry.generated_at)}
        for row in entry.rows.get(table.name, []):
            vectors_here = {name: unpack_vector(row.get(name)) for name in vectors}
            yield empty | row | made | vectors_here


def found_in_ledger(
    pieces: list[Piece], derivation: Derivation, settings: JobSettings
) -> tuple[Counter[str], list[Failure]]:
    """Counts over all pieces of the interval, and the failures of those without rows."""
    ledger = Ledger(settings.store)
    counts: Counter[str] = Counter()
    failures: list[Failure] = []
    for batch in in_batches(pieces):
        held = ledger.derived([key_of(piece, derivation) for piece in batch])
        for entry in filter(None, held):
            counts.update(entry.counts)
        missing = [p.identity for p, entry in zip(batch, held, strict=True) if entry is None]
        failures += filter(None, ledger.failed(derivation.stage, missing))
    return counts, failures
