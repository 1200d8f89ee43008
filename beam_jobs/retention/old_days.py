"""Published days that are older than a corpus's rule: found, and let go whole."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from af3core.storage.concurrency import map_concurrently
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store, StoredObject
from beam_jobs.framework.days_let_go import days_let_go
from schemas import layout
from schemas.record_format import stored_bytes
from schemas.retention_records import DayLetGo
from schemas.tables.derived_tables import ALL_TABLES


@dataclass(frozen=True)
class OldDay:
    """A day that goes.

    Attributes:
        objects: with their states when it was found old, in the order in which they go: what says
            that the day is published comes first, its plan last.
        begun: an earlier run began to let it go, and was stopped.
    """

    date: str
    objects: tuple[StoredObject, ...]
    begun: bool = False


def old_days(store: Store, corpus: str, old_s: float) -> list[OldDay]:
    """The days of a corpus that were last published before a moment, and those that an earlier run
    left in part, in order.

    Args:
        old_s: the moment, by the storage's clock.

    Raises:
        StorageError: the storage is in trouble.
    """
    published = {
        layout.day_of(each.key)[1]: each
        for each in store.stored(f"published/corpus={corpus}/")
        if not layout.is_replacement(each.key)
    }
    begun = {
        date: datetime.datetime.fromisoformat(record.let_go_at).timestamp()
        for date, record in days_let_go(store, corpus).items()
    }
    limits = {date: old_s for date, day in published.items() if day.changed_s < old_s}
    # what is younger than the record is of a later run, and has its own time
    limits |= {date: at for date, at in begun.items() if date not in published}
    held = _objects_by_date(store, corpus) if limits else {}
    found = []
    for date, limit_s in sorted(limits.items()):
        own = [published[date]] if date in published else []
        others = [
            each for each in held.get(date, ()) if date in published or each.changed_s <= limit_s
        ]
        if own or others:
            found.append(OldDay(date, (*own, *others), date in begun))
    return found


def let_go(store: Store, corpus: str, day: OldDay, tables_days: int) -> int:
    """Remove the objects of a day, in the states in which it was found old; gives how many went.

    A day that was published meanwhile stays.

    Raises:
        StorageError: the storage is in trouble, or refuses; the next run goes on.
    """
    at = datetime.datetime.fromtimestamp(store.now_s(), datetime.UTC).isoformat(
        timespec="milliseconds"
    )
    record = DayLetGo(corpus, day.date, at, tables_days)
    key = layout.day_let_go_key(corpus, day.date)
    first = day.objects[0]
    is_published = first.key.startswith("published/")
    if is_published or not day.begun:
        store.write(key, stored_bytes(record))
    if is_published and not store.release(first.key, first.stamp):
        return 0
    rest = [each for each in day.objects if each is not first or not is_published]
    gone = int(is_published)
    for group in _in_order(rest):
        gone += sum(map_concurrently(lambda each: store.release(each.key, each.stamp), group))
    if isinstance(store, FolderStore):
        store.remove_empty_folders([each.key for each in day.objects])
    return gone


def _in_order(objects: Iterable[StoredObject]) -> list[list[StoredObject]]:
    """Tables before plans: killed in between, what is left is still named."""
    listed = list(objects)
    plans = [each for each in listed if each.key.startswith(layout.MANIFESTS_PREFIX)]
    others = [each for each in listed if not each.key.startswith(layout.MANIFESTS_PREFIX)]
    return [group for group in (others, plans) if group]


def _objects_by_date(store: Store, corpus: str) -> Mapping[str, list[StoredObject]]:
    """Shards, replaced shards, plans and audits of a corpus, by day."""
    prefixes = [
        *(layout.partitions_prefix(table.name, corpus) for table in ALL_TABLES),
        *(f"superseded/{table.name}/corpus={corpus}/" for table in ALL_TABLES),
        f"published/corpus={corpus}/",
        layout.manifest_prefix(corpus),
        f"manifests/finished/corpus={corpus}/",
        f"audits/corpus={corpus}/",
    ]
    found: dict[str, list[StoredObject]] = {}
    for prefix in prefixes:
        for each in store.stored(prefix):
            _, marked, rest = each.key.partition("/date=")
            date = rest[:10]
            if marked and not (
                each.key.startswith("published/") and each.key.endswith("/day.json")
            ):
                found.setdefault(date, []).append(each)
    return found
