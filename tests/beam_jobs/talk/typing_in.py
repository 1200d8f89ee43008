"""`af3` in a terminal of its own: a pseudo-terminal, with what it shows read while it runs."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

CTRL_C, CTRL_D, ENTER = "\x03", "\x04", "\n"
_WAIT_S = 120


@dataclass
class Terminal:
    """A command that runs in it; stdout, stderr and what is typed are shown together."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""
    _read: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until something is shown that was not looked at yet.

        Raises:
            AssertionError: it is not shown within two minutes.
        """
        deadline = time.monotonic() + _WAIT_S
        with self._changed:
            while (found := re.compile(pattern).search(self.shown, self._read)) is None:
                left = deadline - time.monotonic()
                assert left > 0, f"{pattern!r} is not in {self.shown[self._read :]!r}"
                self._changed.wait(min(left, 1.0))
            self._read = found.end()
            return found

    def ended(self) -> int:
        """The exit code, waited for."""
        return self.process.wait(_WAIT_S)

    def threads(self) -> int:
        """How many the command has now."""
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def read_on(self) -> None:
        """Take what is shown, until the command closes the terminal."""
        while True:
            try:
                data = os.read(self.master, 65536)
            except OSError:  # closed by the command's end
                return
            with self._changed:
                self.shown += data.decode(errors="replace").replace("\r\n", "\n")
                self._changed.notify_all()


@contextmanager
def af3_in_terminal(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """`af3` with these arguments; killed at the end of the body where it still runs."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "beam_jobs", *arguments],
        env={**environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(slave)
    terminal = Terminal(process, master)
    reader = threading.Thread(target=terminal.read_on, daemon=True)
    reader.start()
    try:
        yield terminal
    finally:
        process.kill()
        process.wait()
        reader.join()
        os.close(master)


def _take_terminal() -> None:
    """Make the pseudo-terminal the one whose Ctrl-C reaches the command."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
