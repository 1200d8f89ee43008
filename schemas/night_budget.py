"""Whether a night may begin: what `plan` estimates against what is allowed.

`af3 annotate SOURCE` and Airflow's approval read this rule. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MS_PER_HOUR = 3_600_000


def over_budget(plan: Mapping[str, Any], emphasis: str = "") -> str:
    """What is to be decided before a night goes on; empty where it is within its budget. Pure.

    Args:
        plan: the facts of `plan`'s report.
        emphasis: around what counts most, such as `**` in Markdown.
    """
    if not plan["over_budget"]:
        return ""
    hours = (plan["to_cut_ms"] + plan["to_ask_ms"]) / _MS_PER_HOUR
    return (
        f"{emphasis}{plan['gpu_hours']:.3g} GPU hours{emphasis} (cost: {plan['cost']:.2f}) are"
        f" estimated for {hours:.3g} h of audio in {plan['recordings']} recordings, where"
        f" {plan['max_gpu_hours']:g} are allowed"
    )
