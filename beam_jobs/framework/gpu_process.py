"""A process that works for another one on a GPU of its own: `beam_jobs.framework.gpu_processes`.

Reads from stdin what it is to do, and writes to stdout how it ended. It ends at once, as
`kill -9` would end it, when the other one does: every write is atomic.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import traceback
from typing import Any

from af3core.errors import Af3Error, ConfigurationError, Fault, GpuUnusable, fault_of

LENGTH_BYTES = 8
_INTERRUPTED = 130
_STDIN = 0


def main() -> int:
    """Do what stdin says; 0 where it is done, or where it is said why not."""
    # Ctrl-C comes to every process of a terminal: the other one says so, once, and ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = _read(int.from_bytes(_read(LENGTH_BYTES), "little"))
    if not told:
        return _INTERRUPTED
    threading.Thread(target=_end_with_the_other, name="end with the other", daemon=True).start()
    # what a library prints is no answer
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer.write(json.dumps(_done(told)))
    answer.close()
    return 0


def _done(told: bytes) -> dict[str, Any]:
    try:
        do, settings, beam_arguments, pieces = pickle.loads(told)  # noqa: S301 (from our own pipe)
        return {"counters": do(settings, beam_arguments, pieces)}
    except Af3Error as error:
        of_all = isinstance(error, ConfigurationError) and not isinstance(error, GpuUnusable)
        return _failed(error, is_setting=of_all)
    except Exception as error:
        traceback.print_exc()
        return _failed(error, is_bug=fault_of(error) is not Fault.MACHINE)


def _failed(error: Exception, *, is_setting: bool = False, is_bug: bool = False) -> dict[str, Any]:
    said = str(error) if is_setting else f"failed: {error}"
    name = type(error).__name__
    ended = {"error_class": name, "message": said, "is_setting": is_setting, "is_bug": is_bug}
    return {"counters": {}} | ended


def _end_with_the_other() -> None:
    while os.read(_STDIN, 1):
        pass  # nothing more is said; the end of the pipe is the end of the other
    os._exit(_INTERRUPTED)


def _read(count: int) -> bytes:
    """So many bytes of stdin; none where it ends before. No buffer: a thread waits there later,
    and holds no lock that the interpreter wants at its end.
    """
    said = bytearray()
    while len(said) < count:
        more = os.read(_STDIN, count - len(said))
        if not more:
            return b""
        said += more
    return bytes(said)


if __name__ == "__main__":
    sys.exit(main())
