"""What a run came to: the published night beside what was planned, as facts and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from af3core.storage.address import open_store
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests, recordings
from beam_jobs.night import summarise
from beam_jobs.settings import NightSettings
from beam_jobs.sizing import MS_PER_HOUR
from schemas import layout


@dataclass(frozen=True)
class ModelTime:
    """What the model took for the recordings of an interval: by one run, and by all."""

    run_ms: int
    all_ms: int


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Add up the published partitions, compare the cost with the run's plan, write the page."""
    ledger = Ledger(open_store(settings.out))
    summary = summarise(settings)
    plan = ledger.report(settings.corpus, settings.run_id, "plan")
    planned = plan.facts.get("gpu_hours") if plan else None
    model_time = model_time_of(ledger, settings)
    spent = costs(planned, model_time.run_ms, settings.limits.gpu_price)
    page = write_page(ledger, settings, planned, model_time)
    lines = summary.lines()
    if planned is not None:
        lines.append(f"GPU hours   {spent['gpu_hours_used']:.3g} used, {planned:.3g} estimated")
    folder = layout.report_key(settings.corpus, settings.run_id, "report")
    lines += [f"report      {ledger.store.address(folder)}", f"page        {page}"]
    return Outcome(summary.facts() | spent | {"page": page}, lines)


def costs(planned: float | None, model_ms: int, gpu_price: float) -> dict[str, Any]:
    """GPU hours used against the estimate; None where the run has no plan. Pure."""
    used = model_ms / MS_PER_HOUR
    return {
        "gpu_hours_planned": planned,
        "gpu_hours_used": round(used, 4),
        "cost": round(used * gpu_price, 2),
    }


def model_time_of(ledger: Ledger, settings: NightSettings) -> ModelTime:
    """What the model took for the answers, attempts that were killed included."""
    spent = [
        (entry.run_id, entry.model_ms)
        for batch in recordings(manifests(ledger, settings))
        for known in ledger.annotated([recording.recording_id for recording in batch])
        for entries in known.values()
        for entry in entries
    ]
    by_run = sum(model_ms for run_id, model_ms in spent if run_id == settings.run_id)
    return ModelTime(by_run, sum(model_ms for _, model_ms in spent))


def page_of_night(settings: NightSettings) -> str:
    """Write the report of a night that was run without a plan; gives its address."""
    ledger = Ledger(open_store(settings.out))
    return write_page(ledger, settings, None, model_time_of(ledger, settings))


def write_page(
    ledger: Ledger, settings: NightSettings, planned: float | None, model_time: ModelTime
) -> str:
    """Write the night's report as a page beside the tables; gives its address."""
    # draws with matplotlib
    from beam_jobs.night_report.page import night_report
    from beam_jobs.night_report.run_facts import RunFacts

    facts = RunFacts(
        run_id=settings.run_id,
        corpus=settings.corpus,
        since=settings.since,
        until=settings.until,
        gpu_hours_planned=planned,
        gpu_hours_used=model_time.run_ms / MS_PER_HOUR,
        gpu_hours_of_all=model_time.all_ms / MS_PER_HOUR,
        gpu_price=settings.limits.gpu_price,
        rate=ledger.rate(settings.corpus),
    )
    key = layout.report_page_key(settings.corpus, settings.run_id)
    ledger.store.write(key, night_report(settings.out, facts).encode())
    return ledger.store.address(key)


JOB = Job("report", "say what a run published and what it cost against its plan", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.report`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
