"""The runs of a nightly DAG, as a task sees, starts and clears them: through its supervisor.

Tasks have no database. Airflow 3.3.2 lists no runs for them; it tells the states of a DAG's tasks
by run, and each run by its id. A task's trigger carries no partition: the SDK drops it, and so the
day is told as the parameter `day`.
"""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import (
    ErrorResponse,
    GetDag,
    GetDagRun,
    GetDagRunState,
    GetTaskStates,
    TriggerDagRun,
)

from af3core.errors import ConfigurationError
from dags.corpus.arguments import archive_day
from dags.corpus.corpus import is_day
from schemas.jobs import NIGHTLY

log = logging.getLogger(__name__)

FIRST_TASK, LAST_TASK = NIGHTLY[0].name, NIGHTLY[-1].name
DECIDING_TASK = "approve"
_ENDED = ("success", "failed", "skipped", "upstream_failed", "removed")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BACKFILL = "backfill"
_SCHEDULED = "scheduled"


@dataclass(frozen=True)
class NightRun:
    """A run of a nightly DAG.

    Attributes:
        day: its archive day.
        kind: scheduled, backfill, manual or operator_triggered, as Airflow has it.
        state: queued, running, success or failed.
        run_after: when it was planned; of a backfill's run, its day.
        started_at, ended_at: None where it waits, or is not done.
        clear_number: how often it was cleared.
        is_approved: it was within its limits, or somebody said that it may go beyond them.
    """

    run_id: str
    day: str
    kind: str
    state: str
    run_after: datetime.datetime
    started_at: datetime.datetime | None = None
    ended_at: datetime.datetime | None = None
    clear_number: int = 0
    is_approved: bool = False

    @property
    def is_unfinished(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def is_backfill(self) -> bool:
        return self.kind == _BACKFILL

    @property
    def is_scheduled(self) -> bool:
        return self.kind == _SCHEDULED

    @property
    def moment(self) -> datetime.datetime:
        """When it began, or was to begin: by it the last run of a day is told."""
        return self.started_at or self.run_after


def night_runs(dag_id: str, timezone: str, since: str) -> list[NightRun]:
    """The runs that can be of the day `since` or a later one, and all that run now; in order.

    Raises:
        AirflowRuntimeError: the API server refuses, or is in trouble.
    """
    tasks = [FIRST_TASK, DECIDING_TASK, LAST_TASK]
    told = _ask(GetTaskStates(dag_id=dag_id, task_ids=tasks)).task_states
    found = (
        _run(dag_id, run_id, timezone, told[run_id].get(DECIDING_TASK) == "success")
        for run_id in candidates(told, since)
    )
    return sorted((run for run in found if run), key=lambda run: (run.day, run.moment))


def candidates(states: dict[str, dict[str, Any]], since: str) -> Iterator[str]:
    """The runs worth a look of their own, by the states of their first and last tasks. Pure.

    The first date of a run's id is its own day or a later one, of whatever kind it is; a run that
    has begun and not ended is one of now.
    """
    earliest = (datetime.date.fromisoformat(since) - datetime.timedelta(days=1)).isoformat()
    for run_id, of_tasks in states.items():
        date = _DATE.search(run_id)
        has_begun = of_tasks.get(FIRST_TASK) is not None
        runs_now = has_begun and of_tasks.get(LAST_TASK) not in _ENDED
        if runs_now or date is None or date[0] >= earliest:
            yield run_id


def start_run(dag_id: str, run_id: str, day: str, note: str) -> bool:
    """Create a run of a day; False where there is one of this id.

    Raises:
        AirflowRuntimeError: the API server refuses, or is in trouble.
    """
    answer = _ask(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf={"day": day}, note=note))
    return not isinstance(answer, ErrorResponse)


def start_later(dag_id: str, run_id: str, at: datetime.datetime) -> None:
    """Create a run that begins at a moment to come, if there is none of this id.

    Raises:
        AirflowRuntimeError: the API server refuses, or is in trouble.
    """
    _ask(TriggerDagRun(dag_id=dag_id, run_id=run_id, run_after=at))


def clear_run(dag_id: str, run_id: str, day: str) -> None:
    """Let a run that has ended be done anew, all of its tasks; one that is gone is created.

    Raises:
        AirflowRuntimeError: the API server refuses, or is in trouble.
    """
    _ask(TriggerDagRun(dag_id=dag_id, run_id=run_id, conf={"day": day}, reset_dag_run=True))


def state_of_run(dag_id: str, run_id: str) -> str:
    """The state of a run; empty where it is gone."""
    found = _unless_gone(lambda: _ask(GetDagRunState(dag_id=dag_id, run_id=run_id)))
    return str(found.state.value) if found else ""


def is_paused(dag_id: str) -> bool:
    """Whether a DAG is switched off: its runs stay in the queue."""
    return bool(_ask(GetDag(dag_id=dag_id)).is_paused)


def _run(dag_id: str, run_id: str, timezone: str, is_approved: bool) -> NightRun | None:
    found = _unless_gone(lambda: _ask(GetDagRun(dag_id=dag_id, run_id=run_id)))
    if found is None:
        return None
    given = (found.conf or {}).get("day")
    try:
        day = archive_day(_label_day(found.partition_key), given, timezone, found.run_after)
    except ConfigurationError:
        return None  # a parameter that is no day: the run itself says so
    return NightRun(
        run_id=run_id,
        day=day,
        kind=str(found.run_type.value),
        state=str(found.state.value),
        run_after=found.run_after,
        started_at=found.start_date,
        ended_at=found.end_date,
        clear_number=found.clear_number or 0,
        is_approved=is_approved,
    )


def _label_day(partition_key: str | None) -> str | None:
    """The day that a partition's label begins with."""
    day = (partition_key or "")[:10]
    return day if is_day(day) else None


def _unless_gone(ask: Callable[[], Any]) -> Any:
    """What is asked for; None where it was deleted meanwhile."""
    try:
        return ask()
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") == 404:
            return None
        raise


def _ask(message: Any) -> Any:
    # set when the task's process begins
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    answer = SUPERVISOR_COMMS.send(message)
    if isinstance(answer, ErrorResponse) and answer.error != ErrorType.DAGRUN_ALREADY_EXISTS:
        raise AirflowRuntimeError(answer)
    return answer
