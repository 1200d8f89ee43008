"""What a night will be, before it costs anything: recordings, hours, what is done, GPU hours.

archive ──► discover ──► manifests ──► against the ledger ──► the plan
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from af3core.limits import Limits
from beam_jobs import discover
from beam_jobs.annotate import asked_ms
from beam_jobs.asking import ClipWork, all_asks, missing_asks
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests
from beam_jobs.progress import clock
from beam_jobs.segment import is_to_cut
from beam_jobs.settings import FIRST_DATE, LAST_DATE, NightSettings
from beam_jobs.storage import open_store
from schemas.records import NightManifest, Recording
from schemas.reports import MeasuredRate

MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Work:
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


def planned_work(found: Iterable[NightManifest], ledger: Ledger, settings: NightSettings) -> Work:
    """Add up the manifests against the ledger; an equal recording of two dates counts once."""
    work = Work()
    seen: set[str] = set()
    for manifest in found:
        work = _add(work, Work(failures=len(manifest.failures)))
        for recording in manifest.recordings:
            if recording.recording_id not in seen:
                seen.add(recording.recording_id)
                work = _add(work, _work_of(recording, ledger, settings))
    return work


def estimate(work: Work, limits: Limits, measured: MeasuredRate | None) -> Estimate:
    """GPU hours and cost of what is open, at the measured rate or else the expected one."""
    rate = measured.rate if measured else limits.gpu_rate
    gpu_hours = (work.to_cut_ms + work.to_ask_ms) / MS_PER_HOUR / rate
    basis = (
        f"measured on {measured.measured_at[:10]} over {clock(measured.audio_ms)} of audio"
        if measured
        else "expected (--gpu-rate); no night was measured yet"
    )
    return Estimate(
        gpu_hours=round(gpu_hours, 4),
        max_gpu_hours=limits.max_gpu_hours,
        cost=round(gpu_hours * limits.gpu_price, 2),
        rate=round(rate, 2),
        basis=basis,
        over_budget=limits.max_gpu_hours is not None and gpu_hours > limits.max_gpu_hours,
    )


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Discover the interval and estimate it."""
    discover.run(settings, beam_arguments)
    ledger = Ledger(open_store(settings.out))
    work = planned_work(manifests(ledger, settings), ledger, settings)
    cost = estimate(work, settings.limits, ledger.rate(settings.corpus))
    lines = [f"{name:<11} {value}" for name, value in effective_settings(settings)]
    return Outcome(asdict(work) | asdict(cost), [*lines, *_lines(work, cost, settings.limits)])


def effective_settings(settings: NightSettings) -> list[tuple[str, str]]:
    """What the run resolved its options to, for people."""
    cut, engine = settings.segmentation, settings.engine
    weights = f"{engine.checkpoint.name} at {engine.checkpoint.revision[:12]}"
    return [
        ("run", settings.run_id),
        ("corpus", settings.corpus),
        ("dates", f"{_interval(settings)}, by {settings.date_from}"),
        ("source", settings.source),
        ("out", settings.out),
        ("model", f"{weights}, engine {engine.name}, {engine.dtype}"),
        ("tasks", ", ".join(f"{task.task_id} ({task.unit})" for task in settings.tasks)),
        ("cutting", f"clips {cut.max_clip_s:g} s, segments {cut.max_segment_s:g} s"),
    ]


def _interval(settings: NightSettings) -> str:
    first = "the first" if settings.since == FIRST_DATE else settings.since
    last = "the last" if settings.until == LAST_DATE else settings.until
    return f"{first} to {last}"


def _work_of(recording: Recording, ledger: Ledger, settings: NightSettings) -> Work:
    declared_ms = recording.media.declared_duration_ms or 0
    segmented = ledger.segmented(recording.recording_id, settings.segmentation_hash)
    if segmented is None:
        to_cut_ms = declared_ms if is_to_cut(recording, settings, ledger) else 0
        return Work(recordings=1, duration_ms=declared_ms, to_cut_ms=to_cut_ms)
    tasks = settings.task_hashes()
    held_ms = to_ask_ms = 0
    for clip in segmented.clips:
        if not all_asks(clip, tasks):
            continue
        asks = missing_asks(clip, tasks, ledger.annotated(clip.clip_id))
        item = ClipWork(clip, recording.uri, recording.corpus, recording.date, asks)
        to_ask_ms += asked_ms(item, tasks)
        held_ms += clip.duration_ms - asked_ms(item, tasks)
    return Work(
        recordings=1,
        duration_ms=segmented.decoded_duration_ms,
        held_ms=held_ms,
        to_ask_ms=to_ask_ms,
    )


def _add(one: Work, other: Work) -> Work:
    first, second = asdict(one), asdict(other)
    return Work(**{name: first[name] + second[name] for name in first})


def _lines(work: Work, cost: Estimate, limits: Limits) -> list[str]:
    price = f", {cost.cost:.2f} at {limits.gpu_price:g} an hour" if limits.gpu_price else ""
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
        lines.append(f"OVER BUDGET of {limits.max_gpu_hours:g} GPU hours: nothing starts by itself")
    return lines


JOB = Job("plan", "say what came in, what is done already and what the rest costs", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.plan`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.plan import main as named

    raise SystemExit(named())
