"""Whether a night may begin: what `plan` found against what is allowed, and what somebody decided.

`af3 annotate SOURCE` and Airflow's task `approve` read these rules. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MS_PER_HOUR = 3_600_000


@dataclass(frozen=True)
class Decision:
    """What somebody allows a night.

    Attributes:
        approved_gpu_hours: annotate up to so many GPU hours, over the budget too; None allows no
            more than the budget.
        accept_missing: recordings that the archive lacks leave the tables.
    """

    approved_gpu_hours: float | None = None
    accept_missing: bool = False


UNDECIDED = Decision()
ALL_APPROVED = Decision(approved_gpu_hours=math.inf)
"""Any number of GPU hours."""


def over_budget(plan: Mapping[str, Any], decision: Decision = UNDECIDED, emphasis: str = "") -> str:
    """What is to be decided of a night's cost; empty where it is within its budget, or within what
    was approved. Pure.

    Args:
        plan: the facts of `plan`'s report.
        decision: what was decided.
        emphasis: around what counts most, such as `**` in Markdown.
    """
    if not plan["over_budget"]:
        return ""
    approved = decision.approved_gpu_hours
    # the plan's hours are rounded: to approve no more than the budget allows nothing beyond it
    if approved is not None and plan["max_gpu_hours"] < approved >= plan["gpu_hours"]:
        return ""
    hours = (plan["to_cut_ms"] + plan["to_ask_ms"]) / _MS_PER_HOUR
    and_approved = "" if approved is None else f" and {approved:g} approved"
    return (
        f"{emphasis}{plan['gpu_hours']:.3g} GPU hours{emphasis} (cost: {plan['cost']:.2f}) are"
        f" estimated for {hours:.3g} h of audio in {plan['recordings']} recordings, where"
        f" {plan['max_gpu_hours']:g} are allowed{and_approved}"
    )


def missing_beyond_limits(
    plan: Mapping[str, Any], decision: Decision = UNDECIDED, emphasis: str = ""
) -> str:
    """What is to be decided of what the archive lacks; empty where that is within limits, or was
    accepted. Pure.

    Args:
        plan: the facts of `plan`'s report; those of 0.2.0 name nothing.
        decision: what was decided.
        emphasis: around what counts most.
    """
    beyond = plan.get("missing_beyond_limits")
    if not beyond or decision.accept_missing:
        return ""
    return f"{emphasis}{plan['missing']} recordings are missing{emphasis}: {'; '.join(beyond)}"


def hours_to_approve(plan: Mapping[str, Any]) -> float:
    """The least number of GPU hours, with two decimals, that allows a night. Pure."""
    return max(math.ceil(plan["gpu_hours"] * 100) / 100, 0.01)
