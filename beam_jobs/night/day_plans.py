"""One archive day against what it had: what is listed, compared, judged and kept as its plan.

Without Beam: what a pipeline does for an interval, a process does alone for a day of few objects.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from af3core.errors import Af3Error, UnreadableObject
from af3core.messages import tell
from af3core.storage.store import retry_on_conflict
from beam_jobs.framework.counters import counted_here
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.recorded_plan import identity_of_plan, plan_of
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.source import SourceUnreachable, lies_beside
from beam_jobs.framework.waiting import count_waiting
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.night.absence import (
    DayFound,
    DaySummary,
    Examined,
    Limits,
    ListedSource,
    compare_day,
    judge,
    missing_error,
    moves_within,
)
from beam_jobs.night.archive_listing import (
    Listing,
    ListingRequest,
    dating_of,
    list_archive,
    traits,
)
from beam_jobs.night.earlier_days import (
    EarlierDay,
    PlanState,
    earlier_day,
    had_recordings,
    plan_state,
)
from beam_jobs.night.examination import examine
from beam_jobs.night.folder_listing import OUTPUT
from beam_jobs.night.listing_report import (
    NO_DATE,
    listing_notes,
)
from beam_jobs.night.moves import Arrival, arrivals_from, elsewhere_now, leave_day
from schemas.object_names import path_of_text
from schemas.options.archive import (
    AcceptMissing,
    Dating,
    Holdings,
    MissingLimit,
    Settling,
    Sharding,
)
from schemas.records import ArchiveObject, MovedRecording, NightManifest, WithdrawnRecording
from schemas.reports import ListingFindings

FEW_OBJECTS, FEW_BYTES = 32, 1 << 30
"""Of a day that is planned without a pipeline: Beam's import alone takes 1.5 s of a core."""

Met = ArchiveObject | EarlierDay | ListedSource
"""What a listing gives."""


@dataclass(frozen=True)
class NamedDay:
    """Says that a day is planned, whatever is found of it."""


@dataclass(frozen=True)
class DayPlan:
    """A day as it was found, and as it was before."""

    found: DayFound
    earlier: EarlierDay | None


@dataclass(frozen=True)
class Judgement:
    """What the listing came to over all days.

    Attributes:
        findings: for people.
        moved_to: the day that has a recording now, by its day before and the recording.
        to_plan: where a recording is now, by the same; it waits there to be planned.
        arrived: recordings that a day outside the interval had before.
    """

    findings: ListingFindings
    moved_to: dict[tuple[str, str], str]
    to_plan: dict[tuple[str, str], ArchiveObject]
    arrived: tuple[Arrival, ...] = ()


@dataclass(frozen=True)
class MetHere:
    """What this process listed of a day.

    Attributes:
        met: its objects, the day as it was, and the source as a whole.
        counters: of the listing, and of the plan.
        is_planned: whether the day is planned with it.
    """

    met: tuple[Met, ...]
    counters: dict[str, int]
    is_planned: bool


def listed(settings: JobSettings, state: PlanState) -> Iterator[Met]:
    """The objects of the interval; beside them its days as they were, and the source as a whole,
    which comes last.
    """
    ledger = Ledger(settings.store)
    days = sorted({*state.stamps, *state.shards})
    earlier = []
    for day in days:
        if settings.since <= day <= settings.until:
            earlier.append(earlier_day(ledger, settings.corpus, day, state))
            yield earlier[-1]
    listing = Listing()
    request = listing_request(settings, earlier)
    del earlier
    try:
        yield from list_archive(request, listing)
    except SourceUnreachable as error:
        yield ListedSource(unreachable=str(error))
        return
    for note in listing_notes(listing):
        tell(note)
    for folder in listing.unreadable:
        count_waiting(settings.job.name, UnreadableObject(f"{folder}: cannot be listed"))
    yield listed_source(listing)


def listing_request(settings: JobSettings, earlier: Sequence[EarlierDay]) -> ListingRequest:
    """What is listed, and what is known of it."""
    known = [recording for day in earlier for recording in day.recordings]
    is_one_file = os.path.isfile(path_of_text(settings.source))
    return ListingRequest(
        source=settings.source,
        corpus=settings.corpus,
        dating=dating_of(settings[Dating]),
        since=settings.since,
        until=settings.until,
        settle_s=0.0 if is_one_file else settings[Settling].settle_min * 60,
        known={r.uri: (r.size_bytes, r.modified_ns) for r in known},
        sought=frozenset(trait for recording in known for trait in traits(recording)),
        any_suffix=settings[Holdings].any_suffix,
        follow_links=settings[Holdings].follow_links,
        hidden=withdrawals(settings.store),
    )


def listed_source(listing: Listing) -> ListedSource:
    """What a listing came to as a whole."""
    return ListedSource(
        is_empty=not listing.recordings and not listing.unreadable,
        unreadable=tuple(listing.unreadable),
        growing=tuple(listing.growing),
        elsewhere=tuple(listing.elsewhere),
        passed_over=_with_undated(listing),
        several_dates=tuple(listing.several_dates),
    )


def _with_undated(listing: Listing) -> dict[str, dict[str, int]]:
    counts = {day: dict(by_reason) for day, by_reason in listing.passed_over.items()}
    if listing.undated:
        counts.setdefault("", {})[NO_DATE] = len(listing.undated)
    return counts


def day_plan(
    date: str,
    met: Sequence[Examined | EarlierDay | NamedDay],
    source: ListedSource,
    settings: JobSettings,
) -> Iterator[DayPlan]:
    """What was found of a day against what it had.

    A day of which nothing is found is the archive's loss only where the archive had it: an output
    may hold days of several folders.
    """
    examined = [one for one in met if isinstance(one, Examined)]
    earlier = next((one for one in met if isinstance(one, EarlierDay)), None)
    is_named = any(isinstance(one, NamedDay) for one in met)
    had_it = earlier and earlier.manifest and earlier.manifest.source == settings.source
    if examined or is_named or had_it:
        found = compare_day(date, examined, earlier, source)
        beside = (r for r in found.gone if lies_beside(settings.source, r.uri, r.size_bytes))
        yield DayPlan(replace(found, beside=tuple(r.uri for r in beside)), earlier)


def judge_days(
    settings: JobSettings, days: Sequence[DaySummary], source: ListedSource, state: PlanState
) -> Judgement:
    """What the listing came to over all days, and whether it stops the night."""
    ledger = Ledger(settings.store)
    moved, to_plan = moves_within(days), {}
    others = [day for day in state.stamps if not settings.since <= day <= settings.until]
    elsewhere = elsewhere_now(days, source, ledger)
    for place in [(day.date, gone.recording_id) for day in days for gone in day.gone]:
        found = elsewhere.get(place[1])
        if found is None or place in moved:
            continue
        if found.date in others and _is_planned(place[1], found.date, settings, ledger):
            moved[place] = found.date
        else:
            to_plan[place] = found
    limits = Limits(
        source=settings.source,
        had_recordings=source.is_empty and had_recordings(state, settings.corpus, ledger),
        max_missing_share=settings[MissingLimit].max_missing_share,
        accepted=settings[AcceptMissing].accept_missing,
    )
    findings = judge(days, source, moved, {k: v.date for k, v in to_plan.items()}, limits)
    arrived = () if findings.stopped else arrivals_from(days, others, settings.corpus, ledger)
    return Judgement(findings, moved, to_plan, tuple(arrived))


def _is_planned(recording: str, date: str, settings: JobSettings, ledger: Ledger) -> bool:
    manifest = ledger.manifest(settings.corpus, date)
    return manifest is not None and any(r.recording_id == recording for r in manifest.recordings)


def keep_findings(judgement: Judgement, settings: JobSettings) -> Judgement:
    """Keep what the listing came to beside the run's reports."""
    findings = judgement.findings
    Ledger(settings.store).put_listing(settings.corpus, settings.run_id, findings)
    return judgement


def keep_plan(plan: DayPlan, judgement: Judgement, settings: JobSettings) -> Iterator[str]:
    """Write the plan of one date, unless the night stops; gives the date.

    Where another run planned it since the manifests' stamps were read, the date is listed again.
    """
    if judgement.findings.stopped:
        return
    date = plan.found.date
    ledger = Ledger(settings.store)
    if not _keep(plan, judgement, settings, ledger):
        one_day = replace(settings, since=date, until=date)
        retry_on_conflict(f"the plan of {date}", lambda: _plan_again(date, one_day) or None)
    for moved_from in {a.moved_from for a in judgement.arrived if a.date == date}:
        there = [a for a in judgement.arrived if a.moved_from == moved_from and a.date == date]
        leave_day(ledger, settings.corpus, moved_from, there)
    yield date


def _plan_again(date: str, settings: JobSettings) -> bool:
    """List, examine and plan one date; False where another run was in between once more.

    Raises:
        Af3Error: too much is missing meanwhile.
    """
    state = plan_state(settings.store, settings.corpus, date, date)
    plan, judgement = _one_day(date, list(listed(settings, state)), state, settings)
    if judgement.findings.stopped:
        raise stopped(judgement.findings)
    return _keep(plan, judgement, settings, Ledger(settings.store))


def _one_day(
    date: str,
    met: Sequence[Met],
    state: PlanState,
    settings: JobSettings,
) -> tuple[DayPlan, Judgement]:
    """A date that is planned, whatever was found of it, by this process alone."""
    source = next((one for one in met if isinstance(one, ListedSource)), ListedSource())
    found = [
        examine(one, settings) if isinstance(one, ArchiveObject) else one
        for one in met
        if not isinstance(one, ListedSource)
    ]
    [plan] = day_plan(date, [NamedDay(), *found], source, settings)
    return plan, judge_days(settings, [plan.found.summary()], source, state)


def _keep(plan: DayPlan, judgement: Judgement, settings: JobSettings, ledger: Ledger) -> bool:
    stamp = plan.earlier.stamp if plan.earlier else None
    return ledger.replace_manifest(manifest_of(plan, judgement, settings), stamp)


def manifest_of(plan: DayPlan, judgement: Judgement, settings: JobSettings) -> NightManifest:
    """The manifest of a day; what a plan before decided for good stays."""
    found, earlier = plan.found, plan.earlier
    before = earlier.manifest if earlier else None
    configuration = identity_of_plan(plan_of(settings)) if settings.job.records_plan else ""
    waiting = [
        replace(gone, uri=there.uri, duplicate_uris=(), version=there.version, parts=there.parts)
        for gone in found.gone
        if (there := judgement.to_plan.get((found.date, gone.recording_id)))
    ]
    stays = {recording.recording_id for recording in waiting}
    withdrawn = [
        WithdrawnRecording(
            gone.recording_id,
            gone.uri,
            judgement.moved_to.get((found.date, gone.recording_id), ""),
        )
        for gone in found.gone
        if gone.recording_id not in stays
    ]
    return NightManifest(
        corpus=settings.corpus,
        date=found.date,
        source=settings.source,
        run_id=settings.run_id,
        listed_at=settings.started_at,
        shards=(earlier.shards if earlier else None) or settings[Sharding].shards,
        # `discover` alone knows no model and no tasks
        configuration=configuration or (before.configuration if before else ""),
        recordings=tuple(sorted((*found.recordings, *waiting), key=lambda r: r.recording_id)),
        failures=found.failures,
        withdrawn=tuple(withdrawn),
        arrived=_arrived(plan, judgement),
        passed_over={**found.passed_over, **_outputs(judgement)},
        refused=found.refused,
    )


def _outputs(judgement: Judgement) -> dict[str, int]:
    """How many outputs were passed over: they belong to no day, and so to the runs of each."""
    passed_over = judgement.findings.passed_over
    return {OUTPUT: passed_over[OUTPUT]} if OUTPUT in passed_over else {}


def _arrived(plan: DayPlan, judgement: Judgement) -> tuple[MovedRecording, ...]:
    """Recordings that other days had before, those of earlier plans until they are published."""
    date = plan.found.date
    arrived = [MovedRecording(n, day) for (day, n), to in judgement.moved_to.items() if to == date]
    arrived += [
        MovedRecording(a.recording_id, a.moved_from) for a in judgement.arrived if a.date == date
    ]
    present = {r.recording_id for r in plan.found.recordings}
    known = plan.earlier.arrived if plan.earlier else ()
    arrived += [moved for moved in known if moved.recording_id in present]
    return tuple(dict.fromkeys(arrived))


def stopped(findings: ListingFindings) -> Af3Error:
    """Why nothing was planned."""
    if findings.unreachable:
        return SourceUnreachable(findings.unreachable)
    return missing_error(findings)


def planned_here(settings: JobSettings, state: PlanState) -> MetHere:
    """Plan the day of an interval of one day in this process, where it has few objects.

    Returns:
        What was listed, with the counters of that and of the plan, if it was made: more objects
        are a pipeline's.

    Raises:
        Af3Error: the plan cannot be kept.
    """
    with counted_here() as counters:
        met = list(listed(settings, state))
        objects = [one for one in met if isinstance(one, ArchiveObject)]
        size_bytes = sum(max(found.size_bytes, 0) for found in objects)
        if len(objects) > FEW_OBJECTS or size_bytes > FEW_BYTES:
            return MetHere(tuple(met), dict(counters), is_planned=False)
        plan, judgement = _one_day(settings.since, met, state, settings)
        keep_findings(judgement, settings)
        for _ in keep_plan(plan, judgement, settings):
            pass
    return MetHere(tuple(met), dict(counters), is_planned=True)
