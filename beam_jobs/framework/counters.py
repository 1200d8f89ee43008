"""A job's counters: Beam's within a pipeline, this process's own where none is needed.

Beam counts on the thread that does a bundle and on no other: what threads beside it count is kept
apart (`counted_apart`), and counted by that one.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

METRICS = "af3"
"""Beam's name space of them."""

_counting = threading.Lock()
_here: list[Counter[str]] = []
_apart = threading.local()


def count(name: str, amount: int = 1) -> None:
    """Add to a counter of the running job."""
    apart: Counter[str] | None = getattr(_apart, "counters", None)
    if apart is not None:
        apart[name] += amount
        return
    with _counting:
        if _here:
            _here[-1][name] += amount
            return
    from apache_beam.metrics import Metrics

    Metrics.counter(METRICS, name).inc(amount)


@contextmanager
def counted_here() -> Iterator[Counter[str]]:
    """Gives the counters of the body, which runs no pipeline: this process does its work."""
    counters: Counter[str] = Counter()
    with _counting:
        _here.append(counters)
    try:
        yield counters
    finally:
        with _counting:
            _here.remove(counters)


@contextmanager
def counted_apart() -> Iterator[Counter[str]]:
    """Gives what the body counts on this thread, which nobody else counts."""
    counters: Counter[str] = Counter()
    _apart.counters = counters
    try:
        yield counters
    finally:
        _apart.counters = None
