"""What a night will be, before it costs anything: recordings, hours, what is done, GPU hours.

archive ──► discover ──► manifests ──► against the ledger ──► the plan
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from af3core.audio.cut_points import Segmentation
from af3core.errors import Af3Error
from af3core.storage.address import store_at
from beam_jobs.evaluation.acceptance_check import check_accepted
from beam_jobs.framework.data_facts import note_read
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates, manifests
from beam_jobs.framework.progress import clock
from beam_jobs.framework.settings import FIRST_DATE, LAST_DATE, JobSettings
from beam_jobs.framework.waiting import split_waiting
from beam_jobs.night import discover
from beam_jobs.night.finished_day import NothingToDo, nothing_to_do
from beam_jobs.night.listing_report import findings_facts, findings_lines
from beam_jobs.night.planned_work import PlannedWork, planned_work
from beam_jobs.night.sizing import gpu_hours, lines, size
from schemas.options.archive import Dating, Results
from schemas.options.evaluation import Accepted
from schemas.options.night import Budget, Sizing
from schemas.reports import MeasuredRate

_QUIET_LINES: dict[NothingToDo, list[str]] = {
    "": [],
    "empty": ["to do       nothing: no recordings, and nothing is published"],
    "finished": ["to do       nothing: all of this is published, as it is"],
}


class NothingFound(Af3Error):
    """The archive holds no recording of the interval."""


@dataclass(frozen=True)
class Estimate:
    """What the open work costs; `basis` says where the rate comes from."""

    gpu_hours: float
    max_gpu_hours: float | None
    cost: float
    rate: float
    basis: str
    over_budget: bool


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
    planned = list(manifests(ledger, settings))
    note_read(planned)
    work = planned_work(planned, ledger, settings)
    cost = estimate(work, settings[Budget], ledger.rate(settings.corpus))
    lines = [f"{name:<11} {value}" for name, value in effective_settings(settings)]
    lines += [*_lines(work, cost, settings[Budget]), *findings_lines(findings)]
    _, waiting = split_waiting(counters)
    quiet: NothingToDo = ""
    if len(planned) == 1 and not waiting:
        quiet = nothing_to_do(planned[0], findings, work, ledger, settings)
    lines += _QUIET_LINES[quiet]
    facts = asdict(work) | asdict(cost) | findings_facts(findings) | {"nothing_to_do": quiet}
    return Outcome(facts, lines, waiting)


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
        ("model", f"{weights}, engine {engine.label}, {engine.dtype}, {accepted}"),
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


def _lines(work: PlannedWork, cost: Estimate, budget: Budget) -> list[str]:
    price = f", {cost.cost:.2f} at {budget.gpu_price:g} an hour" if budget.gpu_price else ""
    lines = [
        f"came in     {work.recordings} recordings, {clock(work.duration_ms)} of audio,"
        f" {work.failures} objects that cannot be used",
        *_equal_lines(work),
        f"done        {clock(work.held_ms)} of audio is annotated already",
        f"open        {clock(work.to_cut_ms)} to decode and annotate,"
        f" {clock(work.to_ask_ms)} to annotate",
        f"estimate    {cost.gpu_hours:.3g} GPU hours{price},"
        f" at {cost.rate:g}x real time, {cost.basis}",
    ]
    if cost.over_budget:
        lines.append(f"OVER BUDGET of {budget.max_gpu_hours:g} GPU hours: nothing starts by itself")
    return lines


def _equal_lines(work: PlannedWork) -> list[str]:
    if not work.taken_over:
        return []
    return [
        f"equal sound {work.taken_over} of them, {clock(work.taken_over_ms)} of audio, take over"
        " what others of the same sound are answered"
    ]
