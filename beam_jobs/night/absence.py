"""What the archive lacks, held against what was planned and published: a finding, no deletion.

what was found of a day + what it had ──► DayFound ──► over all days: ListingFindings
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from af3core.errors import Af3Error
from beam_jobs.night.earlier_days import EarlierDay
from beam_jobs.night.folder_listing import OUTER_LINK, OUTPUT
from schemas.records import ArchiveObject, Failure, Recording
from schemas.reports import ListingFindings

SOURCE_UNAVAILABLE = "source_unavailable"
"""Flag of a recording that cannot be read now; its rows are those of before."""

_NAMED = 20
"""So many objects with several dates are named."""
FEWEST_MISSING = 3
"""Fewer are an archive's daily life, whatever share of a day they are."""


class RecordingsMissing(Af3Error):
    """So much is gone from the archive that it rather is away than deleted."""


@dataclass(frozen=True)
class ListedSource:
    """What a listing came to as a whole.

    Attributes:
        unreachable: why it could not be made, else empty.
        is_empty: there is no recording of any day.
        unreadable, growing, elsewhere, passed_over, several_dates: as of `Listing`; what has no
            date is passed over too.
    """

    unreachable: str = ""
    is_empty: bool = False
    unreadable: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    elsewhere: tuple[ArchiveObject, ...] = ()
    passed_over: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    several_dates: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class PassedOver:
    """Why an object that was looked at is no recording of the night, and no failure.

    `refused` is what the object is known by as it is, where it holds what is withdrawn.
    """

    reason: str
    refused: str = ""


@dataclass(frozen=True)
class Limits:
    """What may be missing.

    Attributes:
        source: the archive's address.
        had_recordings: the corpus had recordings on any day before.
        max_missing_share: of a day's recordings.
        accepted: the night goes on whatever is gone.
    """

    source: str
    had_recordings: bool
    max_missing_share: float
    accepted: bool


@dataclass(frozen=True)
class Examined:
    """An object of the archive after it was read, or could not be.

    Attributes:
        date: its archive day.
        uri, size_bytes: of the object; -1 where its size is not known.
        found: the recording, or why it is none.
        seen_before: its content was met before, at whatever place.
    """

    date: str
    uri: str
    size_bytes: int
    found: Recording | Failure | PassedOver
    seen_before: bool = False


@dataclass(frozen=True)
class DayFound:
    """A day as it was found, held against the day before.

    Attributes:
        recordings: what was found, and what cannot be read now, as it was.
        failures: objects that cannot be used.
        gone: recordings of before that the day lacks now.
        arrived: recordings that the day lacked before and whose content was met before.
        earlier: how many recordings the day had.
        passed_over: how many objects are no recordings, by reason.
        beside: objects of recordings that are gone, which lie as they were beside this source.
        refused: objects that hold what is withdrawn, by the hashes of their state.
    """

    date: str
    recordings: tuple[Recording, ...]
    failures: tuple[Failure, ...]
    gone: tuple[Recording, ...] = ()
    arrived: tuple[Recording, ...] = ()
    earlier: int = 0
    passed_over: Mapping[str, int] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def summary(self) -> DaySummary:
        """What is held against other days."""
        return DaySummary(
            date=self.date,
            present=tuple(r.recording_id for r in self.recordings),
            unavailable=tuple(r.uri for r in self.recordings if SOURCE_UNAVAILABLE in r.flags),
            gone=self.gone,
            arrived=self.arrived,
            earlier=self.earlier,
            passed_over=self.passed_over,
            beside=self.beside,
            dated_by=Counter(r.date_rule for r in self.recordings if r.date_rule),
        )


@dataclass(frozen=True)
class DaySummary:
    """A day without its recordings' records: those of a long interval are many.

    Attributes:
        present: its recordings by name.
        unavailable: objects that cannot be read now.
        gone, arrived, earlier, passed_over, beside: as of `DayFound`.
        dated_by: how many recordings each rule dated.
    """

    date: str
    present: tuple[str, ...]
    unavailable: tuple[str, ...] = ()
    gone: tuple[Recording, ...] = ()
    arrived: tuple[Recording, ...] = ()
    earlier: int = 0
    passed_over: Mapping[str, int] = field(default_factory=dict)
    dated_by: Mapping[str, int] = field(default_factory=dict)
    beside: tuple[str, ...] = ()


def compare_day(
    date: str, examined: Sequence[Examined], earlier: EarlierDay | None, source: ListedSource
) -> DayFound:
    """Hold what was found of a day against what it had. Pure.

    An object that cannot be read now keeps its recording, with a flag; one whose name holds another
    recording now was replaced, which is no absence.
    """
    found = merge_duplicates(e.found for e in examined if isinstance(e.found, Recording))
    failures = sorted(
        (e.found for e in examined if isinstance(e.found, Failure)), key=lambda f: f.uri
    )
    present = {recording.recording_id for recording in found}
    taken = {uri for recording in found for uri in recording.uris}
    before = {r.recording_id: r for r in earlier.recordings} if earlier else {}
    unread = {
        e.uri: e.size_bytes
        for e in examined
        if isinstance(e.found, Failure) and not e.found.permanent
    }
    kept, gone = [], []
    for recording in before.values():
        if recording.recording_id in present:
            continue
        size_bytes = recording.size_bytes
        if any(_is_unavailable(uri, size_bytes, unread, source) for uri in recording.uris):
            kept.append(_flagged(recording))
        elif not taken.intersection(recording.uris):
            gone.append(recording)
    return DayFound(
        date=date,
        recordings=tuple(sorted((*found, *kept), key=lambda r: r.recording_id)),
        failures=tuple(failures),
        gone=tuple(gone),
        arrived=tuple(
            e.found
            for e in examined
            if isinstance(e.found, Recording)
            and e.seen_before
            and e.found.recording_id not in before
        ),
        earlier=len(before),
        passed_over=_passed_over(date, examined, source),
        refused=tuple(
            sorted(
                e.found.refused
                for e in examined
                if isinstance(e.found, PassedOver) and e.found.refused
            )
        ),
    )


def _passed_over(date: str, examined: Iterable[Examined], source: ListedSource) -> dict[str, int]:
    looked_at = (e.found.reason for e in examined if isinstance(e.found, PassedOver))
    counts = Counter(source.passed_over.get(date, {}))
    counts.update(looked_at)
    return dict(sorted(counts.items()))


def merge_duplicates(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """One recording per content: the first address in order, with the others beside it."""
    by_id: dict[str, Recording] = {}
    for recording in sorted(recordings, key=lambda r: r.uri):
        first = by_id.setdefault(recording.recording_id, recording)
        if first is not recording:
            by_id[recording.recording_id] = dataclasses.replace(
                first, duplicate_uris=(*first.duplicate_uris, recording.uri)
            )
    return tuple(by_id[key] for key in sorted(by_id))


def moves_within(days: Sequence[DaySummary]) -> dict[tuple[str, str], str]:
    """The day that has a recording now, by its day before and the recording. Pure."""
    now = {name: day.date for day in days for name in day.present}
    return {
        (day.date, gone.recording_id): now[gone.recording_id]
        for day in days
        for gone in day.gone
        if gone.recording_id in now
    }


def judge(
    days: Iterable[DaySummary],
    source: ListedSource,
    moved: Mapping[tuple[str, str], str],
    to_plan: Mapping[tuple[str, str], str],
    limits: Limits,
) -> ListingFindings:
    """What a listing came to, and whether it stops the night. Pure.

    Args:
        days: as they were found.
        source: the archive as a whole.
        moved: the day that has a recording now, by its day before and the recording.
        to_plan: the like, where that day is not planned with it yet.
        limits: what may be missing.
    """
    found = sorted(days, key=lambda day: day.date)
    beyond, missing = [], {}
    elsewhere = moved.keys() | to_plan.keys()
    if source.is_empty and limits.had_recordings:
        beyond.append(f"the archive {limits.source} is empty, and had recordings before")
    for day in found:
        gone = [r.uri for r in day.gone if (day.date, r.recording_id) not in elsewhere]
        if gone:
            missing[day.date] = gone
        beside = sorted(set(gone).intersection(day.beside))
        if beside:
            beyond.append(
                f"{len(beside)} of {day.earlier} recordings of {day.date} are not below SOURCE"
                f" {limits.source} and lie where they were (such as {beside[0]}): name a SOURCE"
                " that holds all of them, or another --corpus"
            )
        elif len(gone) >= FEWEST_MISSING and len(gone) > limits.max_missing_share * day.earlier:
            beyond.append(
                f"{len(gone)} of {day.earlier} recordings of {day.date} are gone from the archive"
                f" (such as {gone[0]})"
            )
    return ListingFindings(
        unreachable=source.unreachable,
        beyond_limits=tuple(beyond),
        stopped=bool(source.unreachable or (beyond and not limits.accepted)),
        missing=missing,
        moved=_by_place(moved),
        to_plan=_by_place(to_plan),
        source_unavailable=tuple(uri for day in found for uri in day.unavailable),
        growing=source.growing,
        passed_over=_all_passed_over(found, source),
        dated_by=dict(sorted(_added(day.dated_by for day in found).items())),
        several_dates=len(source.several_dates),
        several_dates_of={uri: list(dates) for uri, dates in source.several_dates[:_NAMED]},
    )


def _all_passed_over(days: Sequence[DaySummary], source: ListedSource) -> dict[str, int]:
    """Those of days, of days without recordings, and of no day."""
    planned = {day.date for day in days}
    others = [counts for day, counts in source.passed_over.items() if day not in planned]
    return dict(sorted(_added([*(day.passed_over for day in days), *others]).items()))


def _added(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _by_place(moved: Mapping[tuple[str, str], str]) -> dict[str, str]:
    return {f"{date}/{name}": to for (date, name), to in sorted(moved.items())}


def missing_error(findings: ListingFindings) -> RecordingsMissing:
    """Why the night stops."""
    links = findings.passed_over.get(OUTER_LINK, 0)
    follow = f" {links} links lead out of the archive: --follow-links takes them." if links else ""
    if OUTPUT in findings.passed_over:
        follow += " Results of af3 lie in the archive; what was planned of them is no recording."
    return RecordingsMissing(
        f"nothing was planned: {'; '.join(findings.beyond_limits)}; what is published stays."
        f"{follow} See that the archive is whole and run it again, or take what is gone out of the"
        " tables with --accept-missing"
    )


def _is_unavailable(
    uri: str, size_bytes: int, unread: Mapping[str, int], source: ListedSource
) -> bool:
    """Whether an object is there and cannot be read now, or nobody can tell.

    Args:
        uri, size_bytes: of the object as it was.
        unread: sizes of what could not be read, -1 where that is not known, by address.
    """
    if any(uri == away or uri.startswith(f"{away}/") for away in source.unreadable):
        return True
    return uri in source.growing or unread.get(uri) in (-1, size_bytes)


def _flagged(recording: Recording) -> Recording:
    flags = dict.fromkeys((*recording.flags, SOURCE_UNAVAILABLE))
    return dataclasses.replace(recording, flags=tuple(flags))
