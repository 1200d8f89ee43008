"""Why a task is told to stop: somebody wants it to end, or its supervisor lost its way alone.

Both come as the same signal. Airflow's supervisor sends it where the server says that the task is
not to run any more, where the server does not answer its heartbeats, and where a worker is shut
down. What Airflow says of the task now tells them apart.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

GOES_ON = frozenset(
    (None, "scheduled", "queued", "running", "up_for_retry", "up_for_reschedule", "deferred")
)
"""States of a task whose job is wanted: by this attempt, or by the next one."""


def is_ended_by_somebody(task_instance: Any) -> bool | None:
    """Whether Airflow says that the task is to end: failed or cleared by hand, or its run deleted.

    False where this attempt or another one goes on, None where nobody answers.
    """
    ti = task_instance
    try:
        states = ti.get_task_states(
            dag_id=ti.dag_id,
            task_ids=[ti.task_id],
            run_ids=[ti.run_id],
            map_index=ti.map_index,
        )
    except Exception:
        # whatever hinders the question: no server, no database, no supervisor to ask through
        return None
    return is_over(states.get(ti.run_id))


def is_over(states: Mapping[str, str | None] | None) -> bool:
    """Whether a task is over, by the state of its run's task; none is that of a deleted run. Pure.

    A task that is cleared while it runs is `restarting`: it begins anew.
    """
    return not states or not GOES_ON.issuperset(states.values())


def asked_aside(task_instance: Any, timeout_s: float) -> bool | None:
    """`is_ended_by_somebody` from within a signal handler: None where the answer takes too long.

    The interrupted code may be talking to the supervisor, and nobody else may before it is done.
    """
    answer: list[bool | None] = []
    asking = threading.Thread(
        target=lambda: answer.append(is_ended_by_somebody(task_instance)), daemon=True
    )
    asking.start()
    asking.join(timeout_s)
    return answer[0] if answer else None
