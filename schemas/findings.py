"""What a look at a machine found: one line for people, one object for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """One check's result.

    Attributes:
        check: its subject, one word or two.
        status: `failed` is what stops a job; `warning` what slows it down, or may stop another.
        found: what is there.
        remedy: what to do; empty where all is well.
    """

    check: str
    status: Status
    found: str
    remedy: str = ""

    def line(self) -> str:
        """For people."""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.status:<8}{self.check:<13}{self.found}{remedy}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Finding:
        """What `to_json` gave.

        Raises:
            TypeError: it is another object.
        """
        return cls(**value)


def exit_code_of(findings: Iterable[Finding]) -> int:
    """0, or 1 where a check failed."""
    return int(any(finding.status == "failed" for finding in findings))
