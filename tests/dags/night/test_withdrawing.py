"""The form of withdrawals as options of the job."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from af3core.errors import ConfigurationError
from beam_jobs.framework.job import job_parser
from dags.night.withdrawing import form, withdraw_arguments, withdraw_dag
from schemas.jobs import job_named

FORM: dict[str, Any] = {
    "out": "/media/annotated",
    "corpus": "radio",
    "recordings": ["218d54029586124a44971d56", "private talk.mp3"],
    "reason": "asked for by a speaker",
    "by": "Ada",
    "grace_days": 0,
    "until": None,
    "legal_hold": False,
}


def test_the_form_is_what_the_job_is_told() -> None:
    arguments = withdraw_arguments(FORM, "manual-1")
    assert sorted(arguments) == [
        "--by=Ada",
        "--corpus=radio",
        "--grace-days=0",
        "--out=/media/annotated",
        "--reason=asked for by a speaker",
        "--recording=218d54029586124a44971d56",
        "--recording=private talk.mp3",
        "--run-id=manual-1",
    ]
    job_parser(job_named("withdraw")).parse_args(arguments)
    held = withdraw_arguments(FORM | {"until": "2027-01-01", "legal_hold": True}, "manual-1")
    assert {"--until=2027-01-01", "--legal-hold"} <= set(held)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("out", "annotated"), ("recordings", []), ("reason", ""), ("by", ""), ("grace_days", -1)],
)
def test_a_form_that_lacks_something_is_refused(key: str, wrong: object) -> None:
    with pytest.raises(ParamValidationError):
        form()[key].resolve(wrong)
    form()[key].resolve(FORM[key])


def test_a_relative_folder_is_refused_by_the_task() -> None:
    with pytest.raises(ConfigurationError, match="out 'annotated' is no absolute path"):
        withdraw_arguments(FORM | {"out": "annotated"}, "manual-1")


def test_it_is_one_task_by_hand() -> None:
    dag = withdraw_dag()
    assert [task.task_id for task in dag.tasks] == ["withdraw"]
    assert dag.schedule is None
