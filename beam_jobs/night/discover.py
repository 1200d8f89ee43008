"""Job 1: list the archive for a corpus and an interval of dates, hash, probe, write the plan.

manifests' stamps ──► objects ──► hash and probe ──► each date against what it had
                  ──► over all dates: what is missing ──► manifests/corpus=C/date=D.json
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.recorded_plan import record_plan
from beam_jobs.framework.removal_turn import wait_for_removal
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.absence import ListedSource
from beam_jobs.night.day_plans import (
    Met,
    NamedDay,
    day_plan,
    judge_days,
    keep_findings,
    keep_plan,
    listed,
    planned_here,
    stopped,
)
from beam_jobs.night.earlier_days import EarlierDay, PlanState, plan_state
from beam_jobs.night.examination import examine
from beam_jobs.night.listing_report import findings_facts, findings_lines
from schemas.reports import ListingFindings

if TYPE_CHECKING:
    import apache_beam as beam


def build(
    pipeline: beam.Pipeline,
    settings: JobSettings,
    state: PlanState,
    met: Sequence[Met] | None = None,
) -> beam.PCollection[str]:
    """The pipeline; gives the dates that it wrote a manifest for.

    Args:
        met: what `listed` gives, where it is known.
    """
    import apache_beam as beam
    from apache_beam.pvalue import AsList, AsSingleton

    from beam_jobs.framework.pipeline import listed_once, spread

    found = listed_once(pipeline, met, settings, functools.partial(listed, state=state))
    by_kind = found | "Kinds" >> beam.FlatMap(_by_kind).with_outputs(
        "earlier", "source", main="objects"
    )
    source = AsSingleton(by_kind.source)
    examined = spread(by_kind.objects) | "HashAndProbe" >> beam.Map(examine, settings)
    named = pipeline | "Dates" >> beam.Create([(d, NamedDay()) for d in settings.explicit_dates()])
    days = (
        (
            examined | "ByDate" >> beam.Map(lambda found: (found.date, found)),
            by_kind.earlier | "EarlierByDate" >> beam.Map(lambda day: (day.date, day)),
            named,
        )
        | beam.Flatten()
        | beam.GroupByKey()
        | "Compare"
        >> beam.FlatMap(
            lambda pair, source: day_plan(pair[0], list(pair[1]), source, settings), source
        )
    )
    summaries = days | "Summary" >> beam.Map(lambda plan: plan.found.summary())
    judgement = (
        pipeline
        | "Once" >> beam.Create([settings])
        | "Judge" >> beam.Map(judge_days, AsList(summaries), source, state)
        | "Keep" >> beam.Map(keep_findings, settings)
    )
    return days | "Manifest" >> beam.FlatMap(
        lambda plan, judgement: keep_plan(plan, judgement, settings), AsSingleton(judgement)
    )


def _by_kind(met: Met) -> Iterator[Any]:
    from apache_beam.pvalue import TaggedOutput

    if isinstance(met, EarlierDay):
        yield TaggedOutput("earlier", met)
    elif isinstance(met, ListedSource):
        yield TaggedOutput("source", met)
    else:
        yield met


def discover(
    settings: JobSettings, beam_arguments: Sequence[str] = ()
) -> tuple[dict[str, int], ListingFindings]:
    """Run the pipeline; gives its counters and findings. Where the job records a plan, it is kept
    first.

    Raises:
        SourceUnreachable: the archive cannot be listed.
        RecordingsMissing: too much is gone from it.
    """
    if settings.job.records_plan:
        record_plan(settings)
    state = plan_state(settings.store, settings.corpus, settings.since, settings.until)
    counters = _planned(settings, state, beam_arguments)
    wait_for_removal(settings.store)
    findings = Ledger(settings.store).listing(settings.corpus, settings.run_id)
    if findings is None:
        findings = ListingFindings()
    if findings.stopped:
        raise stopped(findings)
    return counters, findings


def _planned(
    settings: JobSettings, state: PlanState, beam_arguments: Sequence[str]
) -> dict[str, int]:
    """Plan the interval: a day of few objects here, all else by a pipeline; gives the counters."""
    met, counters = None, Counter[str]()
    if settings.explicit_dates() == [settings.since] and not names_runner(beam_arguments):
        here = planned_here(settings, state)
        if here.is_planned:
            return here.counters
        met, counters = here.met, Counter(here.counters)
    from beam_jobs.framework.pipeline import run_pipeline

    whole = functools.partial(build, state=state, met=met)
    counters.update(run_pipeline(whole, settings, beam_arguments))
    return dict(counters)


def names_runner(beam_arguments: Sequence[str]) -> bool:
    """Whether Beam's options name a runner: other machines may see what this one does not."""
    return any(argument.startswith("--runner") for argument in beam_arguments)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """As `discover`."""
    counters, findings = discover(settings, beam_arguments)
    found = Outcome.of_counters(counters)
    return Outcome(
        found.facts | findings_facts(findings),
        [*found.lines, *findings_lines(findings)],
        found.waiting,
    )
