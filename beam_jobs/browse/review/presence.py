"""Who has which answer open: known to this server alone, and forgotten soon after the last word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

EXPIRES_S = 15.0
"""A page says every few seconds that it is still open."""
_MOST = 10_000


@dataclass(frozen=True)
class Present:
    """A page of a person.

    Attributes:
        person: the name.
        place: key of the answer that the person edits; empty where none is.
    """

    person: str
    place: str


class Presence:
    """The pages that are open, by recording."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, str, Present]] = {}

    def seen(self, person: str, page: str, recording: str, place: str) -> list[Present]:
        """Note that a page is open; gives the others of its recording, without pages of before.

        Args:
            person: whose page; nobody else's page has its name.
            page: one of the person's pages.
            recording: that it shows.
            place: as of `Present`.
        """
        now = self._clock_s()
        with self._lock:
            self._seen[person, page] = (now, recording, Present(person, place))
            held = {k: v for k, v in self._seen.items() if now - v[0] < EXPIRES_S}
            self._seen = dict(list(held.items())[-_MOST:])
            return [
                present
                for key, (_, where, present) in self._seen.items()
                if where == recording and key != (person, page)
            ]

    def left(self, person: str, page: str) -> None:
        """A page was closed."""
        with self._lock:
            self._seen.pop((person, page), None)

    def edited(self, but: str) -> set[str]:
        """Keys of recording and answer that persons other than this one have open now."""
        now = self._clock_s()
        with self._lock:
            return {
                f"{where} {present.place}"
                for seen_s, where, present in self._seen.values()
                if now - seen_s < EXPIRES_S and present.person != but and present.place
            }
