"""The DAG for what is no date of a corpus: any folder, any dates, by a form; a dry run first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, get_args

from airflow.sdk import DAG, Param, chain
from airflow.sdk.exceptions import AirflowSkipException

from af3core.tasks.task import default_tasks
from dags.corpus.arguments import job_arguments, run_name
from dags.corpus.corpus import Alerts, Corpus, Limits, Model, Retries
from dags.corpus.names import ADHOC, adhoc_pool
from dags.corpus.places import PATTERN
from dags.launch.job_operator import Af3JobOperator, Context
from dags.launch.parameters import refuse_unknown
from dags.night.approval import DECIDED_LATER, NightApproval, decision_form
from dags.night.docs import task_docs
from dags.night.factory import FIRST_DAY
from dags.night.notices import FailureNotice
from dags.night.retries import retry_arguments
from schemas.options.night import DtypeName

FIRST_DATE, LAST_DATE = "0001-01-01", "9999-12-31"
_DOCS = """
Annotates any folder once. **Dry run** is on at first: the run ends after `plan`, whose log and
report say what came in, what is done already, and what the rest would cost. Look at it, then
trigger again with *Dry run* off; nothing that is done is done again.

The tables go to *Out*, under the corpus `adhoc`. An archive that grows every night deserves a file
in `dags/corpora` instead.
"""


def adhoc_dag() -> DAG:
    """The DAG `annotate_adhoc`."""
    with DAG(
        dag_id="annotate_adhoc",
        description="Annotate any folder once, after a dry run",
        schedule=None,
        start_date=FIRST_DAY,
        default_args={
            "owner": "archive",
            "pre_execute": refuse_unknown,
            "on_failure_callback": FailureNotice(ADHOC, Alerts()),
            **retry_arguments(Retries()),
        },
        params=form() | decision_form(),
        doc_md=_DOCS,
        tags=["af3", "annotate"],
    ) as dag:
        chain(
            _job("plan", DECIDED_LATER),
            DryRunApproval(
                task_id="approve", corpus=ADHOC, alerts=Alerts(), doc_md=task_docs("approve")
            ),
            _job("segment"),
            _job("annotate", pool=adhoc_pool()),
            _job("audit"),
            _job("publish"),
            _job("report"),
        )
    return dag


class DryRunApproval(NightApproval):
    """Ends a dry run here; goes on as the nightly approval otherwise."""

    def execute(self, context: Any) -> Any:
        if context["params"]["dry_run"]:
            raise AirflowSkipException(
                "a dry run ends here: the plan's report says what a run would do; trigger again"
                " with Dry run off to do it"
            )
        return super().execute(context)


def form() -> dict[str, Param]:
    """The typed form of the trigger dialog."""
    tasks = [task.task_id for task in default_tasks()]
    home = os.environ.get("AF3_HOME", "")
    return {
        "source": Param(
            f"{home}/archive" if home else "",
            type="string",
            pattern=PATTERN,
            title="Source",
            description="Absolute folder or gs://BUCKET/PREFIX of recordings, as workers see it.",
        ),
        "out": Param(
            f"{home}/annotated" if home else "",
            type="string",
            pattern=PATTERN,
            title="Out",
            description="Absolute folder or gs://BUCKET/PREFIX for tables, clips and ledger.",
        ),
        "tasks": Param(
            tasks,
            type="array",
            items={"type": "string", "enum": tasks},
            examples=tasks,
            minItems=1,
            title="Tasks",
            description="What is asked of every segment.",
        ),
        "model": Param(
            "nano",
            type="string",
            minLength=1,
            examples=["nano", "nvidia/audio-flamingo-3-hf"],
            title="Model",
            description="nano (a toy), a folder, a hub id, or gs://bucket/prefix.",
        ),
        "dtype": Param("float32", enum=[*get_args(DtypeName)], title="Number format"),
        "since": _date("First archive day", "Without it, from the first there is."),
        "until": _date("Last archive day", "Without it, to the last there is."),
        "max_gpu_hours": Param(
            1.0,
            type="number",
            exclusiveMinimum=0,
            title="Budget in GPU hours",
            description="Beyond it the run ends and asks for a decision.",
        ),
        "dry_run": Param(
            True,
            type="boolean",
            title="Dry run",
            description="Only plan: say what came in, what is done and what the rest costs.",
        ),
    }


def adhoc_corpus(params: dict[str, Any]) -> Corpus:
    """The form as a corpus. Pure."""
    return Corpus(
        name=ADHOC,
        source=params["source"],
        out=params["out"],
        schedule=None,
        only=tuple(params["tasks"]),
        model=Model(model=params["model"], dtype=params["dtype"]),
        limits=Limits(max_gpu_hours=params["max_gpu_hours"]),
    )


def adhoc_arguments(job: str, params: dict[str, Any], run_id: str) -> list[str]:
    """The form as options of a job. Pure."""
    since = params["since"] or FIRST_DATE
    until = params["until"] or LAST_DATE
    return job_arguments(job, adhoc_corpus(params), since, until, run_id)


def _date(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], format="date", title=title, description=description)


def _job(name: str, options: Sequence[str] = (), **kwargs: Any) -> Af3JobOperator:
    def arguments(context: Context, **_: Any) -> list[str]:
        run_id = run_name(context["ti"].run_id)
        return [*adhoc_arguments(name, dict(context["params"]), run_id), *options]

    return Af3JobOperator(
        task_id=name, job=name, arguments=arguments, doc_md=task_docs(name), **kwargs
    )
