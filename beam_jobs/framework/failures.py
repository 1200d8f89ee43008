"""What is recorded of a piece of work that failed: whose fault it was, how often it was tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from af3core.errors import Af3Error, Fault, fault_of
from af3core.plain_text import printable
from schemas.records import Failure

MAX_ATTEMPTS = 3
"""How often a failure that may pass is tried, over all runs."""


class Placed(Protocol):
    """A piece of work of an archive's object: a recording, a clip, a derived table's piece."""

    @property
    def uri(self) -> str: ...
    @property
    def corpus(self) -> str: ...
    @property
    def date(self) -> str: ...


class Charge(NamedTuple):
    """The fields of a `Failure` that say what a piece is charged with, in their order."""

    attempts: int
    permanent: bool
    waits: bool
    retry: int


def charge(earlier: Failure | None, error: BaseException, run_id: str, retry: int = 0) -> Charge:
    """What a failed piece is charged with: a machine's fault uses up no attempt, and a run one."""
    before = earlier if earlier and earlier.retry == retry else None
    fault, attempts = fault_of(error), before.attempts if before else 0
    is_charged = before is not None and before.run_id == run_id and not before.waits
    if fault is not Fault.MACHINE and not is_charged:
        attempts += 1
    return Charge(attempts, fault is Fault.CONTENT, fault is Fault.MACHINE, retry)


def given_up(failures: Iterable[Failure]) -> bool:
    """True where trying again is pointless: the input is at fault, or it was tried enough."""
    return any(f.permanent or f.attempts >= MAX_ATTEMPTS for f in failures)


def progress_of(failure: Failure) -> tuple[int, bool, int, bool]:
    """Grows with each attempt, and with each request to try again: no clock orders failures."""
    return failure.retry, failure.permanent, failure.attempts, not failure.waits


def failure_of(
    stage: str,
    piece: Placed,
    error: Exception,
    charged: Charge,
    run_id: str,
    **more: Any,
) -> Failure:
    """The record of a failed piece.

    Args:
        stage: whose work it was.
        piece: what failed.
        error: why. The message of one that is not ours is put behind the object and its kind.
        charged: what the piece is charged with.
        run_id: of this run.
        more: other fields of the record: recording, clip, segment, task, times, another message.
    """
    is_ours = isinstance(error, Af3Error)
    message = str(error) if is_ours else f"{piece.uri}: {type(error).__name__}: {error}"
    fields = {"message": printable(message)} | charged._asdict() | more
    return Failure(
        stage=stage,
        uri=piece.uri,
        corpus=piece.corpus,
        date=piece.date,
        error_class=type(error).__name__,
        run_id=run_id,
        **fields,
    )
