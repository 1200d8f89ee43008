"""What the index was made of, so that it is known when it is behind the tables."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from af3core.errors import ConfigurationError
from af3core.storage.store import Store
from beam_jobs.search.documents import SOURCES, Partition
from beam_jobs.search.request import SearchError
from schemas import layout
from schemas.identity import configuration_hash
from schemas.records import Record

FORMAT = 1
"""Counts up when an index of before must be made anew."""


@dataclass(frozen=True)
class IndexedPartition(Record):
    """One day of one corpus in the index.

    Attributes:
        stamp: of the objects that it was made of.
        documents: in the index.
        meant: how many of them have a vector of their text, by model.
    """

    stamp: str
    documents: int
    meant: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class IndexState(Record):
    """The one object that says what the index is; it is replaced last.

    Attributes:
        format: of index and state.
        token: name of the folder that holds the index; another after it was made anew.
        partitions: by the partition's name.
        trained_rows: how many vectors the clusters of each table were found with.
        files: of the index, below its folder; for an index in a bucket.
        retired: files of the state before, which late readers may still fetch.
    """

    format: int
    token: str
    partitions: dict[str, IndexedPartition] = field(default_factory=dict)
    trained_rows: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        held = {
            name: IndexedPartition.from_json(entry) for name, entry in value["partitions"].items()
        }
        lists = {name: tuple(value[name]) for name in ("files", "retired")}
        return cls(**value | lists | {"partitions": held})


def read_state(store: Store) -> IndexState | None:
    """The state; None where there is no index, or one of an earlier format.

    Raises:
        SearchError: the object is damaged.
    """
    data = store.read(layout.INDEX_STATE_KEY)
    if data is None:
        return None
    try:
        value = json.loads(data)
        if isinstance(value, dict) and value.get("format") != FORMAT:
            return None
        return IndexState.from_json(value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        address = store.address(layout.INDEX_STATE_KEY)
        raise SearchError(
            f"{address}: the index cannot be used ({type(error).__name__}); delete it and run"
            " af3 index again"
        ) from error


def published(store: Store, corpus: str = "") -> dict[Partition, str]:
    """The partitions of the tables with a stamp of their state."""
    below = f"corpus={corpus}/" if corpus else ""
    states = store.states([f"tables/{table}/{below}" for table in SOURCES])
    objects: defaultdict[Partition, list[tuple[str, str]]] = defaultdict(list)
    for key, stamp in states.items():
        if layout.shard_count_of(key):
            corpus_part, date_part = key.split("/")[-3:-1]
            partition = Partition(
                corpus_part.removeprefix("corpus="), date_part.removeprefix("date=")
            )
            objects[partition].append((key, stamp))
    return {p: configuration_hash(sorted(held)) for p, held in sorted(objects.items())}


def behind(state: IndexState, tables: Mapping[Partition, str]) -> list[Partition]:
    """The partitions that were published, changed or removed since they were indexed."""
    changed = {
        partition
        for partition, stamp in tables.items()
        if (held := state.partitions.get(partition.name)) is None or held.stamp != stamp
    }
    names = {partition.name for partition in tables}
    removed = {partition_of(name) for name in state.partitions if name not in names}
    return sorted(changed | removed)


def partition_of(name: str) -> Partition:
    """The partition of a name."""
    corpus, date = name.split("/")
    return Partition(corpus.removeprefix("corpus="), date.removeprefix("date="))


def behind_notice(out: str, partitions: Sequence[Partition]) -> str:
    """One line for people."""
    corpora = sorted({partition.corpus for partition in partitions})
    days = sorted({partition.date for partition in partitions})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    count = f"{len(partitions)} day{'s' if len(partitions) > 1 else ''}"
    commands = ", ".join(f"af3 index --out {out} --corpus {corpus}" for corpus in corpora)
    return f"the index is behind the tables by {count} ({when}); run {commands}"


def no_index(out: str, store: Store) -> ConfigurationError:
    """There is none, with the remedy for each corpus."""
    corpora = sorted({partition.corpus for partition in published(store)})
    if not corpora:
        return ConfigurationError(f"--out {out}: no tables there; run af3 annotate first")
    commands = ", ".join(f"af3 index --out {out} --corpus {corpus}" for corpus in corpora)
    return ConfigurationError(f"--out {out}: no index there; make it with {commands}")
