"""One bad request fails alone: a batch that fails is halved until the culprit stands by itself.

Running out of memory takes the same way: halves are smaller batches, and go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from af3core.errors import ModelError
from af3core.model.request import Answer, Request

RunBatch = Callable[[Sequence[Request]], list[Answer]]


def answer_isolated(
    requests: Sequence[Request],
    run_batch: RunBatch,
    release_memory: Callable[[], None] = lambda: None,
) -> list[Answer | ModelError]:
    """Run a batch; on any error run its halves, down to single requests.

    `release_memory` is called after an error, before the halves run.
    """
    if not requests:
        return []
    try:
        return list(run_batch(requests))
    except Exception as error:
        failure = as_model_error(error)
    release_memory()
    if len(requests) == 1:
        return [failure]
    middle = len(requests) // 2
    return [
        *answer_isolated(requests[:middle], run_batch, release_memory),
        *answer_isolated(requests[middle:], run_batch, release_memory),
    ]


def as_model_error(error: Exception) -> ModelError:
    """A typed error with the first line of the cause."""
    if isinstance(error, ModelError):
        return error
    first_line = (str(error).splitlines() or [""])[0][:300]
    wrapped = ModelError(f"the model failed: {type(error).__name__}: {first_line}")
    wrapped.__cause__ = error
    return wrapped
