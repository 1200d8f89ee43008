"""What the archive holds, day by day: one listing of it, whatever the number of days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from af3core.errors import Af3Error
from af3core.messages import tell
from beam_jobs.framework.source import SourceUnreachable, check_source
from beam_jobs.night.archive_listing import Listing, ListingRequest, list_archive
from beam_jobs.night.listing_report import listing_notes
from beam_jobs.night_status.day_status import ListedDay, PublishedDay

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
    had_recordings: Callable[[], bool],
) -> dict[str, ListedDay]:
    """List an archive once, and count its objects against what the tables name.

    An object that is there in another size than the tables say is not named by them.

    Args:
        request: what is listed, and how it is dated.
        published: what the tables name, by day.
        had_recordings: whether the corpus ever had some; asked only where the archive has none.

    Raises:
        ArchiveNotListed: it cannot be listed, or not all of it, or is empty and was not before.
    """
    days: dict[str, ListedDay] = {}
    listing = Listing()
    try:
        for found in list_archive(request, listing):
            known = published.get(found.date, PublishedDay({})).sizes_bytes
            is_named = found.uri in known and known[found.uri] in (None, found.size_bytes)
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


def _not_listed(source: str, error: SourceUnreachable) -> ArchiveNotListed:
    why = str(error.__cause__ or error).rstrip(".")
    return ArchiveNotListed(
        f"{source}: the archive cannot be listed now, and what a day lacks is not known ({why});"
        " bring it back or correct the address, and run it again"
    )
