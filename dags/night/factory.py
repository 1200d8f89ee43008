"""One DAG per corpus: plan → approve → segment → annotate → audit → publish → report."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import pendulum
from airflow.sdk import (
    DAG,
    Asset,
    BaseOperator,
    Param,
    chain,
)
from airflow.sdk.definitions.mappedoperator import MappedOperator

from dags.corpus.arguments import (
    archive_day,
    beam_arguments,
    job_arguments,
    part_option,
    run_name,
)
from dags.corpus.corpus import Corpus, Runner
from dags.launch.job_operator import Af3JobOperator, Context
from dags.launch.parameters import refuse_unknown
from dags.night.approval import DECIDED_LATER, NightApproval, decision_form
from dags.night.archive_days import ArchiveDays
from dags.night.docs import annotate_docs, task_docs
from dags.night.notices import FailureNotice, WaitingNotice
from dags.night.priority import TONIGHT_FIRST
from dags.night.quiet import skip_quiet_day, tell_changes_alone
from dags.night.retries import retry_arguments
from schemas.jobs import NIGHTLY
from schemas.layout import WHOLE

FIRST_DAY = pendulum.datetime(2020, 1, 1, tz="UTC")

Task = BaseOperator | MappedOperator
Days = Callable[[Context], tuple[str, str]]
"""First and last archive day of a run."""


def tables_of(corpus: Corpus) -> Asset:
    """The asset that `publish` emits, a partition an archive day."""
    address = corpus.out if "://" in corpus.out else f"file://{corpus.out}"
    return Asset(name=f"tables__{corpus.name}", uri=f"{address}/tables/corpus={corpus.name}")


def derived_of(corpus: Corpus) -> Asset:
    """The asset that the last derived job emits, a partition an archive day."""
    address = corpus.out if "://" in corpus.out else f"file://{corpus.out}"
    return Asset(
        name=f"derived__{corpus.name}", uri=f"{address}/tables/derived/corpus={corpus.name}"
    )


def annotate_dag(corpus: Corpus, plan_options: Sequence[str] = ()) -> DAG:
    """The nightly DAG of a corpus; a run is one archive day, by its own date.

    `plan_options` are more options of the task `plan`: where accepted models stand.
    """
    with DAG(
        dag_id=f"annotate__{corpus.name}",
        description=corpus.description or f"Annotate the archive days of {corpus.name}",
        schedule=_nightly(corpus),
        start_date=_first_run(corpus),
        catchup=corpus.catchup,
        max_active_runs=corpus.max_active_runs,
        default_args=task_arguments(corpus),
        params={
            "day": Param(
                None,
                type=["null", "string"],
                format="date",
                title="Archive day",
                description="Of a single run; without it, the day before it is triggered. Backfills"
                " choose their own.",
            ),
            **decision_form(),
        },
        doc_md=annotate_docs(corpus),
        **shown_as(corpus, "annotate"),
    ) as dag:
        chain(
            *night_tasks(
                corpus,
                lambda context: (_day(corpus, context),) * 2,
                tables_of(corpus),
                plan_options,
            )
        )
    return dag


def night_tasks(
    corpus: Corpus, days: Days, tables: Asset, plan_options: Sequence[str] = ()
) -> list[Task]:
    """The tasks of a run in their order."""

    def job(name: str, **kwargs: Any) -> Task:
        return job_task(corpus, name, days, **kwargs)

    own: dict[str, dict[str, Any]] = {
        "plan": {
            "options": (*plan_options, *DECIDED_LATER),
            "post_execute": skip_quiet_day,
        },
        "annotate": {"pool": corpus.pool, "parts": corpus.runner.parts},
        "publish": {
            "outlets": [tables],
            "partition": partition_of(days),
            "post_execute": tell_changes_alone,
        },
    }
    plan, *others = (job(each.name, **own.get(each.name, {})) for each in NIGHTLY)
    approval = NightApproval(
        task_id="approve",
        corpus=corpus.name,
        alerts=corpus.alerts,
        weight_rule=TONIGHT_FIRST,
        doc_md=task_docs("approve"),
    )
    return [plan, approval, *others]


def job_task(
    corpus: Corpus,
    name: str,
    days: Days,
    parts: int = 1,
    options: Sequence[str] = (),
    **kwargs: Any,
) -> Task:
    """The task that runs one job of a corpus on its runner; several, side by side, by `parts`.

    `options` are more of the job's than the corpus has.
    """

    def arguments(context: Context, **_: Any) -> list[str]:
        since, until = days(context)
        run_id = run_name(context["ti"].run_id)
        told = job_arguments(name, corpus, since, until, run_id)
        part = WHOLE if parts == 1 else (context["task"].part, parts)
        return [*told, *options, *beam_arguments(corpus, name), *part_option(part)]

    operator, given = operator_on(corpus.runner)
    kwargs = {
        "task_id": name,
        "job": name,
        "arguments": arguments,
        "doc_md": task_docs(name),
        "weight_rule": TONIGHT_FIRST,
        **given,
        **kwargs,
    }
    if parts == 1:
        return operator(**kwargs)
    split = operator.partial(**kwargs, parts=parts, map_index_template="{{ task.part_name }}")
    return split.expand(part=list(range(parts)))


def operator_on(runner: Runner) -> tuple[type[BaseOperator], dict[str, Any]]:
    """The operator that starts jobs on a runner, and what it is told of it."""
    if runner.dataflow is None:
        return Af3JobOperator, {"python": runner.python}
    from dags.launch.flex_template import FlexTemplateJobOperator

    return FlexTemplateJobOperator, {"dataflow": runner.dataflow}


def all_days(_: Context) -> tuple[str, str]:
    """Of a job that is of no interval."""
    return "", ""


def partition_of(days: Days) -> Callable[[Context], str]:
    """The archive day of a run, as the partition of what it emits."""
    return lambda context: days(context)[0]


def shown_as(corpus: Corpus, kind: str) -> dict[str, Any]:
    """How a DAG of a corpus is found in the UI: its tags, and where its owner hears of failures."""
    mail = ",".join(corpus.alerts.email)
    links = {corpus.owner: f"mailto:{mail}"} if mail else {}
    return {"tags": ["af3", kind, f"corpus:{corpus.name}"], "owner_links": links}


def task_arguments(corpus: Corpus) -> dict[str, Any]:
    """Arguments of all tasks of a corpus."""
    return {
        "owner": corpus.owner,
        "pre_execute": refuse_unknown,
        "on_success_callback": WaitingNotice(corpus.name, corpus.alerts),
        "on_failure_callback": FailureNotice(corpus.name, corpus.alerts, corpus.runner.parts),
        **retry_arguments(corpus.retries),
    }


def _day(corpus: Corpus, context: Context) -> str:
    return archive_day(
        context["dag_run"].partition_key,
        context["params"].get("day"),
        corpus.timezone,
        context["dag_run"].run_after,
    )


def _nightly(corpus: Corpus) -> ArchiveDays | None:
    if corpus.schedule is None:
        return None
    return ArchiveDays(corpus.schedule, timezone=corpus.timezone)


def _first_run(corpus: Corpus) -> pendulum.DateTime:
    """From when on nights are scheduled: a run is of the day before its own."""
    if corpus.first_day is None:
        return FIRST_DAY
    day = datetime.date.fromisoformat(corpus.first_day) + datetime.timedelta(days=1)
    return pendulum.datetime(day.year, day.month, day.day, tz=corpus.timezone)
