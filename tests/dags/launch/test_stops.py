"""A stop that somebody asked for, and one of a supervisor that lost its way."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dags.launch.stops import asked_aside, is_ended_by_somebody


class Task:
    """What is read of a task instance; Airflow's answer is given."""

    dag_id, run_id, task_id = "annotate__radio", "run 1", "annotate"

    def __init__(self, answer: Any, map_index: int = -1, wait_s: float = 0) -> None:
        self.answer, self.map_index, self.wait_s = answer, map_index, wait_s

    def get_task_states(self, **asked: Any) -> Any:
        assert asked == {
            "dag_id": self.dag_id,
            "task_ids": [self.task_id],
            "run_ids": [self.run_id],
            "map_index": self.map_index,
        }
        time.sleep(self.wait_s)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("states", "is_ended"),
    [
        ({"annotate": "failed"}, True),
        ({"annotate": "success"}, True),
        ({"annotate": "skipped"}, True),
        ({"annotate": "removed"}, True),
        ({"annotate": "restarting"}, True),
        ({"annotate": "running"}, False),
        ({"annotate": "up_for_retry"}, False),
        ({"annotate": "queued"}, False),
        ({"annotate": None}, False),
        ({"annotate_2": "failed"}, True),
    ],
)
def test_the_tasks_state_says_who_stops_it(states: dict[str, str], is_ended: bool) -> None:
    assert is_ended_by_somebody(Task({"run 1": states})) is is_ended
    assert is_ended_by_somebody(Task({"run 1": states}, map_index=2)) is is_ended


def test_a_run_that_was_deleted_was_ended() -> None:
    assert is_ended_by_somebody(Task({})) is True


def test_nobody_answers() -> None:
    assert is_ended_by_somebody(Task(EOFError("Request socket closed before length"))) is None
    assert is_ended_by_somebody(Task(BrokenPipeError(32, "Broken pipe"))) is None


def test_a_signals_handler_waits_for_no_slow_answer() -> None:
    failed = {"run 1": {"annotate": "failed"}}
    assert asked_aside(Task(failed), 5.0) is True
    assert asked_aside(Task(failed, wait_s=5.0), 0.05) is None
