"""One bad request fails alone: a batch that fails is halved until the culprit stands by itself.

Running out of memory takes the same way: halves are smaller batches, and go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from af3core.errors import ModelError
from af3core.model.request import Answer, Request

RunBatch = Callable[[Sequence[Request]], Iterator[tuple[int, Answer | ModelError]]]
"""Gives each request's position with its result, as soon as it is there."""


def answer_isolated(
    requests: Sequence[Request],
    run_batch: RunBatch,
    release_memory: Callable[[], None] = lambda: None,
) -> list[Answer | ModelError]:
    """Run a batch; on any error run halves of what has no result yet, down to single requests.

    `release_memory` is called after an error, before the halves run.
    """
    results: dict[int, Answer | ModelError] = {}
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
        release_memory()
        left = [p for p in positions if p not in results]
        if len(left) == 1:
            results[left[0]] = failure
        elif left:
            middle = len(left) // 2
            waiting += [left[middle:], left[:middle]]
    return [results[position] for position in range(len(requests))]


def as_model_error(error: Exception) -> ModelError:
    """A typed error with the first line of the cause."""
    if isinstance(error, ModelError):
        return error
    first_line = (str(error).splitlines() or [""])[0][:300]
    wrapped = ModelError(f"the model failed: {type(error).__name__}: {first_line}")
    wrapped.__cause__ = error
    return wrapped
