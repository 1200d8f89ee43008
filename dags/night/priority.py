"""Who goes first where GPUs are short: tonight before any backfill, and any day made up for."""

from __future__ import annotations

from typing import Any

from airflow.task.priority_strategy import PriorityWeightStrategy

TONIGHT, BACKFILL = 1000, 1
TONIGHT_FIRST = f"{__name__}.TonightFirst"
"""The rule by its name: Airflow 3.3.2 stores a mapped task's rule as text, whatever it was."""


class TonightFirst(PriorityWeightStrategy):
    """Scheduled and manual runs before those of backfills and of the watch; within a run, later
    tasks first.

    A night that is nearly done is finished before another is begun.
    """

    def get_weight(self, ti: Any) -> int:
        """The weight of a task instance: its own, beside a thousand for tonight's."""
        run_id = str(ti.run_id or "")
        is_of_the_past = run_id.startswith(("backfill", "watch"))
        return (BACKFILL if is_of_the_past else TONIGHT) + int(ti.task.priority_weight)
