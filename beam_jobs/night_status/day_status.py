"""What one archive day holds, and whether it lacks something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.day_status import DayStatus


@dataclass(frozen=True)
class PublishedDay:
    """What the tables say of a day.

    Attributes:
        sizes_bytes: of the objects that they name, by address; None where a failure alone names
            the object, which tells no size.
        failed, waiting: of these objects, how many are given up, and how many wait for a run.
        models: those that answered, as NAME@REVISION, in order.
        last_published: when a run replaced the day last, ISO 8601 in UTC; empty where none did.
    """

    sizes_bytes: Mapping[str, int | None]
    failed: int = 0
    waiting: int = 0
    models: tuple[str, ...] = ()
    last_published: str = ""


@dataclass(frozen=True)
class PlannedDay:
    """What the plan of a day holds.

    Attributes:
        source: the archive that was listed.
        objects: how many objects it names, those that cannot be used among them.
        unpublished: how many of them the tables do not name.
        no_media: objects that were looked at for `any_suffix` alone, and are no media.
        awaits_decision: it is over budget, and tables lack what it names.
        listed_at: when the archive was listed for it, ISO 8601 in UTC.
        failures: addresses of objects that could not be used then.
        refused: objects that hold what is withdrawn, by the hashes of their state.
    """

    source: str
    objects: int
    unpublished: int
    no_media: int
    awaits_decision: bool
    listed_at: str = ""
    failures: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ListedDay:
    """What the archive holds of a day now.

    Attributes:
        objects: how many recordings, by their names or by `any_suffix`.
        unnamed: how many of them the tables do not name, or in another size.
        unnamed_any_suffix: the like, of objects that were taken for `any_suffix` alone.
    """

    objects: int = 0
    unnamed: int = 0
    unnamed_any_suffix: int = 0


def day_status(
    date: str,
    published: PublishedDay | None,
    planned: PlannedDay | None,
    listed: ListedDay | None,
    source: str,
) -> DayStatus:
    """A day of what is known of it. Pure.

    Where the archive that was listed is not the one that the day was planned from, what the plan
    names is missing until the tables name it.

    Args:
        date: YYYY-MM-DD.
        published, planned: None where there is nothing.
        listed: None where the archive has nothing of the day, or was not listed.
        source: the archive that was listed; empty where none was.
    """
    is_elsewhere = planned is not None and planned.source != source
    known = published or PublishedDay({})
    is_listed = bool(source) and (listed is not None or not is_elsewhere)
    found = listed or ListedDay()
    no_media = planned.no_media if planned else 0
    missing = found.unnamed + max(0, found.unnamed_any_suffix - no_media)
    return DayStatus(
        date=date,
        objects=found.objects if is_listed else None,
        planned=planned.objects if planned else None,
        published=len(known.sizes_bytes),
        missing=max(missing, planned.unpublished) if planned and is_elsewhere else missing,
        failed=known.failed,
        waiting=known.waiting,
        awaiting_decision=planned is not None and planned.awaits_decision,
        models=_models(known.models),
        last_published=known.last_published or None,
    )


def _models(names: tuple[str, ...]) -> str | None:
    if not names:
        return None
    return names[0] if len(names) == 1 else f"mixed: {', '.join(names)}"
