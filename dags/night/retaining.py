"""One DAG per corpus with a rule, once a week: what is older than the rule says is removed."""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, Param

from dags.corpus.arguments import job_arguments, run_name
from dags.corpus.corpus import Corpus
from dags.launch.job_operator import Context
from dags.night.factory import FIRST_DAY, all_days, job_task, shown_as, task_arguments

WEEKLY = "0 11 * * 0"
"""Sundays before noon: an hour before what nothing names any more is removed."""
_DOCS = """\
Removes what is held of `{corpus}` and is older than its key `retention` says. Trigger it with
**Dry run** to see first what would go; the task's log says how much. What another corpus of
`{out}` has too stays.
"""


def retain_dag(corpus: Corpus) -> DAG:
    """The DAG `retain__CORPUS`.

    Raises:
        ValueError: the corpus has no rule.
    """
    if not corpus.retention.has_rule:
        raise ValueError(f"{corpus.name} has no rule: nothing of it goes for its age")

    def arguments(context: Context, **_: object) -> list[str]:
        told = job_arguments("retain", corpus, "", "", run_name(context["ti"].run_id))
        return told if context["params"]["dry_run"] else [*told, "--yes"]

    with DAG(
        dag_id=f"retain__{corpus.name}",
        description=f"Remove what of {corpus.name} is older than its rule says",
        schedule=CronTriggerTimetable(WEEKLY, timezone=corpus.timezone),
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args=task_arguments(corpus),
        params={
            "dry_run": Param(
                False,
                type="boolean",
                title="Dry run",
                description="Say what would go, and remove nothing.",
            )
        },
        doc_md=_DOCS.format(corpus=corpus.name, out=corpus.out),
        **shown_as(corpus, "retain"),
    ) as dag:
        job_task(corpus, "retain", all_days, arguments=arguments)
    return dag
