"""Threads that ask a server beside each other: bounded, in turns, each answer to who asked."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from af3core.errors import ServerUnavailable
from af3core.model.engines.served.shared_asking import Result, SharedAsking
from af3core.model.engines.served.wavs import Wavs
from af3core.model.request import Answer, Request, Sound, ask
from tests.refused_threads import no_thread_left

DEADLINE_S = 60


class Server:
    """Answers a request with its prompt."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.most = self._now = 0
        self._changing = threading.Lock()

    def answer(self, request: Request, wavs: Wavs) -> Result:
        words = request.turns[0].text
        with self._changing:
            self.asked.append(words)
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._changing:
            self._now -= 1
        if words == "away":
            return ServerUnavailable("the server is away")
        return Answer(words, 1, None, "stop")


def requests_of(name: str, count: int) -> list[Request]:
    """Each about a sound of its own."""
    return [ask(Sound(np.zeros(16_000, np.float32)), f"{name} {n}", 4) for n in range(count)]


def words(results: list[Result]) -> list[str]:
    return [result.text if isinstance(result, Answer) else str(result) for result in results]


def test_each_gets_its_own_answers_and_no_more_than_the_bound_are_under_way() -> None:
    server = Server()
    shared = SharedAsking(server.answer, 5)
    names = ["long", "short", "other"]
    counts = [20, 2, 5]
    with ThreadPoolExecutor(3) as threads:
        asked = [
            threads.submit(shared.answer, requests_of(name, count))
            for name, count in zip(names, counts, strict=True)
        ]
        for name, count, one in zip(names, counts, asked, strict=True):
            assert words(one.result(DEADLINE_S)) == [f"{name} {n}" for n in range(count)]
    assert server.most == 5
    assert len(server.asked) == 27


def test_a_short_clip_waits_for_no_long_one() -> None:
    server = Server()
    shared = SharedAsking(server.answer, 1)
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(shared.answer, requests_of("long", 20))
        while not server.asked:
            time.sleep(0.001)
        short = threads.submit(shared.answer, requests_of("short", 1))
        assert words(short.result(DEADLINE_S)) == ["short 0"]
        assert not long.done()
        long.result(DEADLINE_S)
    assert server.asked.index("short 0") < 10


def test_what_fails_is_the_result_of_who_asked_for_it() -> None:
    shared = SharedAsking(Server().answer, 2)
    sound = Sound(np.zeros(16_000, np.float32))
    found = shared.answer([ask(sound, "Who?", 4), ask(sound, "away", 4)])
    assert words(found) == ["Who?", "the server is away"]
    assert shared.answer([]) == []


@pytest.mark.parametrize("given", [0, 1])
def test_where_no_thread_can_be_started_all_is_asked_and_later_ones_are(given: int) -> None:
    server = Server()
    shared = SharedAsking(server.answer, 3)
    with no_thread_left(given):
        assert words(shared.answer(requests_of("few", 6))) == [f"few {n}" for n in range(6)]
    assert server.most == given + 1
    assert words(shared.answer(requests_of("all", 6))) == [f"all {n}" for n in range(6)]
    assert server.most == 3
