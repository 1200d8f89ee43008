"""Pieces of work that wait for the next run, for a machine's sake: counted, the first ones said.

A piece that waits uses up no attempt and stands in the way of no other. A job that did all else
ends with `schemas.reports.WAITING_EXIT_CODE` and one line.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from af3core.errors import ConfigurationError, Fault, fault_of
from af3core.messages import Level, tell
from beam_jobs.framework.counters import count

_PREFIX = "waiting_"
_SAID_OF_A_KIND = 3
_said: Counter[str] = Counter()
_saying = threading.Lock()


def begin_job() -> None:
    """Forget what an earlier job of this process has said."""
    with _saying:
        _said.clear()


@contextmanager
def machine_faults_wait(job: str) -> Iterator[None]:
    """Where the body fails for a machine's sake, its piece is counted as waiting, and that is all.

    A wrong setting fails every piece alike: it ends the job.
    """
    try:
        yield
    except ConfigurationError:
        raise
    except Exception as error:
        if fault_of(error) is not Fault.MACHINE:
            raise
        count_waiting(job, error)


def count_waiting(job: str, error: BaseException, pieces: int = 1) -> None:
    """Count pieces that wait, under the kind of the error; the first of a kind are said."""
    kind = type(error).__name__
    count(f"{_PREFIX}{kind}", pieces)
    with _saying:
        _said[kind] += 1
        level = Level.NOTICE if _said[kind] <= _SAID_OF_A_KIND else Level.DETAIL
    said = " ".join(str(error).split()) or kind
    tell(f"{job}: waits for the next run: {said}", level, error_class=kind)


def split_waiting(counters: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """The counters of what was done, and of what waits by the kind of the error."""
    waiting = {
        name.removeprefix(_PREFIX): n for name, n in counters.items() if name.startswith(_PREFIX)
    }
    return {n: v for n, v in counters.items() if not n.startswith(_PREFIX)}, waiting


def with_waiting(done: Mapping[str, int], waiting: Mapping[str, int]) -> dict[str, int]:
    """The counters that `split_waiting` takes apart."""
    return {**done, **{f"{_PREFIX}{kind}": n for kind, n in waiting.items()}}


def waiting_line(job: str, waiting: Mapping[str, int]) -> str:
    """How many pieces wait and why, for people."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(waiting).most_common())
    return f"{job}: {sum(waiting.values())} pieces wait ({kinds}); all else is done, run it again"
