"""Who looked and who changed: records that are created once, each naming the one before it.

A process writes one object a minute, where anything was done; its objects are a chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from schemas.record_format import Record

AuditAction = Literal[
    "search",
    "query",
    "open",
    "play",
    "subtitles",
    "edit",
    "export",
    "withdraw",
    "restore",
    "remove_audit_log",
]
AUDIT_ACTIONS: tuple[AuditAction, ...] = get_args(AuditAction)
"""What this release writes; a log of a newer release may hold others."""


@dataclass(frozen=True)
class AuditEntry(Record):
    """What somebody did.

    Attributes:
        at: when first, UTC, by the clock of the machine that answered.
        person: who; empty where nobody signs in.
        action: one of `AUDIT_ACTIONS`.
        subject: what of; its keys are the action's own.
        times: how often within the minute, as for a clip that is played in pieces.
    """

    at: str
    person: str
    action: str
    subject: dict[str, Any]
    times: int = 1


@dataclass(frozen=True)
class AuditObject(Record):
    """One object of a process's chain.

    Attributes:
        process: whose chain it is.
        number: in the chain, from 1.
        previous_key, previous_sha256: the object before, and the hash of its bytes; empty in the
            first.
        entries: the earliest first.
        seen: of a chain's first object: the newest object of each other chain of the last two days,
            by key, with the hash of its bytes. So the end of a chain is vouched for too.
        lost: entries that were given up before these, for want of room while the storage was in
            trouble.
        closed: the process ended well, and its chain ends here.
    """

    process: str
    number: int
    previous_key: str
    previous_sha256: str
    entries: tuple[AuditEntry, ...]
    seen: dict[str, str] = field(default_factory=dict)
    lost: int = 0
    closed: bool = False
