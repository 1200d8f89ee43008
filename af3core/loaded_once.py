"""What is loaded once in a process, whichever thread asks first."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, ParamSpec, TypeVar

Given = ParamSpec("Given")
Loaded = TypeVar("Loaded")


class LoadedOnce(Generic[Given, Loaded]):
    """A function that keeps what it gave, as `functools.lru_cache`, but is never run by two threads
    at once for the same: a hundred would load a hundred models, of which all but one are thrown
    away.

    Threads that ask while it runs share what comes of that, an error too: one after the other they
    would each wait as long, to hear the same. It is not kept: who asks later has it tried anew.

    Args:
        load: gives what is to be kept, by its arguments.
        most: results that are kept.
    """

    def __init__(self, load: Callable[Given, Loaded], most: int | None = None) -> None:
        functools.update_wrapper(self, load)
        self._kept = functools.lru_cache(most)(load)
        self._entering = threading.Lock()
        self._running: dict[Any, Future[Loaded]] = {}

    def __call__(self, *args: Given.args, **named: Given.kwargs) -> Loaded:
        key = args, frozenset(named.items())
        with self._entering:
            running = self._running.get(key)
            load = running or self._running.setdefault(key, Future())
        if running is None:
            try:
                load.set_result(self._kept(*args, **named))  # type: ignore[arg-type]
            except BaseException as error:
                load.set_exception(error)
            finally:
                with self._entering:
                    del self._running[key]
        return load.result()

    def cache_clear(self) -> None:
        """Keep nothing."""
        self._kept.cache_clear()


def loaded_once(load: Callable[Given, Loaded]) -> LoadedOnce[Given, Loaded]:
    """Decorates a function whose every result is kept (`LoadedOnce`)."""
    return LoadedOnce(load)
