"""Many requests under way at a server, asked for by any thread: who asks takes turns."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from af3core.errors import ModelError
from af3core.model.engines.served.wavs import Wavs
from af3core.model.request import Answer, Request
from af3core.model.streaming.fair_queue import FairQueue

Result = Answer | ModelError
AnswerOne = Callable[[Request, Wavs], Result]
"""Asks the server for one answer; what fails is a result too."""


@dataclass(frozen=True, eq=False)
class _Asked:
    request: Request
    wavs: Wavs
    result: Future[Result]


class SharedAsking:
    """Threads that ask a server as long as there is something to ask.

    Args:
        answer_one: asks for one answer.
        most: requests under way at once.
    """

    def __init__(self, answer_one: AnswerOne, most: int) -> None:
        self._answer_one = answer_one
        self._most = most
        self._changing = threading.Lock()
        self._waiting: FairQueue[_Asked] = FairQueue(lambda asked: asked.request)
        self._next: deque[_Asked] = deque()
        self._threads = 0

    def answer(self, requests: Sequence[Request]) -> list[Result]:
        """One answer or one error per request, in their order, waited for."""
        wavs = Wavs(requests)
        asked = [_Asked(request, wavs, Future()) for request in requests]
        with self._changing:
            self._waiting.put(asked)
            started = min(len(asked), self._most - self._threads)
            self._threads += started
        self._start_threads(started)
        return [one.result.result() for one in asked]

    def _start_threads(self, count: int) -> None:
        """Where the machine gives no more of them, the thread that calls asks instead."""
        for missing in range(count, 0, -1):
            try:
                threading.Thread(target=self._ask_all, name="served", daemon=True).start()
            except RuntimeError:
                with self._changing:
                    self._threads -= missing - 1
                self._ask_all()
                return

    def _ask_all(self) -> None:
        while True:
            with self._changing:
                if not self._next and (group := self._waiting.take()):
                    self._next += group.items
                if not self._next:
                    self._threads -= 1
                    return
                one = self._next.popleft()
            try:
                one.result.set_result(self._answer_one(one.request, one.wavs))
            except BaseException as error:
                one.result.set_exception(error)
