"""Days on which nothing is to be done, and publishing that changes nothing: the run ends early, and
nobody is started.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import DownstreamTasksSkipped


def skip_quiet_day(context: Any, result: dict[str, Any]) -> None:
    """Airflow's hook behind `plan`: where the day is empty or finished, all that follows is
    skipped, and the run has succeeded.

    Raises:
        DownstreamTasksSkipped: nothing is to be done.
    """
    # the job of an earlier release says nothing of it
    if not result["facts"].get("nothing_to_do"):
        return
    context["ti"].xcom_push(key="return_value", value=result)
    behind = context["task"].get_flat_relatives(upstream=False)
    raise DownstreamTasksSkipped(tasks=sorted(task.task_id for task in behind))


def tell_changes_alone(context: Any, result: dict[str, Any]) -> None:
    """Airflow's hook behind `publish`: where the tables are as they were, no event says that they
    changed, and no consumer is started.
    """
    if result["facts"].get("is_changed") is False:
        context["task"].log.info("the tables are as they were: nobody is told")
        context["task"].outlets = []
