"""Who holds a claim or a lock: for people to read, and for others of its machine to see that it is
dead."""

from __future__ import annotations

import functools
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")


@dataclass(frozen=True)
class Holder:
    """A process.

    Attributes:
        host, process: where it runs, and its number there.
        held_s: for how long it has held, by its own clock, when this was written.
        machine: the start of the machine and its space of process numbers; empty: unknown.
        started: when the process started, in ticks since the machine's start.
    """

    host: str
    process: int
    held_s: float = 0.0
    machine: str = ""
    started: str = ""

    def __str__(self) -> str:
        return f"{self.host} process {self.process}"

    def to_bytes(self) -> bytes:
        return (json.dumps(asdict(self)) + "\n").encode()

    def is_dead(self) -> bool:
        """True where that is certain: a process of this machine that is there no more."""
        if not self.machine or self.machine != _machine():
            return False
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        state, started = _state_of(self.process)
        return state in ("Z", "X") or bool(started and self.started and started != self.started)


def this_process(held_s: float = 0.0) -> Holder:
    """This process as a holder."""
    process = os.getpid()
    return Holder(socket.gethostname(), process, round(held_s, 1), _machine(), _started(process))


def parse_holder(data: bytes | None) -> Holder | None:
    """The holder that was written, or None where nobody can tell from it."""
    try:
        held = json.loads(data or b"")
        known = {name: held[name] for name in Holder.__dataclass_fields__ if name in held}
        holder = Holder(**known)
        return holder if isinstance(holder.process, int) and holder.process > 0 else None
    except (ValueError, TypeError):
        return None


@functools.cache
def _machine() -> str:
    try:
        return f"{_BOOT_ID.read_text().strip()}/{_PROCESSES.stat().st_ino}"
    except OSError:
        return ""


@functools.lru_cache(maxsize=1)
def _started(process: int) -> str:
    return _state_of(process)[1]


def _state_of(process: int) -> tuple[str, str]:
    """State and start of a process; empty where nobody says."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except (OSError, UnicodeDecodeError):
        return "", ""
    # the name before may hold spaces and brackets
    fields = status.rpartition(")")[2].split()
    return (fields[0], fields[19]) if len(fields) > 19 else ("", "")
