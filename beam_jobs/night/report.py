"""What a run came to: the published night beside what was planned, as facts and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from af3core.errors import ConfigurationError
from beam_jobs.corrections.reviewed_answers import reviewed_answers
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates, manifests, recordings
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.listing_report import findings_facts, findings_lines, findings_texts
from beam_jobs.night.quality_reviewed import measure_lines, measure_texts, measured
from beam_jobs.night.replaced_rows import replaced_texts
from beam_jobs.night.sizing import MS_PER_HOUR
from beam_jobs.night.summary import Summary, summarise
from beam_jobs.night_report.published_tables import PublishedTables, find_published
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.options.night import Budget, Run


@dataclass(frozen=True)
class ModelTime:
    """What the model took for the recordings of an interval: by one run, and by all."""

    run_ms: int
    all_ms: int


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Add up the published partitions, compare the cost with the run's plan, write the page.

    Raises:
        ConfigurationError: no job of the run that is named was run here.
    """
    ledger = Ledger(settings.store)
    _check_known(ledger, settings)
    plan = ledger.report(settings.corpus, settings.run_id, "plan")
    outcome = report_night(settings, plan.facts.get("gpu_hours") if plan else None)
    for date in manifest_dates(ledger, settings):
        ledger.report_finished(settings.corpus, date, settings.run_id)
    return outcome


def report_night(
    settings: JobSettings, planned: float | None, page_if_idle: bool = True
) -> Outcome:
    """Add up the published partitions, compare the cost with the plan, write the page.

    Args:
        planned: GPU hours that were estimated, if there is a plan.
        page_if_idle: write the page of a run that asked nothing, too.
    """
    ledger = Ledger(settings.store)
    published = find_published(settings.out, settings.corpus)
    summary = summarise(settings, published.snapshot)
    model_time = model_time_of(ledger, settings)
    spent = costs(planned, model_time.run_ms, settings[Budget].gpu_price)
    lines = summary.lines()
    if planned is not None:
        lines.append(f"GPU hours   {spent['gpu_hours_used']:.3g} used, {planned:.3g} estimated")
    findings = ledger.listing(settings.corpus, settings.run_id)
    lines += findings_lines(findings)
    reviewed = measured(reviewed_answers(settings.out, settings.corpus))
    lines += measure_lines(reviewed)
    key = layout.report_key(settings.corpus, settings.run_id, settings.job.name)
    lines.append(f"report      {ledger.store.address(key)}")
    facts = summary.facts() | spent
    if reviewed:
        facts["reviewed"] = list(map(asdict, reviewed))
    if findings:
        facts["listing"] = findings_facts(findings)
    if page_if_idle or summary.answers_made:
        facts["page"] = write_page(
            ledger, settings, published, planned, model_time, summary, measure_texts(reviewed)
        )
        lines.append(f"page        {facts['page']}")
    return Outcome(facts, lines)


def _check_known(ledger: Ledger, settings: JobSettings) -> None:
    """See that a run that is named has left something, beside reports such as this one."""
    if settings[Run].run_id is None:
        return
    own = layout.report_key(settings.corpus, settings.run_id, "report")
    left = ledger.store.children(f"{own.rpartition('/')[0]}/")
    page = layout.report_page_key(settings.corpus, settings.run_id)
    if not set(left) - {own, page}:
        raise ConfigurationError(
            f"--run-id {settings.run_id}: no job of corpus {settings.corpus} was run under this"
            f" name in {settings.out}; those that published stand in the table runs: "
            + af3("query", "SELECT run_id FROM runs")
        )


def costs(planned: float | None, model_ms: int, gpu_price: float) -> dict[str, Any]:
    """GPU hours used against the estimate; None where the run has no plan. Pure."""
    used = model_ms / MS_PER_HOUR
    return {
        "gpu_hours_planned": planned,
        "gpu_hours_used": round(used, 4),
        "cost": round(used * gpu_price, 2),
    }


def model_time_of(ledger: Ledger, settings: JobSettings) -> ModelTime:
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


def write_page(
    ledger: Ledger,
    settings: JobSettings,
    published: PublishedTables,
    planned: float | None,
    model_time: ModelTime,
    summary: Summary,
    reviewed: Sequence[tuple[str, str]] = (),
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
        gpu_price=settings[Budget].gpu_price,
        rate=ledger.rate(settings.corpus),
        listing=(
            *findings_texts(ledger.listing(settings.corpus, settings.run_id)),
            *summary.equal_texts(),
        ),
        replaced=tuple(replaced_texts(summary.replaced)),
        reviewed=tuple(reviewed),
    )
    key = layout.report_page_key(settings.corpus, settings.run_id)
    ledger.store.write(key, night_report(published, facts).encode())
    return ledger.store.address(key)
