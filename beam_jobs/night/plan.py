"""What a night will be, before it costs anything: recordings, hours, what is done, GPU hours.

archive ──► discover ──► manifests ──► against the ledger ──► the plan
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from af3core.audio.cut_points import Segmentation
from af3core.audio.tracks import choose_tracks
from af3core.errors import Af3Error
from af3core.storage.address import store_at
from beam_jobs.evaluation.acceptance_check import check_accepted
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates, manifests, recordings
from beam_jobs.framework.progress import clock
from beam_jobs.framework.settings import FIRST_DATE, LAST_DATE, JobSettings
from beam_jobs.framework.waiting import split_waiting
from beam_jobs.night import discover
from beam_jobs.night.annotate import STAGE as ANNOTATE
from beam_jobs.night.listing_report import findings_facts, findings_lines
from beam_jobs.night.pending_questions import all_questions, pending_questions
from beam_jobs.night.segment import STAGE as SEGMENT
from beam_jobs.night.segment import to_cut
from beam_jobs.night.sizing import gpu_hours, lines, size
from schemas.options.archive import Dating, Results
from schemas.options.evaluation import Accepted
from schemas.options.night import Budget, Sizing
from schemas.records import AnnotatedClip, NightManifest, Recording, SegmentedRecording
from schemas.reports import MeasuredRate


class NothingFound(Af3Error):
    """The archive holds no recording of the interval."""


@dataclass(frozen=True)
class PlannedWork:
    """Recordings and audio of an interval, by what the ledger holds of it.

    Attributes:
        to_cut_ms: declared length of what is not decoded yet; all of it is to be annotated.
        held_ms: audio whose questions are all answered (or given up on).
        to_ask_ms: audio that is cut and waits, by the share of its questions that is open.
    """

    recordings: int = 0
    failures: int = 0
    duration_ms: int = 0
    to_cut_ms: int = 0
    held_ms: int = 0
    to_ask_ms: int = 0


@dataclass(frozen=True)
class Estimate:
    """What the open work costs; `basis` says where the rate comes from."""

    gpu_hours: float
    max_gpu_hours: float | None
    cost: float
    rate: float
    basis: str
    over_budget: bool


def planned_work(
    found: Iterable[NightManifest], ledger: Ledger, settings: JobSettings
) -> PlannedWork:
    """Add up the manifests against the ledger; an equal recording of two dates counts once."""
    plans = list(found)
    retries, asked_again = ledger.retries(SEGMENT), ledger.retries(ANNOTATE)
    work = PlannedWork(failures=sum(len(manifest.failures) for manifest in plans))
    for batch in recordings(plans):
        ids = [recording.recording_id for recording in batch]
        segmented = ledger.segmented(ids, settings.segmentation_hash)
        waiting = to_cut(batch, settings, ledger, retries)
        open_ids = {each.recording.recording_id for each in waiting}
        for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
            if cut is None:
                is_open = recording.recording_id in open_ids
                work = _add(work, _uncut(recording, is_open, settings.segmentation))
            else:
                retry = asked_again.get(recording.recording_id, 0)
                work = _add(work, _cut(cut, known, settings, retry))
    return work


def estimate(work: PlannedWork, budget: Budget, measured: MeasuredRate | None) -> Estimate:
    """GPU hours and cost of what is open, at the measured rate or else the expected one."""
    rate = measured.rate if measured else budget.gpu_rate
    hours = gpu_hours(work.to_cut_ms + work.to_ask_ms, rate)
    return Estimate(
        gpu_hours=round(hours, 4),
        max_gpu_hours=budget.max_gpu_hours,
        cost=round(hours * budget.gpu_price, 2),
        rate=round(rate, 2),
        basis=rate_basis(measured),
        over_budget=budget.max_gpu_hours is not None and hours > budget.max_gpu_hours,
    )


def rate_basis(measured: MeasuredRate | None) -> str:
    """Where a rate comes from."""
    if measured is None:
        return "expected (--gpu-rate); no night was measured yet"
    return f"measured on {measured.measured_at[:10]} over {clock(measured.audio_ms)} of audio"


def size_on_paper(sizing: Sizing, results: Results, budget: Budget) -> list[str]:
    """What an archive of so many hours needs, at the rate that the corpus was annotated with last.

    Args:
        sizing: hours of audio, and the time in which it is to be annotated.
        results: the corpus whose rate counts; without an output folder, the expected one.
        budget: prices.
    """
    measured = Ledger(store_at(results.out)).rate(results.corpus) if results.out else None
    rate = measured.rate if measured else budget.gpu_rate
    sized = size(sizing.hours or 0.0, sizing.window_h, rate, budget, sizing.days)
    return lines(sized, f"at {rate:.3g}x real time, {rate_basis(measured)}")


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Discover the interval and estimate it.

    Raises:
        NotAccepted: `--accepted-in` asks for an accepted model, and this is none.
        SourceUnreachable: the archive cannot be listed.
        RecordingsMissing: too much is gone from it.
        NothingFound: it holds nothing of the interval, and no day was named that is empty then.
    """
    check_accepted(settings)
    counters, findings = discover.discover(settings, beam_arguments)
    ledger = Ledger(settings.store)
    if not manifest_dates(ledger, settings):
        raise NothingFound(
            f"{settings.source}: no recordings from {settings.since} to {settings.until};"
            " check the folder, --since and --until, and how objects are dated (--date-from)"
        )
    work = planned_work(manifests(ledger, settings), ledger, settings)
    cost = estimate(work, settings[Budget], ledger.rate(settings.corpus))
    lines = [f"{name:<11} {value}" for name, value in effective_settings(settings)]
    lines += [*_lines(work, cost, settings[Budget]), *findings_lines(findings)]
    _, waiting = split_waiting(counters)
    return Outcome(asdict(work) | asdict(cost) | findings_facts(findings), lines, waiting)


def effective_settings(settings: JobSettings) -> list[tuple[str, str]]:
    """What the run resolved its options to, for people."""
    cut, engine = settings.segmentation, settings.engine
    weights = f"{engine.checkpoint.name} at {engine.checkpoint.revision[:12]}"
    address = settings[Accepted].accepted_in or ""
    accepted = f"accepted in {address}" if address else "accepted or not (no --accepted-in)"
    return [
        ("run", settings.run_id),
        ("corpus", settings.corpus),
        ("dates", f"{_interval(settings)}, by {_dating(settings[Dating])}"),
        ("source", settings.source),
        ("out", settings.out),
        ("model", f"{weights}, engine {engine.name}, {engine.dtype}, {accepted}"),
        ("tasks", ", ".join(f"{task.task_id} ({task.unit})" for task in settings.tasks)),
        ("cutting", f"clips {cut.max_clip_s:g} s, segments {cut.max_segment_s:g} s{_chosen(cut)}"),
    ]


def _chosen(cut: Segmentation) -> str:
    """What is heard otherwise than unasked."""
    unasked = Segmentation()
    names = ("track", "channels", "silence")
    chosen = [name for name in names if getattr(cut, name) != getattr(unasked, name)]
    return "".join(f", {name} {getattr(cut, name)}" for name in chosen)


def _dating(dating: Dating) -> str:
    by = f"{dating.date_from}, pattern {dating.date_pattern}" if dating.date_pattern else ""
    zone = f" ({dating.timezone})" if dating.timezone != "UTC" else ""
    return f"{by or dating.date_from}{zone}"


def _interval(settings: JobSettings) -> str:
    first = "the first" if settings.since == FIRST_DATE else settings.since
    last = "the last" if settings.until == LAST_DATE else settings.until
    return f"{first} to {last}"


def _uncut(recording: Recording, is_open: bool, cutting: Segmentation) -> PlannedWork:
    declared_ms = recording.media.likely_duration_ms
    to_cut_ms = declared_ms * _channels_to_cut(recording, cutting) if is_open else 0
    return PlannedWork(recordings=1, duration_ms=declared_ms, to_cut_ms=to_cut_ms)


def _channels_to_cut(recording: Recording, cutting: Segmentation) -> int:
    """How often a recording is annotated: once for each channel that is cut by itself."""
    media = recording.media
    if cutting.channels != "each":
        return 1
    if not media.tracks:
        return max(media.channels, 1)
    chosen = choose_tracks(media.tracks, cutting.track).indices
    return max(sum(track.channels for track in media.tracks if track.index in chosen), 1)


def _cut(
    cut: SegmentedRecording,
    known: Mapping[str, Sequence[AnnotatedClip]],
    settings: JobSettings,
    retry: int,
) -> PlannedWork:
    tasks = settings.task_hashes()
    held_ms = to_ask_ms = 0
    for clip in cut.clips:
        asked = len(all_questions(clip, tasks))
        if not asked:
            continue
        missing = len(pending_questions(clip, tasks, known.get(clip.clip_id, ()), retry))
        open_ms = clip.duration_ms * missing // asked
        to_ask_ms += open_ms
        held_ms += clip.duration_ms - open_ms
    return PlannedWork(
        recordings=1,
        duration_ms=cut.decoded_duration_ms,
        held_ms=held_ms,
        to_ask_ms=to_ask_ms,
    )


def _add(one: PlannedWork, other: PlannedWork) -> PlannedWork:
    first, second = asdict(one), asdict(other)
    return PlannedWork(**{name: first[name] + second[name] for name in first})


def _lines(work: PlannedWork, cost: Estimate, budget: Budget) -> list[str]:
    price = f", {cost.cost:.2f} at {budget.gpu_price:g} an hour" if budget.gpu_price else ""
    lines = [
        f"came in     {work.recordings} recordings, {clock(work.duration_ms)} of audio,"
        f" {work.failures} objects that cannot be used",
        f"done        {clock(work.held_ms)} of audio is annotated already",
        f"open        {clock(work.to_cut_ms)} to decode and annotate,"
        f" {clock(work.to_ask_ms)} to annotate",
        f"estimate    {cost.gpu_hours:.3g} GPU hours{price},"
        f" at {cost.rate:g}x real time, {cost.basis}",
    ]
    if cost.over_budget:
        lines.append(f"OVER BUDGET of {budget.max_gpu_hours:g} GPU hours: nothing starts by itself")
    return lines
