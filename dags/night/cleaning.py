"""One DAG per output, once a week: what nothing names any more is removed."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk import DAG, CronTriggerTimetable

from dags.corpus.corpus import Corpus
from dags.corpus.reading import Corpora
from dags.night.factory import FIRST_DAY, all_days, job_task, shown_as, task_arguments

WEEKLY = "0 12 * * 0"
"""Sundays at noon: behind the night, before the next."""
_DOCS = """\
Removes what no plan, table or configuration of `{out}` names any more and what is older than
{keep_days} days: clips, ledger entries, exports, reports and states of the index; and recordings
that were withdrawn and are past their grace time. The task's log says how much.
`af3 clean --out {out}` says by hand what would go.
"""


def outputs_to_clean(corpora: Corpora) -> Iterator[tuple[Corpus, int]]:
    """The first corpus of each output all of whose corpora have `keep_days`, and the longest of
    them. None where a file is wrong: what it says of its output is not known. Pure.
    """
    if corpora.errors:
        return
    by_output: dict[str, list[Corpus]] = {}
    for corpus in corpora.corpora:
        by_output.setdefault(corpus.out.rstrip("/"), []).append(corpus)
    for sharing in by_output.values():
        days = [corpus.keep_days for corpus in sharing if corpus.keep_days is not None]
        if len(days) == len(sharing):
            yield sharing[0], max(days)


def clean_dag(corpus: Corpus, keep_days: int) -> DAG:
    """The DAG `clean__CORPUS`."""
    with DAG(
        dag_id=f"clean__{corpus.name}",
        description=f"Remove what nothing in {corpus.out} names any more",
        schedule=CronTriggerTimetable(WEEKLY, timezone=corpus.timezone),
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args=task_arguments(corpus),
        doc_md=_DOCS.format(out=corpus.out, keep_days=keep_days),
        **shown_as(corpus, "clean"),
    ) as dag:
        job_task(corpus, "clean", all_days, options=(f"--keep-days={keep_days}", "--yes"))
    return dag
