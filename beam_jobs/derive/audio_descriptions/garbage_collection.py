"""Sounds that no description names any more: what a run replaces, the next one removes.

Whoever read the table just before a run still finds its sounds. A sound goes with its entry of the
ledger, which goes first: what is told again later is spoken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store
from beam_jobs.framework.parquet_encoding import shard_columns
from beam_jobs.framework.publishing import replaced_states
from beam_jobs.framework.withdrawn import withdrawals
from schemas import layout
from schemas.layout import description_of
from schemas.tables.description_tables import DESCRIPTIONS

STAGE = "describe"
"""Of the entries in the ledger, and of who publishes the table."""


@dataclass(frozen=True)
class StoredSounds:
    """Objects of some days: all that lie there, and those that a row names."""

    held: frozenset[str]
    named: frozenset[str]


def stored_sounds(store: Store, corpus: str, dates: Sequence[str]) -> StoredSounds:
    """The sounds of a corpus's days, to be looked at before a run makes others; those of what is
    withdrawn are not this job's to remove.
    """
    hidden = withdrawals(store)
    prefixes = [layout.descriptions_prefix(corpus, date) for date in dates]
    listed = ((key, description_of(key)) for keys in store.walk(prefixes) for key in keys)
    held = frozenset(key for key, of in listed if of and not hidden.covers(corpus, of[0]))
    return StoredSounds(held, frozenset(_named_sounds(store, corpus, dates)))


def sweep(store: Store, before: StoredSounds, corpus: str, dates: Sequence[str]) -> int:
    """Remove what lay there before the run and is named neither then nor now; gives how many.

    To be done by the holder of the corpus's turn: what another run made, and is about to publish,
    came after `before`.
    """
    old = before.held - before.named
    if old:
        old -= set(_named_sounds(store, corpus, dates))
    made = [description_of(key) for key in old]
    map_concurrently(store.delete, [layout.derived_key(STAGE, *each) for each in made if each])
    map_concurrently(store.delete, sorted(old))
    return len(old)


def _named_sounds(store: Store, corpus: str, dates: Sequence[str]) -> Iterator[str]:
    """By what lies in the table now, and by what is read in its place while it is replaced."""
    prefixes = [layout.partition_prefix(DESCRIPTIONS.name, corpus, date) for date in dates]
    places = {key: key for keys in store.walk(prefixes) for key in keys}
    for date in dates:
        held = replaced_states(store, corpus, date, STAGE)
        places |= {layout.superseded_key(key, stamp): key for key, stamp in held.items() if stamp}
    for place, shard in places.items():
        rows = shard_columns(store, shard, ["sound_uri"], copy=place)
        yield from map(str, rows["sound_uri"].to_pylist())
