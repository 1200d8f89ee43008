"""Pieces of a bundle that are done side by side, on threads, from its first element to its end.

process ──► a thread each, `MOST_AT_ONCE` in this process ──► results with later elements
finish_bundle ──► what is left, waited for
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

from af3core.storage.bucket_client import CONNECTIONS
from beam_jobs.framework.counters import count, counted_apart

MOST_AT_ONCE = CONNECTIONS
"""Pieces that a process works on at once, all its bundles together: none waits for a connection
that another one has."""

_slots = threading.BoundedSemaphore(MOST_AT_ONCE)

_Done = tuple[list[Any], Counter[str]]
"""What a piece gave, and what it counted."""
_here = threading.local()


class BundleEnds(Exception):
    """Another piece of the bundle has failed: what has not begun is left to the next attempt."""


def check_wanted() -> None:
    """For a piece that waits before it has begun.

    Raises:
        BundleEnds: it is not to begin any more.
    """
    ends: threading.Event | None = getattr(_here, "ends", None)
    if ends is not None and ends.is_set():
        raise BundleEnds


class _Wanted:
    def __enter__(self) -> None:
        check_wanted()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


WANTED = _Wanted()
"""Entered by a piece that waits for a claim: as `check_wanted`."""


class DoOverlapping(beam.DoFn):
    """Does the pieces of a bundle side by side; where they do not overlap, one after the other.

    A piece's error ends the bundle once the pieces that have begun are done, so that nothing of
    them is lost; those that wait for a claim, or for room, do not begin (`check_wanted`). A bundle
    that its runner gave up leaves its threads to end by themselves.

    Args:
        do: gives what comes of a piece; a function of a module.
        context: given to it, behind the piece.
        overlaps: whether pieces overlap here; asked on the worker, given `context`.
    """

    def __init__(
        self,
        do: Callable[..., Iterable[Any]],
        context: tuple[Any, ...],
        overlaps: Callable[..., bool],
    ) -> None:
        self._do, self._context, self._overlaps = do, context, overlaps

    def setup(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, "pieces")
        self._is_side_by_side = self._overlaps(*self._context)
        self._ends = threading.Event()

    def start_bundle(self) -> None:
        self._ends.set()  # of a bundle before, which the runner gave up or has the results of
        self._running: list[Future[_Done]] = []
        self._ends = threading.Event()

    def process(self, piece: Any) -> Iterator[Any]:
        if not self._is_side_by_side:
            yield from self._do(piece, *self._context)
            return
        yield from self._results(future for future in self._running if future.done())
        _slots.acquire()
        try:
            self._running.append(self._threads.submit(self._on_thread, piece, self._ends))
        except BaseException:
            _slots.release()
            raise

    def finish_bundle(self) -> Iterator[Any]:
        for result in self._results(iter(list(self._running))):
            yield _in_global_window(result)

    def teardown(self) -> None:
        self._ends.set()
        self._threads.shutdown(wait=False)

    def _on_thread(self, piece: Any, ends: threading.Event) -> _Done:
        _here.ends = ends
        try:
            check_wanted()
            with counted_apart() as counters:
                return list(self._do(piece, *self._context)), counters
        except BaseException:
            ends.set()
            raise
        finally:
            _slots.release()

    def _results(self, futures: Iterator[Future[_Done]]) -> Iterator[Any]:
        """What pieces gave, each waited for; counted on this thread.

        Raises:
            Exception: that of a piece, once no other runs.
        """
        for future in list(futures):
            if future.exception() is not None:
                wait(self._running)
                raise _first_error(self._running)
            self._running.remove(future)
            results, counters = future.result()
            for name, amount in counters.items():
                count(name, amount)
            yield from results


def _first_error(done: Sequence[Future[_Done]]) -> BaseException:
    """The error that ended a bundle: no piece's that was only not begun for it."""
    errors = [error for future in done if (error := future.exception())]
    return next((error for error in errors if not isinstance(error, BundleEnds)), errors[0])


def _in_global_window(result: Any) -> Any:
    """What a bundle's end gives back has no element's window."""
    if isinstance(result, beam.pvalue.TaggedOutput):
        return beam.pvalue.TaggedOutput(result.tag, GlobalWindows.windowed_value(result.value))
    return GlobalWindows.windowed_value(result)
