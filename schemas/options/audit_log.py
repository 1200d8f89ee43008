"""What `af3 audit-log` takes, and the option of the page's server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.audit_records import AuditAction
from schemas.options.option import OptionGroup, option


def _a_day_or_more(days: int) -> str | None:
    return None if days >= 1 else "must be 1 or more: what is done today is kept"


@dataclass(frozen=True, kw_only=True)
class AuditLogChoice(OptionGroup):
    """What is printed."""

    person: str | None = option(None, "only what this person did", "NAME")
    action: tuple[AuditAction, ...] = option((), "only this; repeatable")
    since: str | None = option(None, "from this day on, UTC", "DAY")
    until: str | None = option(None, "up to this day, UTC", "DAY")


@dataclass(frozen=True, kw_only=True)
class AuditLogRetention(OptionGroup):
    """What goes."""

    keep_days: int | None = option(
        None, "remove what is older, in days of UTC", "N", rule=_a_day_or_more
    )
    yes: bool = option(False, "remove it; without, only say how much would go")


@dataclass(frozen=True, kw_only=True)
class AuditLogging(OptionGroup):
    """Who signs in."""

    log_searches: Literal["yes", "no"] = option(
        "yes", "searches and SQL in the audit log, which --people begins (default: {default})"
    )
