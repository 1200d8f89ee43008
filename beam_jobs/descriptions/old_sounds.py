"""Sounds that no description names any more: what a run replaces, the next one removes.

Whoever read the table just before a run still finds its sounds. A sound goes with its entry of the
ledger, which goes first: what is told again later is spoken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.storage.at_once import at_once
from af3core.storage.store import Store
from beam_jobs.parquet import shard_columns
from schemas import layout
from schemas.description_tables import DESCRIPTIONS
from schemas.layout import description_of

STAGE = "describe"
"""Of the entries in the ledger."""


@dataclass(frozen=True)
class Sounds:
    """Objects of some days: all that lie there, and those that a row names."""

    held: frozenset[str]
    named: frozenset[str]


def seen(store: Store, corpus: str, dates: Sequence[str]) -> Sounds:
    """The sounds of a corpus's days, to be looked at before a run makes others."""
    prefixes = [layout.descriptions_prefix(corpus, date) for date in dates]
    held = frozenset(key for keys in store.walk(prefixes) for key in keys if description_of(key))
    return Sounds(held, frozenset(_named(store, corpus, dates)))


def sweep(store: Store, before: Sounds, corpus: str, dates: Sequence[str]) -> int:
    """Remove what lay there before the run and is named neither then nor now; gives how many.

    To be done by the holder of the corpus's turn: what another run made, and is about to publish,
    came after `before`.
    """
    old = before.held - before.named
    if old:
        old -= set(_named(store, corpus, dates))
    made = [description_of(key) for key in old]
    at_once(store.delete, [layout.derived_key(STAGE, *each) for each in made if each])
    at_once(store.delete, sorted(old))
    return len(old)


def _named(store: Store, corpus: str, dates: Sequence[str]) -> Iterator[str]:
    prefixes = [layout.partition_prefix(DESCRIPTIONS.name, corpus, date) for date in dates]
    for shards in store.walk(prefixes):
        for shard in shards:
            yield from map(str, shard_columns(store, shard, ["sound_uri"])["sound_uri"].to_pylist())
