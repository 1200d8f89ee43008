"""What the watch of a corpus knows from its earlier looks: what it said, and what it brought.

It lies in Airflow's state store, as a state of the corpus's tables: any machine's task reads and
writes it, and it outlives runs, machines and upgrades.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.context import AssetStateStoreAccessor

log = logging.getLogger(__name__)

_LOOKS, _FAILED, _TROUBLE = "watch", "watch_failed_nights", "watch_trouble"
_KEPT_DAYS = 400


@dataclass(frozen=True)
class DayMemory:
    """What is known of a day that lacked something.

    Attributes:
        lacking_since: when that was seen first, ISO 8601.
        said: of which causes it was said that it is late.
        failed: one of its runs failed.
        brought: how often it was brought to a run for what it lacks now.
        brought_at: when it was, last, ISO 8601.
        brought_for: what it lacked then.
    """

    lacking_since: str
    said: tuple[str, ...] = ()
    failed: bool = False
    brought: int = 0
    brought_at: str = ""
    brought_for: tuple[int, ...] = ()


@dataclass(frozen=True)
class Memory:
    """What is known of a corpus.

    Attributes:
        days: by date.
        backfill_said: of the backfill that runs it was said that it is late.
        idle_looks: at so many looks on end no backfill ran.
    """

    days: Mapping[str, DayMemory] = field(default_factory=dict)
    backfill_said: bool = False
    idle_looks: int = 0

    def with_day(self, day: str, known: DayMemory) -> Memory:
        return replace(self, days={**self.days, day: known})

    def without_day(self, day: str) -> Memory:
        return replace(self, days={d: known for d, known in self.days.items() if d != day})

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: Any) -> Memory:
        """What was kept; nothing where it cannot be read: then some things are said again."""
        try:
            known = json.loads(text)
            days = {day: _day_memory(held) for day, held in known["days"].items()}
            return cls(days, bool(known["backfill_said"]), int(known["idle_looks"]))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            if text is not None:
                log.warning("what the watch knew cannot be read (%s); it begins anew", error)
            return cls()


def _day_memory(held: Mapping[str, Any]) -> DayMemory:
    known = {field.name: held[field.name] for field in fields(DayMemory) if field.name in held}
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    return DayMemory(**values)


class WatchStore:
    """Where it lies: `name` is that of the asset of the corpus's tables."""

    def __init__(self, name: str) -> None:
        self._state = AssetStateStoreAccessor(name=name)

    def memory(self) -> Memory:
        return Memory.from_json(self._state.get(_LOOKS))

    def keep(self, memory: Memory) -> None:
        self._state.set(_LOOKS, memory.to_json())

    def failed_days(self) -> list[str]:
        """The days of which a run failed, as its own notice said."""
        known = self._state.get(_FAILED)
        return [str(day) for day in known] if isinstance(known, list) else []

    def keep_failed_days(self, days: list[str]) -> None:
        kept: list[Any] = sorted(set(days))[-_KEPT_DAYS:]
        self._state.set(_FAILED, kept)

    def trouble(self) -> str:
        """Why the last look failed; empty where it did not."""
        return str(self._state.get(_TROUBLE) or "")

    def keep_trouble(self, why: str) -> None:
        self._state.set(_TROUBLE, why)


def note_failed_day(name: str, day: str) -> None:
    """Keep that a run of a day failed, so that its recovery is said.

    Best effort: the next look finds a run that is still failed itself.
    """
    store = WatchStore(name)
    try:
        store.keep_failed_days([*store.failed_days(), day])
    except AirflowRuntimeError as error:
        log.info("that %s failed could not be kept: %s", day, type(error).__name__)
