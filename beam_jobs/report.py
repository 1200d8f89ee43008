"""What a run came to: the published night beside what was planned, kept with the run's reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from af3core.storage.address import open_store
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifests, recordings
from beam_jobs.night import summarise
from beam_jobs.settings import NightSettings
from beam_jobs.sizing import MS_PER_HOUR
from schemas import layout


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Add up the published partitions, and compare the cost with the plan of the same run."""
    ledger = Ledger(open_store(settings.out))
    summary = summarise(settings)
    plan = ledger.report(settings.corpus, settings.run_id, "plan")
    spent = costs(
        plan.facts.get("gpu_hours") if plan else None,
        model_time_ms(ledger, settings),
        settings.limits.gpu_price,
    )
    lines = summary.lines()
    if spent["gpu_hours_planned"] is not None:
        lines.append(
            f"GPU hours   {spent['gpu_hours_used']:.3g} used,"
            f" {spent['gpu_hours_planned']:.3g} estimated"
        )
    folder = layout.report_key(settings.corpus, settings.run_id, "report")
    return Outcome(summary.facts() | spent, [*lines, f"report      {ledger.store.address(folder)}"])


def costs(planned: float | None, model_ms: int, gpu_price: float) -> dict[str, Any]:
    """GPU hours used against the estimate; None where the run has no plan. Pure."""
    used = model_ms / MS_PER_HOUR
    return {
        "gpu_hours_planned": planned,
        "gpu_hours_used": round(used, 4),
        "cost": round(used * gpu_price, 2),
    }


def model_time_ms(ledger: Ledger, settings: NightSettings) -> int:
    """What the model took for this run's answers, attempts that were killed included."""
    return sum(
        entry.model_ms
        for batch in recordings(manifests(ledger, settings))
        for known in ledger.annotated([recording.recording_id for recording in batch])
        for entries in known.values()
        for entry in entries
        if entry.run_id == settings.run_id
    )


JOB = Job("report", "say what a run published and what it cost against its plan", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.report`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
