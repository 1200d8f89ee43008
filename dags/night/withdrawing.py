"""The DAG that withdraws recordings, by a form: hidden at once, removed after a grace time."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, Param

from dags.corpus.arguments import run_name
from dags.corpus.corpus import Alerts, Retries
from dags.corpus.names import WITHDRAWALS
from dags.corpus.places import PATTERN, check_place
from dags.launch.job_operator import Af3JobOperator, Context
from dags.launch.parameters import refuse_unknown
from dags.night.docs import task_docs
from dags.night.factory import FIRST_DAY
from dags.night.notices import FailureNotice
from dags.night.retries import retry_arguments
from schemas.jobs import job_named, options_of_job
from schemas.options.option import as_arguments

_DOCS = """
Withdraws recordings: nothing of ours shows them from that moment on, and no run brings them back.
After the *grace time* all that is kept of them is removed, by `clean__CORPUS` or by
`af3 withdraw --due`; 0 days remove at once. `af3 restore` brings them back until then.

With *Only hide until* or *Legal hold* nothing is removed.

Airflow keeps what a form said. Name recordings by their identifiers where a file's name is private.
"""


def withdraw_dag() -> DAG:
    """The DAG `withdraw`."""
    with DAG(
        dag_id="withdraw",
        description="Withdraw recordings: hidden at once, removed after a grace time",
        schedule=None,
        start_date=FIRST_DAY,
        default_args={
            "owner": "archive",
            "pre_execute": refuse_unknown,
            "on_failure_callback": FailureNotice(WITHDRAWALS, Alerts()),
            **retry_arguments(Retries()),
        },
        params=form(),
        doc_md=_DOCS,
        tags=["af3", "withdraw"],
    ) as dag:
        Af3JobOperator(
            task_id="withdraw",
            job="withdraw",
            arguments=_arguments,
            doc_md=task_docs("withdraw"),
        )
    return dag


def form() -> dict[str, Param]:
    """The typed form of the trigger dialog."""
    home = os.environ.get("AF3_HOME", "")
    return {
        "out": Param(
            f"{home}/annotated" if home else "",
            type="string",
            pattern=PATTERN,
            title="Out",
            description="Absolute folder or gs://BUCKET/PREFIX of tables, clips and ledger.",
        ),
        "corpus": Param("default", type="string", minLength=1, title="Corpus"),
        "recordings": Param(
            [],
            type="array",
            items={"type": "string", "minLength": 1},
            minItems=1,
            title="Recordings",
            description="Identifiers, file names or objects, a line each.",
        ),
        "reason": Param("", type="string", minLength=1, title="Reason"),
        "by": Param("", type="string", minLength=1, title="Who asks for it"),
        "grace_days": Param(
            7,
            type="integer",
            minimum=0,
            title="Grace time in days",
            description="So long it can be restored; 0 removes at once.",
        ),
        "until": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Only hide until",
            description="Nothing is removed; from this day on it is shown again.",
        ),
        "legal_hold": Param(
            False,
            type="boolean",
            title="Legal hold",
            description="Nothing is removed; it is hidden until it is restored.",
        ),
    }


def withdraw_arguments(params: dict[str, Any], run_id: str) -> list[str]:
    """The form as options of the job. Pure.

    Raises:
        ConfigurationError: the folder is relative.
    """
    check_place("out", params["out"])
    values = {
        "out": params["out"],
        "corpus": params["corpus"],
        "recording": tuple(params["recordings"]),
        "reason": params["reason"],
        "by": params["by"],
        "grace_days": params["grace_days"],
        "hidden_until": params["until"],
        "legal_hold": params["legal_hold"],
        "run_id": run_id,
    }
    return as_arguments(values, options_of_job(job_named("withdraw")))


def _arguments(context: Context, **_: Any) -> list[str]:
    return withdraw_arguments(dict(context["params"]), run_name(context["ti"].run_id))
