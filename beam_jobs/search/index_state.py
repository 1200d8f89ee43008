"""What the index was made of, so that it is known when it is behind the tables."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from af3core.errors import ConfigurationError
from af3core.storage.store import Store
from beam_jobs.framework.outputs import no_tables
from beam_jobs.framework.table_snapshot import list_shards
from beam_jobs.output.next_command import af3
from beam_jobs.search.documents import SOURCES, Partition
from beam_jobs.search.search_request import SearchError
from schemas import layout
from schemas.identity import configuration_hash
from schemas.record_format import Record, RecordError, parse_json
from schemas.tables.correction_tables import CORRECTIONS

FORMAT = 2
"""Counts up when an index of before must be made anew."""
_AGE_KNOWN_S = 10.0
"""How old the knowledge may be whether the index is behind the tables."""


@dataclass(frozen=True)
class IndexedPartition(Record):
    """One day of one corpus in the index.

    Attributes:
        stamp: of the objects that it was made of.
        documents: in the index.
        meant: how many of them have a vector of their text, by model.
        corrections: of its recordings, as `corrections_of_days` gives them.
    """

    stamp: str
    documents: int
    meant: dict[str, int] = field(default_factory=dict)
    corrections: str = ""


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


def read_state(store: Store) -> IndexState | None:
    """The state; None where there is no index, or one of an earlier format.

    Raises:
        SearchError: the object is damaged.
    """
    data = store.read(layout.INDEX_STATE_KEY)
    if data is None:
        return None
    try:
        value = parse_json(data)
        if isinstance(value, dict) and value.get("format") != FORMAT:
            return None
        return IndexState.from_json(value)
    except RecordError as error:
        address = store.address(layout.INDEX_STATE_KEY)
        raise SearchError(
            f"{address}: the index cannot be used ({error}); delete it and run {af3('index')} again"
        ) from error


def state_stamp(store: Store) -> str | None:
    """By which a writer replaces the state that it has read after it."""
    [stamp] = store.stamps([layout.INDEX_STATE_KEY])
    return stamp


def partition_stamps(store: Store, corpus: str = "", as_made: bool = False) -> dict[Partition, str]:
    """The partitions of the tables with a stamp of their state, that of their corrections included.

    Args:
        as_made: without corrections.
    """
    below = f"corpus={corpus}/" if corpus else ""
    tables = SOURCES if as_made else (*SOURCES, CORRECTIONS.name)
    states = list_shards(store, [f"tables/{table}/{below}" for table in tables]).stamps
    objects: defaultdict[Partition, list[tuple[str, str]]] = defaultdict(list)
    for key, stamp in states.items():
        objects[Partition(*layout.day_of(key))].append((key, stamp))
    days = sorted(day for day, held in objects.items() if _has_rows(held))
    return {day: configuration_hash(sorted(objects[day])) for day in days}


def _has_rows(objects: Iterable[tuple[str, str]]) -> bool:
    """Whether a day has tables: corrections alone, of recordings that moved since, are no day."""
    return any(layout.table_of(key) != CORRECTIONS.name for key, _ in objects)


def stale_partitions(state: IndexState, tables: Mapping[Partition, str]) -> list[Partition]:
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


def stale_notice(out: str, partitions: Sequence[Partition]) -> str:
    """One line for people."""
    corpora = sorted({partition.corpus for partition in partitions})
    days = sorted({partition.date for partition in partitions})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    count = f"{len(partitions)} day{'s' if len(partitions) > 1 else ''}"
    commands = ", ".join(af3("index", out=out, corpus=corpus) for corpus in corpora)
    return f"the index is behind the tables by {count} ({when}); run {commands}"


class StalenessCheck:
    """Whether the index is behind the tables, looked up beside the searches by a thread.

    Args:
        out: folder or gs:// of the tables.
        store: the same.
    """

    def __init__(self, out: str, store: Store) -> None:
        self._out, self._store = out, store
        self._lock = threading.Lock()
        self._begun_s = 0.0
        self._result: Future[str] | None = None
        self._thread = ThreadPoolExecutor(1, "index-staleness")

    def begin(self) -> None:
        """Begin to find out the first `notice` while other work is done."""
        with self._lock:
            if self._result is None:
                self._submit(time.monotonic())

    def notice(self) -> str:
        """That the index is behind the tables, or nothing; as of some seconds ago at most."""
        with self._lock:
            now_s, earlier = time.monotonic(), self._result
            if earlier is None or now_s - self._begun_s > _AGE_KNOWN_S:
                result = self._submit(now_s)
                if earlier is not None and earlier.done():
                    return earlier.result()
            else:
                result = earlier
        return result.result()

    def _submit(self, now_s: float) -> Future[str]:
        self._begun_s = now_s
        self._result = self._thread.submit(self._compare)
        return self._result

    def _compare(self) -> str:
        state = read_state(self._store)
        late = stale_partitions(state, partition_stamps(self._store)) if state else []
        return stale_notice(self._out, late) if late else ""


def indexed_corpora(store: Store) -> list[str]:
    """The corpora that the index holds days of."""
    state = read_state(store)
    return sorted({partition_of(name).corpus for name in state.partitions}) if state else []


def no_index(out: str, store: Store) -> ConfigurationError:
    """There is none, with the remedy for each corpus."""
    corpora = sorted({partition.corpus for partition in partition_stamps(store)})
    if not corpora:
        return no_tables(out)
    commands = ", ".join(af3("index", out=out, corpus=corpus) for corpus in corpora)
    return ConfigurationError(f"--out {out}: no index there; make it with {commands}")
