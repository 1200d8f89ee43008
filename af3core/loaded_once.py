"""What is loaded once in a process, whichever thread asks first."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

Given = ParamSpec("Given")
Loaded = TypeVar("Loaded")


class LoadedOnce(Generic[Given, Loaded]):
    """A function that keeps what it gave, as `functools.lru_cache`, but is never run by two threads
    at once: a hundred would load a hundred models, of which all but one are thrown away. An error
    is not kept.

    Args:
        load: gives what is to be kept, by its arguments.
        most: results that are kept.
    """

    def __init__(self, load: Callable[Given, Loaded], most: int | None = None) -> None:
        functools.update_wrapper(self, load)
        self._kept = functools.lru_cache(most)(load)
        self._loading = threading.RLock()

    def __call__(self, *args: Given.args, **named: Given.kwargs) -> Loaded:
        with self._loading:
            return self._kept(*args, **named)  # type: ignore[arg-type]

    def cache_clear(self) -> None:
        """Keep nothing."""
        self._kept.cache_clear()


def loaded_once(load: Callable[Given, Loaded]) -> LoadedOnce[Given, Loaded]:
    """Decorates a function whose every result is kept (`LoadedOnce`)."""
    return LoadedOnce(load)
