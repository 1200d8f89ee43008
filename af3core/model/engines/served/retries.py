"""When a server that is busy, broken or away is asked again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from af3core.errors import ServerUnavailable

_RETRY_STATUSES = {408, 429}


def may_pass(status: int) -> bool:
    """True for a server's trouble, False where the request or a setting is at fault."""
    return status >= 500 or status in _RETRY_STATUSES


@dataclass(frozen=True)
class Backoff:
    """How often a busy or broken server is asked, and how long between.

    A wait is drawn between 0 and a limit that doubles from `first_s` up to `ceiling_s`, so that
    requests do not come back all at once. A Retry-After is waited out before it; a server that
    asks for more than `longest_retry_after_s` is given up.
    """

    tries: int = 8
    first_s: float = 0.5
    ceiling_s: float = 30.0
    longest_retry_after_s: float = 300.0
    sleep: Callable[[float], None] = time.sleep

    def allows(self, failures: int, retry_after_s: float) -> bool:
        """Whether to ask again after so many failures."""
        return retry_after_s <= self.longest_retry_after_s and failures < self.tries

    def length_s(self, failures: int, retry_after_s: float) -> float:
        """How long to wait after so many failures (1 or more)."""
        limit_s = min(self.ceiling_s, self.first_s * 2 ** (failures - 1))
        return retry_after_s + random.uniform(0, limit_s)


@dataclass(frozen=True)
class Failure:
    """Why a try brought no answer, whether another may, and how long the server asks to wait."""

    reason: str
    may_retry: bool
    retry_after_s: float = 0.0

    @classmethod
    def of_transport(cls, error: httpx.TransportError) -> Failure:
        """A silence as long as the timeout would be as long again."""
        return cls(repr(error), may_retry=not isinstance(error, httpx.ReadTimeout))

    @classmethod
    def of_response(cls, response: httpx.Response, reason: str) -> Failure:
        """An answer that is no success; 0 seconds where it names no number of them."""
        said = response.headers.get("Retry-After", "")
        wait_s = float(said) if said.isdecimal() else 0.0
        return cls(reason, may_pass(response.status_code), wait_s)


class Outage:
    """After a request that got no answer in all its tries, others get one try each for a while.

    Otherwise a night over a server that is away would wait for all tries of each of its clips.
    """

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._ends = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._ends

    def begin(self) -> None:
        self._ends = time.monotonic() + self._length_s

    def end(self) -> None:
        self._ends = 0.0


class Retries:
    """The failed tries of one request."""

    def __init__(self, server: str, backoff: Backoff, outage: Outage) -> None:
        self._server = server
        self._backoff = backoff
        self._outage = outage
        self._failures = 0

    def wait_s(self, failure: Failure) -> float:
        """Seconds before the next try.

        Raises:
            ServerUnavailable: no try is left, or none can help.
        """
        self._failures += 1
        retry_after_s = failure.retry_after_s
        is_allowed = self._backoff.allows(self._failures, retry_after_s)
        if failure.may_retry and is_allowed and not self._outage.is_on():
            return self._backoff.length_s(self._failures, retry_after_s)
        if failure.may_retry:
            self._outage.begin()
        raise ServerUnavailable(f"{self._server}: {failure.reason} (tries: {self._failures})")
