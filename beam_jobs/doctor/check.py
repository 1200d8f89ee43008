"""Checks side by side: each has its own time, and what it raises is its own finding."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from af3core.errors import Af3Error
from af3core.plain_text import printable
from schemas.findings import Finding

LOCAL_S, REMOTE_S = 60.0, 45.0
"""For what this machine answers, and for what another one does."""


@dataclass(frozen=True)
class Check:
    """One subject.

    Attributes:
        name: of its findings.
        look: gives them; may raise.
        patience_s: how long it is waited for.
    """

    name: str
    look: Callable[[], Iterable[Finding]]
    patience_s: float = LOCAL_S


def failed(name: str, error: Exception) -> Finding:
    """An error as a finding: the remedy stands behind its first semicolon."""
    if isinstance(error, Af3Error):
        found, _, remedy = str(error).partition("; ")
        return Finding(name, "failed", printable(found), printable(remedy))
    said = printable(" ".join(str(error).split()))[:300]
    return Finding(name, "failed", f"the check itself failed ({type(error).__name__}: {said})")


def run_checks(checks: Sequence[Check]) -> list[Finding]:
    """The findings of all checks, in their order; none waits for another."""
    begun = time.monotonic()
    looks = [_Look(check) for check in checks]
    for look in looks:
        look.start()
    return [finding for look in looks for finding in look.findings(begun)]


@dataclass
class _Look:
    check: Check
    _found: list[Finding] = field(default_factory=list)

    def start(self) -> None:
        # a daemon: one that hangs keeps no process alive
        self._thread = threading.Thread(target=self._run, name=self.check.name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        found: list[Finding] = []
        try:
            found.extend(self.check.look())
        except Exception as error:
            found.append(failed(self.check.name, error))
        self._found = found

    def findings(self, begun: float) -> list[Finding]:
        left_s = begun + self.check.patience_s - time.monotonic()
        self._thread.join(max(0.0, left_s))
        if self._thread.is_alive():
            said = f"no answer in {self.check.patience_s:g} s"
            return [Finding(self.check.name, "failed", said, "see whether what it asks hangs")]
        return self._found
