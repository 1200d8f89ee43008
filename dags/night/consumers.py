"""What runs when a day was published: search index, training data, weekly trends."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, PartitionedAssetTimetable, StartOfWeekMapper

from dags.corpus.arguments import week_of
from dags.corpus.corpus import Corpus
from dags.launch.job_operator import Context
from dags.night.factory import DAY_FORMAT, FIRST_DAY, job_task, tables_of, task_arguments

_DOCS = {
    "index": "Brings the search index (`af3 search`) up to date with each day that was published.",
    "export": "Writes each published day as training data in AF3's format, flagged rows left out.",
    "quality": "Measures the week of each published day against the week before.",
}


def consumer_dags(corpus: Corpus) -> list[DAG]:
    """The DAGs `index__CORPUS`, `export__CORPUS` and `quality__CORPUS`."""
    daily = PartitionedAssetTimetable(assets=tables_of(corpus))
    weekly = PartitionedAssetTimetable(
        assets=tables_of(corpus),
        default_partition_mapper=StartOfWeekMapper(input_format=DAY_FORMAT),
    )
    return [
        _consumer(corpus, "index", daily, _day),
        _consumer(corpus, "export", daily, _day),
        _consumer(corpus, "quality", weekly, _week),
    ]


def _consumer(corpus: Corpus, job: str, schedule: Any, days: Any) -> DAG:
    with DAG(
        dag_id=f"{job}__{corpus.name}",
        description=_DOCS[job].replace("`", ""),
        schedule=schedule,
        start_date=FIRST_DAY,
        max_active_runs=1,
        default_args=task_arguments(corpus),
        doc_md=_DOCS[job],
        tags=["af3", job],
    ) as dag:
        job_task(corpus, job, days)
    return dag


def _day(context: Context) -> tuple[str, str]:
    key = context["dag_run"].partition_key
    return key, key


def _week(context: Context) -> tuple[str, str]:
    return week_of(context["dag_run"].partition_key)
