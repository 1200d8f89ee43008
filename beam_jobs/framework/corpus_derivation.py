"""What follows from a whole corpus: where each recording's piece stands among all, kept as a log.

pieces ──► not in the log yet ──► placed among those before ──► ledger/corpus/STAGE/corpus=C/N.json
log ──► rows of any day ──► compared with the published ones ──► objects replaced that differ

What a piece came to stays when others come: rows that name it stay true. The log only grows, an
entry at a time; what is forgotten is taken out of its entries, and the others stay as they are.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, NamedTuple

from af3core.storage.store import Store, retry_on_conflict
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import BATCH_RECORDINGS
from beam_jobs.framework.parquet_encoding import decode_rows, encode_table, timestamp
from beam_jobs.framework.publishing import (
    Assembled,
    Publisher,
    Stamps,
    publish_objects,
    readable_keys,
)
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import shown_rows
from schemas import layout
from schemas.corpus_records import CorpusEntry, CorpusMember
from schemas.tables.columns import Table

Row = dict[str, Any]
MemberKey = tuple[str, str]
"""Recording and piece."""


class Candidate(NamedTuple):
    """A piece that is to be placed; in order by archive day and recording.

    `piece` is its identity, and `space` what it is compared in (`CorpusMember`).
    """

    date: str
    recording_id: str
    piece: str
    space: str


@dataclass(frozen=True)
class CorpusState:
    """All that a stage knows of a corpus.

    Attributes:
        members: by recording and piece, in the order in which they came.
        entries: how many the log has.
    """

    members: Mapping[MemberKey, CorpusMember]
    entries: int


_last_read: dict[str, tuple[Mapping[str, str], CorpusState]] = {}
"""By the address of its log: the stamps of the entries, and the state."""

PlaceAmong = Callable[[CorpusState, Sequence[Candidate]], Sequence[dict[str, Any] | None]]
"""What candidates come to among those that are there: a value for each, in their order; None of one
that cannot be read now, and is placed by a later run."""


def read_state(store: Store, corpus: str, stage: str) -> CorpusState:
    """The state of now. The last one that was read is kept: one listing says whether it still is.

    Raises:
        LedgerError: an entry is damaged or missing.
    """
    prefix = layout.corpus_log_prefix(stage, corpus)
    address, stamps = store.address(prefix), store.states([prefix])
    held = _last_read.get(address)
    if held is not None and held[0] == stamps:
        return held[1]
    entries = Ledger(store).corpus_log(stage, corpus)
    members = {(m.recording_id, m.piece): m for entry in entries for m in entry.members}
    state = CorpusState(members, len(entries))
    if store.states([prefix]) == stamps:  # else an entry came while they were read
        _last_read.clear()
        _last_read[address] = (stamps, state)
    return state


def corpus_claim(store: Store, corpus: str, stage: str) -> AbstractContextManager[None]:
    """Held while the log of a corpus is extended, or something is taken out of it."""
    return store.claim(layout.corpus_claim_key(stage, corpus))


def extend_corpus(
    store: Store,
    corpus: str,
    stage: str,
    run_id: str,
    candidates: Iterable[Candidate],
    place: PlaceAmong,
) -> CorpusState:
    """Place the candidates that are not in the log, in their order, and append what they came to.

    Each entry is written whole and once, behind all entries that its members were placed among. A
    run that is killed has placed some or all of them, and the next one goes on; of two runs at once
    each sees what the other has placed.

    Args:
        place: called with at most BATCH_RECORDINGS candidates of one space.

    Returns:
        The state with all of them that can be read.

    Raises:
        LedgerError: an entry of the log is damaged or missing.
        StorageError: the storage is in trouble, or others extended the log all the time.
    """
    wanted = sorted(set(candidates))

    def attempt() -> CorpusState | None:
        state = read_state(store, corpus, stage)
        left = [each for each in wanted if (each.recording_id, each.piece) not in state.members]
        for batch in _batches(left):
            values = place(state, batch)
            entry = _entry(corpus, stage, run_id, batch, values)
            if not entry.members:
                continue
            if not Ledger(store).append_to_corpus_log(state.entries + 1, entry):
                return None
            placed = {(m.recording_id, m.piece): m for m in entry.members}
            state = CorpusState({**state.members, **placed}, state.entries + 1)
        return state

    with corpus_claim(store, corpus, stage):
        return retry_on_conflict(store.address(layout.corpus_log_prefix(stage, corpus)), attempt)


def change_members(
    store: Store,
    corpus: str,
    stage: str,
    change: Callable[[CorpusMember], CorpusMember | None],
) -> None:
    """Change what is held of pieces, for what is forgotten; None takes one out. For the holder of
    the claim on the log (`corpus_claim`).
    """
    ledger = Ledger(store)

    def changed(entry: CorpusEntry) -> CorpusEntry:
        members = tuple(filter(None, map(change, entry.members)))
        return replace(entry, members=members)

    for number in range(1, read_state(store, corpus, stage).entries + 1):
        ledger.change_corpus_entry(stage, corpus, number, changed)


def publish_changed_rows(
    store: Store,
    publisher: Publisher,
    claim_key: str,
    table: Table,
    keys: Callable[[], Iterable[str]],
    rows: Callable[[Sequence[str]], Mapping[str, list[Row]]],
    begun: Callable[[], Mapping[str, str]] = dict,
) -> int:
    """Replace those objects of a table, of any days of a corpus, whose rows are others now.

    A row that is as it was keeps the run and the time that made it.

    Args:
        claim_key: of the claim on these objects.
        keys: gives all objects that may change; called in each attempt.
        rows: gives the rows of all objects that it is given the keys of, without `run_id` and
            `generated_at`. What it reads is read behind the stamps of the objects.
        begun: gives what a writer of these objects began to replace that died (`begun_keys`).

    Returns:
        How many objects were replaced.
    """

    def all_keys() -> list[str]:
        return sorted({*keys(), *begun()})

    def assemble(stamps: Stamps) -> Assembled[int]:
        held = begun()
        readable = readable_keys(stamps, held)
        objects: dict[str, bytes | None] = {}
        hidden = withdrawals(store)
        for key, every in rows(list(stamps)).items():
            new = shown_rows(every, layout.day_of(key)[0], hidden)
            data = store.read(readable[key]) if key in readable else None
            before = decode_rows(BytesIO(data), table) if data else []
            if data is None and not new and key not in held:
                continue
            if _bare(table, before) != _bare(table, new) or key in held:
                made = _made(table, new, before, publisher.run_id)
                objects[key] = encode_table(table, made)
        return Assembled(objects, len(objects))

    return publish_objects(store, claim_key, publisher, all_keys, assemble)


def _bare(table: Table, rows: Sequence[Row]) -> bytes:
    """The rows as one object, without who made them and when."""
    unmade = {"run_id": "", "generated_at": datetime.datetime.fromtimestamp(0, datetime.UTC)}
    return encode_table(table, [row | unmade for row in rows])


def _made(table: Table, new: Sequence[Row], before: Sequence[Row], run_id: str) -> list[Row]:
    now = timestamp(_now())
    earlier = {_without_maker(row): row for row in before}
    made = []
    for row in new:
        same = earlier.get(_without_maker(row))
        made.append(same or row | {"run_id": run_id, "generated_at": now})
    return made


def _without_maker(row: Row) -> str:
    return repr(sorted((k, v) for k, v in row.items() if k not in ("run_id", "generated_at")))


def _batches(candidates: Sequence[Candidate]) -> Iterable[list[Candidate]]:
    """In their order; each of one space."""
    for space in dict.fromkeys(each.space for each in candidates):
        of_space = [each for each in candidates if each.space == space]
        for first in range(0, len(of_space), BATCH_RECORDINGS):
            yield of_space[first : first + BATCH_RECORDINGS]


def _entry(
    corpus: str,
    stage: str,
    run_id: str,
    batch: Sequence[Candidate],
    values: Sequence[dict[str, Any] | None],
) -> CorpusEntry:
    members = tuple(
        CorpusMember(each.recording_id, each.date, each.piece, each.space, value)
        for each, value in zip(batch, values, strict=True)
        if value is not None
    )
    return CorpusEntry(stage, corpus, run_id, _now(), members)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
