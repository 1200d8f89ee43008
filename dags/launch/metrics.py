"""What a job's report says in numbers, through Airflow's own metrics: StatsD or OpenTelemetry.

Every metric is declared here once. Airflow decides whether and where they go (`[metrics]`); where
it sends none, nothing happens. All are gauges: the last report of a corpus counts.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk.observability import stats

from schemas.reports import JobReport

PREFIX = "af3"
CORPUS, RUN_TYPE, TASK, PART = "corpus", "run_type", "task", "part"
"""Tags. The name of the job is `task`: Prometheus gives each series a label `job` of its own."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TaskRun:
    """What Airflow knows of the task that a report is of.

    Attributes:
        run_type: Airflow's: scheduled, backfill, manual, …
        begun: when the run began: what Airflow calls due is its archive day.
        part: which part of the job, from 0; None where it has no parts.
    """

    run_type: str
    begun: datetime.datetime | None = None
    part: int | None = None


Measure = Callable[[JobReport, TaskRun], float | None]
"""A report's value; None where it has none."""


@dataclass(frozen=True)
class Metric:
    """A gauge.

    Attributes:
        name: below `PREFIX`, with its unit.
        meaning: for the page of metrics.
        value: of a report.
        tags: beside corpus and run_type.
        jobs: whose reports have it; empty are all.
    """

    name: str
    meaning: str
    value: Measure
    tags: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()

    @property
    def sent_as(self) -> str:
        """The name that Airflow sends, behind its own prefix."""
        return f"{PREFIX}.{self.name}"

    @property
    def prometheus_name(self) -> str:
        """The name in Prometheus, by `infra/monitoring/statsd-mapping.yml`."""
        return f"{PREFIX}_{self.name}"


@dataclass(frozen=True)
class Sample:
    """A value to be sent."""

    name: str
    value: float
    tags: Mapping[str, str]


def _number(facts: Mapping[str, Any], name: str) -> float | None:
    value = facts.get(name)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _seconds(name: str) -> Measure:
    def value(report: JobReport, run: TaskRun) -> float | None:
        ms = _number(report.facts, name)
        return None if ms is None else ms / 1000

    return value


def _share(part: str, whole: str) -> Measure:
    def value(report: JobReport, run: TaskRun) -> float | None:
        some, every = _number(report.facts, part), _number(report.facts, whole)
        return None if some is None or not every else some / every

    return value


def _gpu_busy_share(report: JobReport, run: TaskRun) -> float | None:
    model_ms = _number(report.facts, "model_ms")
    return None if model_ms is None or not report.seconds else model_ms / 1000 / report.seconds


def _queue_seconds(report: JobReport, run: TaskRun) -> float | None:
    if run.begun is None:
        return None
    started = datetime.datetime.fromisoformat(report.started_at)
    return max(0.0, (started - run.begun).total_seconds())


_LEFT_OUT = ("growing", "source_unavailable")
"""What a listing could not take yet."""


def _complete_day(report: JobReport, run: TaskRun) -> float | None:
    """The day of a run that is published whole, or is empty; as Unix time of its midnight, UTC."""
    if report.exit_code or report.since != report.until:
        return None
    facts = report.facts
    is_whole = bool(facts.get("nothing_to_do"))  # says `plan`
    if report.job == "report":
        is_whole = facts.get("recordings_waiting") == 0
    if not is_whole or any(map(facts.get("listing", facts).get, _LEFT_OUT)):
        return None
    day = datetime.datetime.fromisoformat(report.until).replace(tzinfo=datetime.UTC)
    return day.timestamp()


METRICS: tuple[Metric, ...] = (
    Metric("audio_in_seconds", "audio that came in", _seconds("duration_ms"), jobs=("audit",)),
    Metric("audio_annotated_seconds", "of it annotated", _seconds("annotated_ms"), jobs=("audit",)),
    Metric(
        "audio_skipped_seconds",
        "of it skipped, whatever the reason: silence, failures, what waits",
        _seconds("skipped_ms"),
        jobs=("audit",),
    ),
    Metric(
        "audio_failed_seconds",
        "of what was skipped, audio that failed",
        _seconds("failed_ms"),
        jobs=("audit",),
    ),
    Metric(
        "flagged_share",
        "answers that carry a flag, of all answers",
        _share("flagged_answers", "answers"),
        jobs=("audit",),
    ),
    Metric(
        "real_time_factor",
        "seconds of audio asked about in a second of the model",
        _share("asked_ms", "model_ms"),
        tags=(PART,),
        jobs=("annotate",),
    ),
    Metric(
        "gpu_busy_share",
        "time in which the model worked, of all the time of `annotate`; loading it counts as idle,"
        " and several processes of one job add up",
        _gpu_busy_share,
        tags=(PART,),
        jobs=("annotate",),
    ),
    Metric(
        "complete_day_seconds",
        "an archive day that is published and of which nothing waits, or that is empty: Unix time"
        " of its midnight in UTC. The greatest value is the last complete day",
        _complete_day,
        jobs=("plan", "report"),
    ),
    Metric(
        "queue_seconds",
        "from when the run began to when the job last began: how long it queued",
        _queue_seconds,
        tags=(TASK, PART),
    ),
    Metric(
        "job_seconds",
        "how long the job ran",
        lambda report, run: report.seconds,
        tags=(TASK, PART),
    ),
    Metric(
        "job_exit_code",
        "how it ended: 0 done, 1 failed, 2 a wrong option, 3 done but for pieces that wait",
        lambda report, run: report.exit_code,
        tags=(TASK, PART),
    ),
    Metric(
        "pieces_waiting",
        "pieces of work that the job left for the next run, for a machine's sake",
        lambda report, run: sum(report.waiting.values()),
        tags=(TASK, PART),
    ),
)
"""All that is sent."""


def samples(report: JobReport, run: TaskRun) -> Iterator[Sample]:
    """The values of a report."""
    known = {CORPUS: report.corpus, RUN_TYPE: run.run_type, TASK: report.job}
    if run.part is not None:
        known[PART] = str(run.part)
    for metric in METRICS:
        if metric.jobs and report.job not in metric.jobs:
            continue
        value = metric.value(report, run)
        if value is not None:
            tags = {name: known[name] for name in (CORPUS, RUN_TYPE, *metric.tags) if name in known}
            yield Sample(metric.sent_as, value, tags)


def send(report: JobReport, run: TaskRun) -> None:
    """Send a report's values; what goes wrong with that is logged, and fails no task."""
    if not report.corpus:
        return  # it ended before it knew its options
    try:
        for sample in samples(report, run):
            stats.gauge(sample.name, sample.value, tags=dict(sample.tags))
    except Exception:
        log.warning("metrics of %s could not be sent", report.job, exc_info=True)
