"""What a report says of a quiet day, as Airflow is told it."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import DownstreamTasksSkipped

from dags.corpus.corpus import Corpus
from dags.night.factory import annotate_dag
from dags.night.quiet import skip_quiet_day, tell_changes_alone


class Pushed(dict[str, Any]):
    """Where a task's result is kept."""

    def xcom_push(self, key: str, value: Any) -> None:
        self[key] = value


def context_of(task: str) -> dict[str, Any]:
    dag = annotate_dag(Corpus("radio", "/in", "/out"))
    return {"ti": Pushed(), "task": dag.get_task(task)}


@pytest.mark.parametrize("why", ["empty", "finished"])
def test_behind_a_quiet_plan_all_is_skipped_and_its_report_is_kept(why: str) -> None:
    context, report = context_of("plan"), {"facts": {"nothing_to_do": why}}
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        skip_quiet_day(context, report)
    tasks = ["annotate", "approve", "audit", "publish", "report", "segment"]
    assert skipped.value.tasks == tasks
    assert context["ti"] == {"return_value": report}


def test_other_plans_go_on() -> None:
    context = context_of("plan")
    skip_quiet_day(context, {"facts": {"nothing_to_do": ""}})
    # a job of an earlier release
    skip_quiet_day(context, {"facts": {}})
    assert context["ti"] == {}


@pytest.mark.parametrize(
    ("facts", "told"), [({"is_changed": False}, 0), ({"is_changed": True}, 1), ({}, 1)]
)
def test_consumers_are_told_of_changes_alone(facts: dict[str, bool], told: int) -> None:
    context = context_of("publish")
    tell_changes_alone(context, {"facts": facts})
    assert len(context["task"].outlets) == told
