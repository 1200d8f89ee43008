"""What the archive holds, day by day: one listing of it, whatever the number of days."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import replace

from af3core.errors import Af3Error
from af3core.messages import tell
from beam_jobs.framework.source import SourceUnreachable, check_source
from beam_jobs.framework.withdrawn import state_hash
from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.listing_report import listing_notes
from beam_jobs.night_status.day_status import ListedDay, PlannedDay, PublishedDay
from schemas.records import ArchiveObject

_NAMED_PLACES = 3


class ArchiveNotListed(Af3Error):
    """The archive cannot be listed now, or only in part: what it holds is not known."""


def known_address(source: str) -> str:
    """The address of an archive, as plans hold it.

    Raises:
        ArchiveNotListed: there is none now.
    """
    try:
        return check_source(source, lambda: True)
    except SourceUnreachable as error:
        raise _not_listed(source, error) from error


def listed_days(
    request: ListingRequest,
    published: Mapping[str, PublishedDay],
    planned: Mapping[str, PlannedDay],
    had_recordings: Callable[[], bool],
    let_go: Mapping[str, str] | None = None,
) -> dict[str, ListedDay]:
    """List an archive once, and count its objects against what the tables name.

    An object that is there in another size than the tables say is not named by them, nor one that
    failed and was changed since. Of a day that was let go nothing is missing but what came later.

    Args:
        request: what is listed, and how it is dated.
        published: what the tables name, by day.
        planned: the plans, by day.
        had_recordings: whether the corpus ever had some; asked only where the archive has none.
        let_go: when days were let go for their age, ISO 8601 in UTC, by day.

    Raises:
        ArchiveNotListed: it cannot be listed, or not all of it, or is empty and was not before.
    """
    days: dict[str, ListedDay] = {}
    listing = Listing()
    plans = {day: plan for day, plan in planned.items() if plan.source == request.source}
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    try:
        for found in list_archive(request, listing):
            if _is_refused(found, plans.get(found.date)):
                continue
            is_named = _is_named(found, published.get(found.date), plans.get(found.date), now)
            if not is_named and found.date not in published:
                is_named = found.modified_at <= (let_go or {}).get(found.date, "")
            of_day = days.get(found.date, ListedDay())
            days[found.date] = replace(
                of_day,
                objects=of_day.objects + 1,
                unnamed=of_day.unnamed + (not is_named and not found.any_suffix),
                unnamed_any_suffix=of_day.unnamed_any_suffix + (not is_named and found.any_suffix),
            )
    except SourceUnreachable as error:
        raise _not_listed(request.source, error) from error
    if listing.unreadable:
        first = ", ".join(listing.unreadable[:_NAMED_PLACES])
        more = len(listing.unreadable) - _NAMED_PLACES
        raise ArchiveNotListed(
            f"{request.source}: not all of it can be listed now ({first}"
            f"{f' and {more} more' if more > 0 else ''}), and what a day lacks is not known; check"
            " permissions and mounts, and run it again"
        )
    if not listing.recordings and had_recordings():
        raise ArchiveNotListed(
            f"{request.source}: holds no recordings now, and the corpus had some; check that its"
            " disk, mount or prefix is there, and run it again"
        )
    for note in listing_notes(listing):
        tell(note)
    return days


def _is_refused(found: ArchiveObject, planned: PlannedDay | None) -> bool:
    """Whether the plan knows that an object holds, as it is, what is withdrawn."""
    if planned is None or not planned.refused:
        return False
    return state_hash(found.uri, found.size_bytes) in planned.refused


def _is_named(
    found: ArchiveObject, published: PublishedDay | None, planned: PlannedDay | None, now: str
) -> bool:
    """Whether the tables name an object as it is.

    Of one that a failure alone names they tell no size: the plan before says whether it failed as
    it is. A change of a time to come is none: some clock is wrong.
    """
    if published is None or found.uri not in published.sizes_bytes:
        return False
    size_bytes = published.sizes_bytes[found.uri]
    if size_bytes is not None:
        return size_bytes == found.size_bytes
    if planned is None:
        return True
    is_changed = planned.listed_at < found.modified_at <= now
    return found.uri in planned.failures and not is_changed


def _not_listed(source: str, error: SourceUnreachable) -> ArchiveNotListed:
    why = str(error.__cause__ or error).rstrip(".")
    return ArchiveNotListed(
        f"{source}: the archive cannot be listed now, and what a day lacks is not known ({why});"
        " bring it back or correct the address, and run it again"
    )
