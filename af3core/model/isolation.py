"""One bad request fails alone: a batch that fails is halved until the culprit stands by itself.

Running out of memory takes the same way: halves are smaller batches, and go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from af3core.errors import Fault, MachineModelError, ModelError, fault_of

_OF_DEVICE = ("AcceleratorError", "OutOfMemoryError")
"""torch's errors of a GPU that answers no more, or is full: its memory is shared with whatever else
runs there. By name, as torch is not imported here."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def answer_isolated(
    requests: Sequence[Item],
    run_batch: Callable[[Sequence[Item]], Iterator[tuple[int, Result | ModelError]]],
    release_memory: Callable[[], None] = lambda: None,
) -> list[Result | ModelError]:
    """Run a batch; on any error run halves of what has no result yet, down to single requests.

    `run_batch` gives each request's position with its result, as soon as it is there.
    `release_memory` is called after an error, before the halves run.
    """
    results: dict[int, Result | ModelError] = {}
    waiting = [list(range(len(requests)))]
    while waiting:
        positions = waiting.pop()
        try:
            for place, result in run_batch([requests[p] for p in positions]):
                results[positions[place]] = result
        except Exception as error:
            failure = as_model_error(error)
        else:
            continue
        with suppress(Exception):  # a device may be past all use: what is left is told so
            release_memory()
        left = [p for p in positions if p not in results]
        if len(left) == 1:
            results[left[0]] = failure
        elif left:
            middle = len(left) // 2
            waiting += [left[middle:], left[:middle]]
    return [results[position] for position in range(len(requests))]


def as_model_error(error: Exception) -> ModelError:
    """A typed error with the first line of the cause, and its fault."""
    if isinstance(error, ModelError):
        return error
    first_line = (str(error).splitlines() or [""])[0][:300]
    is_machine_fault = fault_of(error) is Fault.MACHINE or type(error).__name__ in _OF_DEVICE
    kind = MachineModelError if is_machine_fault else ModelError
    wrapped = kind(f"the model failed: {type(error).__name__}: {first_line}")
    wrapped.__cause__ = error
    return wrapped
