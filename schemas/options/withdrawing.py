"""What `af3 withdraw` and `af3 restore` take. Standard library only."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from schemas.options.correcting import person_name
from schemas.options.option import OptionGroup, not_negative, option

MAX_REASON = 2000


def _a_day(value: str) -> str | None:
    """The rule of a date, YYYY-MM-DD."""
    try:
        is_day = datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        is_day = False
    return None if is_day else "write a day as YYYY-MM-DD"


def _reason(value: str) -> str | None:
    """The rule of a reason."""
    is_reason = bool(value.strip()) and value.isprintable() and len(value) <= MAX_REASON
    return None if is_reason else f"a reason on one line, of 1 to {MAX_REASON} characters"


@dataclass(frozen=True, kw_only=True)
class Withdrawing(OptionGroup):
    """Withdrawal."""

    recording: tuple[str, ...] = option(
        (),
        "what is withdrawn: file names, objects or identifiers",
        "RECORDING",
        positional=True,
        key="",
        on_templates=False,
    )
    reason: str | None = option(None, "why; kept apart", "TEXT", key="", rule=_reason)
    by: str | None = option(None, "who withdraws", "NAME", key="", rule=person_name)
    hidden_until: str | None = option(
        None,
        "only hide it, until this day (UTC); nothing is removed",
        "DATE",
        flag="until",
        key="",
        rule=_a_day,
    )
    legal_hold: bool = option(False, "only hide it; nothing of it is removed", key="")
    grace_days: int = option(
        7,
        "so long it can be restored, and is then removed; 0 removes at once (default: {default})",
        "N",
        key="",
        rule=not_negative,
    )
    due: bool = option(False, "remove what is withdrawn and past its grace time", key="")


@dataclass(frozen=True, kw_only=True)
class Restoring(OptionGroup):
    """Restoration."""

    recording: tuple[str, ...] = option(
        (),
        "what is no longer withdrawn: file names, objects or identifiers",
        "RECORDING",
        positional=True,
        key="",
    )
    corpus: str = option("default", "name of the corpus (default: {default})", "NAME")
    holds: bool = option(False, "lift legal holds alone; what was withdrawn besides stays")
    anew: bool = option(
        False, "also where it was removed: the next night makes it again from the source"
    )
