"""Pieces of work that are claimed: those first that no other run works on now.

pieces ──► claim is free ──► done ─────────────────────────┐
              └────────────► held ──► waited for, done ────┴──► results
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import apache_beam as beam

from af3core.storage.lease import Room
from af3core.storage.store import Store
from beam_jobs.framework.overlapping_work import WANTED, DoOverlapping
from beam_jobs.framework.pipeline import spread

DONE, HELD = "done", "held"


class Claim(Protocol):
    """How a piece's claim is had, waited for or not, with the room that the piece needs."""

    def __call__(
        self, store: Store, key: str, room: Room = WANTED
    ) -> AbstractContextManager[None]: ...


class _HeldByAnother(Exception):
    """Another run works on the piece now."""


def wait_for_claim(store: Store, key: str, room: Room = WANTED) -> AbstractContextManager[None]:
    """Hold the claim while the body runs, as `Store.claim`."""
    return store.claim(key, room)


def never(*_context: Any) -> bool:
    """Pieces are done one after the other."""
    return False


def do_claimed(
    pieces: beam.PCollection[Any],
    label: str,
    do: Callable[..., Any],
    *context: Any,
    hints: Mapping[str, str] | None = None,
    overlaps: Callable[..., bool] = never,
) -> beam.PCollection[Any]:
    """Do each piece once; those whose claim another run holds come last, and are waited for then.

    Args:
        pieces: to do; they are spread over the workers.
        label: of the step.
        do: a function of a module: does a piece, given `context` too. Before all else it takes the
            piece's claim, by its argument `claim`, whose default is `wait_for_claim`.
        hints: what a worker must have.
        overlaps: whether pieces of a worker overlap; asked there, given `context`, and a function
            of a module too. Each then holds its claim on a thread of its own.

    Returns:
        What `do` gave, for each piece.
    """
    if_free, in_turn = functools.partial(_do_if_free, do), functools.partial(_do_waiting, do)
    at_once: Any = beam.ParDo(DoOverlapping(if_free, context, overlaps)).with_resource_hints(
        **hints or {}
    )
    waiting = beam.ParDo(DoOverlapping(in_turn, context, overlaps)).with_resource_hints(
        **hints or {}
    )
    tried = spread(pieces) | label >> at_once.with_outputs(HELD, main=DONE)
    held = tried[HELD] | f"Spread{label}Held" >> beam.Reshuffle()  # after all that was free
    return (tried[DONE], held | f"{label}Held" >> waiting) | f"{label}All" >> beam.Flatten()


def _do_waiting(do: Callable[..., Any], piece: Any, *context: Any) -> Iterator[Any]:
    yield do(piece, *context)


def _do_if_free(do: Callable[..., Any], piece: Any, *context: Any) -> Iterator[Any]:
    try:
        yield do(piece, *context, claim=_free_claim)
    except _HeldByAnother:
        yield beam.pvalue.TaggedOutput(HELD, piece)


@contextmanager
def _free_claim(store: Store, key: str, room: Room = WANTED) -> Iterator[None]:
    with room, store.try_claim(key) as is_held:
        if not is_held:
            raise _HeldByAnother(key)
        yield
