"""Publishing: the one way in which objects of tables are replaced.

claim ──► stamps ──► assemble ──► keep what is replaced ──► replace each ──► published
            ▲                                                    │
            └───────────────── another run was first ────────────┘
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from af3core.storage.concurrency import map_concurrently
from af3core.storage.store import Store, retry_on_conflict, update
from beam_jobs.framework.data_facts import count_written
from schemas import layout
from schemas.record_format import RecordError, stored_bytes
from schemas.records import DayReplacement, PublishedDay
from schemas.tables.night_tables import RECORDINGS

Result = TypeVar("Result")

Stamps = Mapping[str, str | None]
"""The states of objects by key, as `Store.stamps` names them; None where there is no object."""


@dataclass(frozen=True)
class Publisher:
    """Who publishes: a run, and the stage whose tables it fills (no two stages share a table)."""

    stage: str
    run_id: str


@dataclass(frozen=True)
class Assembled(Generic[Result]):
    """What one attempt is about to publish.

    Attributes:
        objects: new bytes by key, in the order in which they are replaced; None removes one.
        result: what the writer wants to know of the attempt that was published.
    """

    objects: Mapping[str, bytes | None]
    result: Result


class _Begun(NamedTuple):
    """The stamp of what says that a day is being replaced, and the states that it names."""

    stamp: str
    held: Mapping[str, str]


def publish_objects(
    store: Store,
    claim_key: str,
    publisher: Publisher,
    keys: Callable[[], Iterable[str]],
    assemble: Callable[[Stamps], Assembled[Result]],
) -> Result:
    """Replace objects that other runs may replace too; no run undoes what it has not read.

    The protocol, for every object of a table:

    1. The writer holds the claim, so that runs take turns. This only saves work (`Store.claim`): a
       writer that was stopped for longer than a lease has lost its claim and does not know it.
    2. It reads the stamps of all objects that it may replace, before it reads anything else.
    3. It reads what the rows follow from (tables, manifest, ledger) and assembles all objects. What
       was read before step 2 counts only if the stamps were read before it, and are the same now.
    4. It copies the states that it is about to replace below `superseded/`, and then says so: one
       object per day and stage names the states that are read until the publish ends.
    5. It replaces one object after the other, each only if it still has the stamp of step 2.
    6. It writes the day's object, and removes that of step 4: all is read as it is now.
    7. If an object has another stamp, another run was in between: the writer goes back to step 2
       and uses nothing of what it assembled. Objects that it has replaced already are replaced once
       more.

    So an object always holds what was assembled after the state that it replaced was complete, and
    the last run to publish has seen what all others published. Readers that follow the objects of
    steps 4 and 6 (`beam_jobs.framework.table_snapshot`) see all objects of a call change at once. A
    writer that dies between them leaves its day as it was for them, until the stage is published
    again. Others see each object old or new, and none twice.

    Args:
        store: where the objects lie.
        claim_key: of the claim on these objects.
        publisher: who replaces them.
        keys: gives the keys of all objects that may be replaced; called in each attempt.
        assemble: gives the objects to replace, all or some of `keys`; called in each attempt with
            the stamps of step 2. What it raises leaves all objects as they are.

    Returns:
        The result of the attempt that was published.

    Raises:
        StorageError: other runs replaced the objects in every attempt (`retry_on_conflict` has the
            bound).
    """

    def attempt() -> Assembled[Result] | None:
        stamps = read_stamps(store, keys())
        assembled = assemble(stamps)
        replaced = {key: stamps[key] for key in assembled.objects}
        begun = _begin_replacement(store, publisher, replaced)
        if begun is None or not _replace_each(store, assembled.objects, stamps):
            return None
        _end_replacement(store, publisher, replaced, begun)
        return assembled

    with store.claim(claim_key):
        published = retry_on_conflict(f"objects of {store.address(claim_key)}", attempt)
    count_written(published.objects)
    return published.result


def replaced_states(store: Store, corpus: str, date: str, stage: str) -> dict[str, str]:
    """By key the states that readers take while a stage's objects of a day are replaced; empty
    where none are, and without a stamp where there was no object.

    The holder of the claim reads so what a dead writer was about to replace.
    """
    held = store.read(layout.replacement_key(corpus, date, stage))
    return replacement_of(held).held if held else {}


def begun_keys(store: Store, corpus: str, stage: str) -> dict[str, str]:
    """By key the states that are read of what a writer began to replace that died."""
    marks = [
        key
        for key in store.states([f"published/corpus={corpus}/"])
        if layout.is_replacement(key) and key.endswith(f"/{stage}.json")
    ]
    held: dict[str, str] = {}
    for data in filter(None, store.read_many(marks)):
        held |= replacement_of(data).held
    return held


def readable_keys(stamps: Stamps, held: Mapping[str, str]) -> dict[str, str]:
    """Where the published state of each object is read, by its key; what is not published has none.

    Args:
        stamps: of the objects now.
        held: of `replaced_states`.
    """
    found = {}
    for key, stamp in stamps.items():
        if key not in held and stamp:
            found[key] = key
        elif held.get(key):
            found[key] = layout.superseded_key(key, held[key])
    return found


def replacement_of(data: bytes) -> DayReplacement:
    """What is being replaced; a damaged object says nothing."""
    try:
        return DayReplacement.from_bytes(data)
    except RecordError as error:
        if error.needed_release:
            raise
        return DayReplacement("", "", {})


def other_shards(
    store: Store, tables: Iterable[str], corpus: str, date: str, shard_count: int
) -> list[str]:
    """Keys of a day's shards that are of another count: their rows go into the new ones."""
    prefixes = [layout.partition_prefix(table, corpus, date) for table in tables]
    found = [key for keys in store.walk(prefixes) for key in keys]
    return [key for key in found if layout.shard_count_of(key) not in (None, shard_count)]


def published_shards(store: Store, corpus: str, date: str) -> int | None:
    """How many objects each table of a day is published in; None where it is not published."""
    prefix = layout.partition_prefix(RECORDINGS.name, corpus, date)
    found = Counter(map(layout.shard_count_of, store.children(prefix)))
    counts = {count: shards for count, shards in found.items() if count}
    # of two counts, one may be what a publishing left that was interrupted
    whole = [count for count, shards in counts.items() if shards == count]
    return max(whole or counts, default=None)


def read_stamps(store: Store, keys: Iterable[str]) -> Stamps:
    """The states of objects now."""
    listed = list(keys)
    return dict(zip(listed, store.stamps(listed), strict=True))


def _replace_each(store: Store, objects: Mapping[str, bytes | None], stamps: Stamps) -> bool:
    for key, data in objects.items():
        if data is not None:
            if store.replace(key, data, stamps[key]) is None:
                return False
        elif stamps[key]:
            store.release(key, stamps[key])
            if any(store.exists([key])):
                return False
    return True


def _begin_replacement(
    store: Store, publisher: Publisher, replaced: Stamps
) -> dict[tuple[str, str], _Begun] | None:
    """Copy what is replaced and say so, day by day; gives what was said by day, or None where
    another writer was in between.

    What an earlier writer left that died stays: it names the last states that belong together.
    """
    begun: dict[tuple[str, str], _Begun] = {}
    for day, keys in _by_day(replaced).items():
        mark = layout.replacement_key(*day, publisher.stage)
        [stamp] = store.stamps([mark])
        held = store.read(mark) if stamp else None
        earlier = replacement_of(held).held if held else {}
        fresh = {key: replaced[key] or "" for key in keys if key not in earlier}
        if not _copy_states(store, fresh):
            return None
        now = DayReplacement(publisher.stage, publisher.run_id, fresh | earlier)
        made = store.replace(mark, stored_bytes(now), stamp)
        if made is None:
            return None
        begun[day] = _Begun(made, now.held)
    return begun


def _end_replacement(
    store: Store,
    publisher: Publisher,
    replaced: Stamps,
    begun: Mapping[tuple[str, str], _Begun],
) -> None:
    """All is read as it is now.

    Where an earlier writer died that began to replace more objects than this one, the day stays as
    it was before that, until all of them are published together.
    """
    for day, keys in _by_day(replaced).items():
        tables = dict.fromkeys(sorted({layout.table_of(key) for key in keys}), publisher.run_id)
        # before the other goes: a reader that saw neither sees this one changed
        update(store, layout.published_key(*day), lambda held, t=tables: _published(held, t))  # type: ignore[misc]
        mark = layout.replacement_key(*day, publisher.stage)
        stamp, held = begun[day]
        if not any(store.exists(sorted(held.keys() - replaced.keys()))):
            store.release(mark, stamp)


def _copy_states(store: Store, held: Mapping[str, str]) -> bool:
    """Copy states of objects; False where one is another by now."""

    def copy(key: str) -> bool:
        return store.copy_state(key, held[key], layout.superseded_key(key, held[key]))

    return all(map_concurrently(copy, [key for key, stamp in held.items() if stamp]))


def _published(held: bytes | None, tables: Mapping[str, str]) -> bytes:
    try:
        earlier = PublishedDay.from_bytes(held).tables if held else {}
    except RecordError:
        earlier = {}
    return stored_bytes(PublishedDay(earlier | dict(tables)))


def _by_day(keys: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for key in keys:
        found.setdefault(layout.day_of(key), []).append(key)
    return found
