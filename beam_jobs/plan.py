"""What a night will be, before it costs anything: recordings, hours, what is done, GPU hours.

archive ──► discover ──► manifests ──► against the ledger ──► the plan
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from af3core.errors import ConfigurationError
from af3core.limits import Limits
from af3core.storage.address import open_store, store_at
from beam_jobs import discover
from beam_jobs.asking import all_asks, missing_asks
from beam_jobs.evaluations.accepted import check_accepted
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests, recordings
from beam_jobs.progress import clock
from beam_jobs.segment import to_cut
from beam_jobs.settings import FIRST_DATE, LAST_DATE, NightSettings
from beam_jobs.sizing import gpu_hours, lines, size
from schemas.records import AnnotatedClip, NightManifest, Recording, SegmentedRecording
from schemas.reports import MeasuredRate


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
    plans = list(found)
    work = Work(failures=sum(len(manifest.failures) for manifest in plans))
    for batch in recordings(plans):
        ids = [recording.recording_id for recording in batch]
        segmented = ledger.segmented(ids, settings.segmentation_hash)
        open_ids = {recording.recording_id for recording in to_cut(batch, settings, ledger)}
        for recording, cut, known in zip(batch, segmented, ledger.annotated(ids), strict=True):
            if cut is None:
                work = _add(work, _uncut(recording, recording.recording_id in open_ids))
            else:
                work = _add(work, _cut(cut, known, settings))
    return work


def estimate(work: Work, limits: Limits, measured: MeasuredRate | None) -> Estimate:
    """GPU hours and cost of what is open, at the measured rate or else the expected one."""
    rate = measured.rate if measured else limits.gpu_rate
    hours = gpu_hours(work.to_cut_ms + work.to_ask_ms, rate)
    return Estimate(
        gpu_hours=round(hours, 4),
        max_gpu_hours=limits.max_gpu_hours,
        cost=round(hours * limits.gpu_price, 2),
        rate=round(rate, 2),
        basis=rate_basis(measured),
        over_budget=limits.max_gpu_hours is not None and hours > limits.max_gpu_hours,
    )


def rate_basis(measured: MeasuredRate | None) -> str:
    """Where a rate comes from."""
    if measured is None:
        return "expected (--gpu-rate); no night was measured yet"
    return f"measured on {measured.measured_at[:10]} over {clock(measured.audio_ms)} of audio"


def size_on_paper(
    hours: float, window_h: float, days: int, out: str | None, corpus: str, limits: Limits
) -> list[str]:
    """What an archive of so many hours needs, at the rate that the corpus was annotated with last.

    Raises:
        ConfigurationError: an amount is none.
    """
    for option, amount in (("--hours", hours), ("--window-h", window_h), ("--days", days)):
        if not (math.isfinite(amount) and amount > 0):
            raise ConfigurationError(f"{option} {amount:g}: must be more than 0")
    measured = Ledger(store_at(out)).rate(corpus) if out else None
    rate = measured.rate if measured else limits.gpu_rate
    sized = size(hours, window_h, rate, limits, days)
    return lines(sized, f"at {rate:.3g}x real time, {rate_basis(measured)}")


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Discover the interval and estimate it.

    Raises:
        NotAccepted: `--accepted-in` asks for an accepted model, and this is none.
    """
    check_accepted(settings)
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
    address = settings.accepting.accepted_in
    accepted = f"accepted in {address}" if address else "accepted or not (no --accepted-in)"
    return [
        ("run", settings.run_id),
        ("corpus", settings.corpus),
        ("dates", f"{_interval(settings)}, by {settings.date_from}"),
        ("source", settings.source),
        ("out", settings.out),
        ("model", f"{weights}, engine {engine.name}, {engine.dtype}, {accepted}"),
        ("tasks", ", ".join(f"{task.task_id} ({task.unit})" for task in settings.tasks)),
        ("cutting", f"clips {cut.max_clip_s:g} s, segments {cut.max_segment_s:g} s"),
    ]


def _interval(settings: NightSettings) -> str:
    first = "the first" if settings.since == FIRST_DATE else settings.since
    last = "the last" if settings.until == LAST_DATE else settings.until
    return f"{first} to {last}"


def _uncut(recording: Recording, is_open: bool) -> Work:
    declared_ms = recording.media.declared_duration_ms or 0
    return Work(recordings=1, duration_ms=declared_ms, to_cut_ms=declared_ms if is_open else 0)


def _cut(
    cut: SegmentedRecording, known: Mapping[str, Sequence[AnnotatedClip]], settings: NightSettings
) -> Work:
    tasks = settings.task_hashes()
    held_ms = to_ask_ms = 0
    for clip in cut.clips:
        asked = len(all_asks(clip, tasks))
        if not asked:
            continue
        missing = len(missing_asks(clip, tasks, known.get(clip.clip_id, ())))
        open_ms = clip.duration_ms * missing // asked
        to_ask_ms += open_ms
        held_ms += clip.duration_ms - open_ms
    return Work(
        recordings=1,
        duration_ms=cut.decoded_duration_ms,
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
