"""A folder or bucket of recordings as a list of objects, each with the date that it belongs to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from af3core.audio.stamped_dates import stamped_day
from af3core.errors import ConfigurationError, StorageError, UnreadableObject
from af3core.messages import Level, tell
from af3core.storage.address import is_bucket, split_object
from af3core.storage.listing import find_object, list_objects
from beam_jobs.framework.source import SourceUnreachable, is_recording, unreachable
from beam_jobs.framework.withdrawn import NOTHING, WITHDRAWN, Withdrawals
from beam_jobs.night.folder_listing import (
    BROKEN_LINK,
    HIDDEN,
    OUTPUT,
    FolderListing,
    FoundObject,
    look,
)
from beam_jobs.night.packages import joined_packages
from beam_jobs.night.recording_date import Dating, Day, day_of
from beam_jobs.night.sidecars import day_of_sidecar, with_sidecars
from schemas.object_names import path_of_text, text_of_path
from schemas.options import archive
from schemas.records import ArchiveObject, ObjectPart, Recording

_OLD_NS = 2 * 24 * 3600 * 10**9
"""What was changed longer ago is finished; so long that no clock is wrong by as much."""


@dataclass(frozen=True)
class ListingRequest:
    """What is listed.

    Attributes:
        source, corpus, dating: the archive, its corpus, and how its objects are dated.
        since, until: the first and the last archive day.
        settle_s: new files of a folder that change within this time are left for the next plan.
        known: size and last change (ns) of files by address that were planned before.
        sought: size and name, and size and change, of recordings that may have moved to a day
            outside the interval.
        any_suffix: objects whose name says nothing are looked at too.
        follow_links: those that lead out of a folder too.
        hidden: what is withdrawn: its objects are passed over, and none of them is opened.
    """

    source: str
    corpus: str
    dating: Dating
    since: str
    until: str
    settle_s: float = 0.0
    known: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sought: frozenset[tuple[int, str]] = frozenset()
    any_suffix: bool = False
    follow_links: bool = False
    hidden: Withdrawals = NOTHING


@dataclass
class Listing:
    """What a listing met besides recordings: nothing is passed over in silence.

    Attributes:
        passed_over: how many objects are none of the night's, by the day that they would belong
            to (in the interval; empty where they have none) and by reason: a suffix that is no
            recording's, or what they are.
        several_dates: recordings of the interval with more than one date in their path, and what
            these are, the one that counts first.
        recordings: of all days.
        undated, growing, unreadable: addresses; the last of folders too, and of objects whose day
            is not known as they cannot be looked at.
        elsewhere: objects of other days that are sought.
        unread_sidecars: why recordings have no day whose XMP file cannot be read now.
        outputs: addresses of results of this product, which are passed over whole, of no day.
    """

    passed_over: dict[str, Counter[str]] = field(default_factory=dict)
    several_dates: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    recordings: int = 0
    undated: list[str] = field(default_factory=list)
    growing: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    elsewhere: list[ArchiveObject] = field(default_factory=list)
    unread_sidecars: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


def dating_of(given: archive.Dating) -> Dating:
    """How objects are dated, as options say it."""
    return Dating(given.date_from, given.date_pattern or "", given.timezone)


def list_archive(request: ListingRequest, listing: Listing) -> Iterator[ArchiveObject]:
    """Recordings whose date lies in the interval, those that are looked at twice last.

    `listing` is filled on the way. An object is taken for a recording by its suffix, playlists
    included, which later fail by name; with `any_suffix` whatever its name.

    Raises:
        SourceUnreachable: the archive itself cannot be listed.
    """
    looked_at_s, unsettled = 0.0, []
    objects = joined_packages(_objects(request, listing))
    for found in _with_sidecars(objects, request.dating):
        is_named = is_recording(found.name)
        reason = _why_passed_over(found, is_named, request)
        listing.recordings += reason in ("", WITHDRAWN)
        if reason:
            _pass_over(found, reason, request, listing)
            continue
        day = _day_of(found, request.dating, listing)
        if day is None:
            continue
        listed = _archive_object(found, request.corpus, day, any_suffix=not is_named)
        if not request.since <= day.date <= request.until:
            if request.sought and request.sought.intersection(traits(listed)):
                listing.elsewhere.append(listed)
            continue
        if day.others:
            listing.several_dates.append((found.uri, (day.date, *day.others)))
        if _may_grow(found, request):
            unsettled.append(listed)
            looked_at_s = time.monotonic()
        else:
            yield listed
    if unsettled:
        _wait(looked_at_s + request.settle_s - time.monotonic(), len(unsettled))
        yield from _settled(unsettled, listing)


def _why_passed_over(found: FoundObject, is_named: bool, request: ListingRequest) -> str:
    """Empty where it is a recording."""
    if found.passed_over:
        return found.passed_over
    if not is_named and not (request.any_suffix and not found.unreadable):
        is_broken = found.unreadable.startswith("its link")
        return BROKEN_LINK if is_broken else reason_by_name(found.name)
    return WITHDRAWN if request.hidden.covers_object(request.corpus, found.uri) else ""


def _with_sidecars(objects: Iterator[FoundObject], dating: Dating) -> Iterator[FoundObject]:
    """With the XMP files beside them, where these date them: all are known first."""
    return with_sidecars(list(objects)) if dating.rule == "xmp" else objects


def reason_by_name(name: str) -> str:
    """Why an object with such a name is passed over."""
    return PurePosixPath(text_of_path(name)).suffix.lower() or "(no suffix)"


def _pass_over(found: FoundObject, reason: str, request: ListingRequest, listing: Listing) -> None:
    if reason == OUTPUT:
        listing.outputs.append(found.uri)
        listing.passed_over.setdefault("", Counter())[reason] += 1
        return
    dating = Dating("auto", request.dating.pattern, request.dating.timezone)
    if request.dating.rule in ("path", "mtime"):
        dating = request.dating
    day = day_of(found.name, found.updated, dating)
    if day is None or request.since <= day.date <= request.until:
        listing.passed_over.setdefault(day.date if day else "", Counter())[reason] += 1
        tell(f"passed over: {found.uri}: {reason}", Level.DETAIL)


def _day_of(found: FoundObject, dating: Dating, listing: Listing) -> Day | None:
    """The day of an object; why it has none is in the listing."""

    def stamp() -> str | None:
        if found.unreadable:
            return None
        store, key = split_object(found.uri) if is_bucket(found.uri) else (None, "")
        try:
            file = store.open(key) if store else path_of_text(found.uri).open("rb")
            with file:
                stamped = stamped_day(file, dating.rule, dating.timezone)
        except (OSError, StorageError):
            return None  # whoever reads it whole says why
        return stamped or day_of_sidecar(found)

    try:
        day = day_of(found.name, found.updated, dating, stamp)
    except UnreadableObject as error:
        listing.unreadable.append(found.uri)
        listing.unread_sidecars.append(str(error))
        return None
    if day is None:
        (listing.unreadable if found.unreadable else listing.undated).append(found.uri)
    return day


def traits(found: ArchiveObject | Recording) -> set[tuple[int, str]]:
    """By which a moved object is sought before its content is read."""
    name = found.uri.rpartition("/")[2]
    return {(found.size_bytes, name), (found.size_bytes, found.modified_at)}


def _archive_object(found: FoundObject, corpus: str, day: Day, any_suffix: bool) -> ArchiveObject:
    return ArchiveObject(
        uri=found.uri,
        corpus=corpus,
        date=day.date,
        size_bytes=found.size_bytes,
        modified_at=found.updated.isoformat(timespec="milliseconds") if found.updated else "",
        version=found.generation,
        modified_ns=found.modified_ns,
        unreadable=found.unreadable,
        date_rule=day.rule,
        any_suffix=any_suffix,
        parts=found.parts,
    )


def _may_grow(found: FoundObject, request: ListingRequest) -> bool:
    """Whether a file is looked at twice: it is new, and was changed not long ago."""
    if not request.settle_s or not found.modified_ns:
        return False
    if request.known.get(found.uri) == (found.size_bytes, found.modified_ns):
        return False
    return found.modified_ns > time.time_ns() - _OLD_NS


def _wait(seconds: float, files: int) -> None:
    if seconds > 0:
        tell(f"waits {seconds:.0f} s to see whether {files} new files still grow (--settle-min)")
        time.sleep(seconds)


def _settled(looked_at: list[ArchiveObject], listing: Listing) -> Iterator[ArchiveObject]:
    """Files that are what they were at the first look; what is gone meanwhile is left out."""
    for listed in looked_at:
        then: tuple[ArchiveObject | ObjectPart, ...] = listed.parts or (listed,)
        now = [look(path_of_text(one.uri), "") for one in then]
        if not any(now):
            continue
        pairs = zip(then, now, strict=True)
        if all(one is not None and (one.unreadable or _is_same(one, was)) for was, one in pairs):
            yield listed
        else:
            listing.growing.append(listed.uri)


def _is_same(now: FoundObject, then: ArchiveObject | ObjectPart) -> bool:
    return (now.size_bytes, now.modified_ns) == (then.size_bytes, then.modified_ns)


def _objects(request: ListingRequest, listing: Listing) -> Iterator[FoundObject]:
    source = request.source
    if not is_bucket(source):
        root = path_of_text(source)
        yield from FolderListing(root, request.follow_links, listing.unreadable).objects()
        return
    outputs: list[str] = []
    try:
        if is_recording(source):
            only = find_object(source)
            listed = iter([only] if only else [])
        else:
            listed = list_objects(source, outputs)
        for found in listed:
            if not found.name.endswith("/"):
                hidden = any(part.startswith(".") for part in found.name.split("/"))
                yield FoundObject(
                    uri=found.uri,
                    name=found.name,
                    size_bytes=found.size_bytes,
                    updated=found.updated,
                    generation=found.generation,
                    passed_over=HIDDEN if hidden else "",
                )
        for prefix in outputs:
            name = prefix.rstrip("/")
            yield FoundObject(f"{source.rstrip('/')}/{name}", name, passed_over=OUTPUT)
    except ConfigurationError as error:
        raise SourceUnreachable(unreachable(source, str(error))) from error
