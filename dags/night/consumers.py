"""What runs when a published day changed: search index, training data, what is derived; and once a
week the trends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import DAG, CronPartitionTimetable, PartitionedAssetTimetable, chain

from dags.corpus.arguments import asks_model, week_of
from dags.corpus.corpus import Corpus
from dags.launch.job_operator import Context
from dags.night.archive_days import DAY_FORMAT
from dags.night.factory import (
    FIRST_DAY,
    Days,
    Task,
    derived_of,
    job_task,
    partition_of,
    shown_as,
    tables_of,
    task_arguments,
)
from schemas.jobs import DERIVED
from schemas.options.derive import EMBEDDED_ALIGNERS, EMBEDDED_VOICE_ENCODER

MONDAYS = "0 12 * * 1"
"""At noon: behind the night of Sunday. The run is of the week before, by its Monday."""
_DOCS = {
    "index": "Brings the search index (`af3 search`) up to date with each day that was published.",
    "export": "Writes each published day as training data in AF3's format, flagged rows left out.",
    "derive": "Makes of each published day what its corpus names under `derive`: events, times of"
    " words, speakers, embeddings, pairs for training, summaries, spoken descriptions, dialogues.",
    "quality": "Measures each week against the week before, once, on Monday; a backfill measures"
    " past weeks.",
}


def consumer_dags(corpus: Corpus) -> list[DAG]:
    """The DAGs `index__CORPUS`, `export__CORPUS` and `quality__CORPUS`.

    `derive__CORPUS` too where the corpus has jobs for it: the export then waits for what they make,
    and the index follows a second time.
    """
    published = tables_of(corpus)
    daily = PartitionedAssetTimetable(assets=published)
    weekly = CronPartitionTimetable(
        MONDAYS, timezone=corpus.timezone, run_offset=-1, key_format=DAY_FORMAT
    )
    derived = [job.name for job in DERIVED if job.name in corpus.derive.jobs]
    complete = PartitionedAssetTimetable(assets=derived_of(corpus)) if derived else daily
    either = PartitionedAssetTimetable(assets=published | derived_of(corpus)) if derived else daily
    dags = [
        _consumer(corpus, "index", either, _day),
        _consumer(corpus, "export", complete, _day),
        _consumer(corpus, "quality", weekly, _weeks(corpus)),
    ]
    return [*dags, _derive(corpus, derived, daily)] if derived else dags


def _consumer(corpus: Corpus, job: str, schedule: Any, days: Days) -> DAG:
    with _consuming(corpus, job, schedule) as dag:
        job_task(corpus, job, days)
    return dag


def _derive(corpus: Corpus, jobs: Sequence[str], schedule: Any) -> DAG:
    """One task a job, with a GPU of the pool where it asks the model; the last one says that the
    day is done.
    """
    last: dict[str, Any] = {"outlets": [derived_of(corpus)], "partition": partition_of(_day)}
    with _consuming(corpus, "derive", schedule) as dag:
        chain(*(_derived(corpus, job, **(last if job == jobs[-1] else {})) for job in jobs))
    return dag


def _derived(corpus: Corpus, job: str, **kwargs: Any) -> Task:
    given = corpus.derive
    has_network = {
        "align": given.aligner not in EMBEDDED_ALIGNERS,
        "speakers": given.voice_encoder != EMBEDDED_VOICE_ENCODER,
    }
    if asks_model(job) or has_network.get(job, False):
        kwargs["pool"] = corpus.pool
    return job_task(corpus, job, _day, **kwargs)


def _consuming(corpus: Corpus, name: str, schedule: Any) -> DAG:
    return DAG(
        dag_id=f"{name}__{corpus.name}",
        description=_DOCS[name].replace("`", ""),
        schedule=schedule,
        start_date=FIRST_DAY,
        catchup=False,
        max_active_runs=1,
        default_args=task_arguments(corpus),
        doc_md=_DOCS[name],
        **shown_as(corpus, name),
    )


def _day(context: Context) -> tuple[str, str]:
    """The day that was published; a run by hand without a partition key is of all days."""
    key = context["dag_run"].partition_key
    return key, key


def _weeks(corpus: Corpus) -> Days:
    def week(context: Context) -> tuple[str, str]:
        run = context["dag_run"]
        return week_of(run.partition_key, corpus.timezone, run.run_after)

    return week
