"""What is removed of an output that nothing names any more. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.options.option import OptionGroup, option


def a_day_or_more(days: int) -> str | None:
    """1 or more: what a running job writes is named only when the job is done."""
    return (
        None if days >= 1 else "must be 1 or more: running jobs name what they write at their end"
    )


@dataclass(frozen=True, kw_only=True)
class Cleaning(OptionGroup):
    """What goes."""

    keep_days: int = option(
        30,
        "only what came to be longer ago, by the storage's clock (default: {default})",
        "N",
        key="",
        rule=a_day_or_more,
    )
    yes: bool = option(False, "remove it; without, only say what would go", key="")
