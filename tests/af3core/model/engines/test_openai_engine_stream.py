"""Streams of a served model, against a small server that sends events as it is told."""

from __future__ import annotations

import json
import select
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from af3core.errors import InvalidAudio, ServerUnavailable
from af3core.model.engines.openai_engine import OpenAIEngine
from af3core.model.engines.served.exchange import RequestRefused
from af3core.model.engines.served.retries import Backoff
from af3core.model.request import Answer, Request, Sound, ask
from af3core.model.streaming.stream import Cancelled, Event, Finished, TextDelta
from tests.chat_server import Handler, Server, heard

USAGE = {"choices": [], "usage": {"completion_tokens": 9}}


class EventServer(Server):
    """Sends the conversation's description in three pieces, or the raw `lines` it is given.

    A conversation with `slow` waits for `go` behind its first piece; one with `mute` sends nothing
    and waits until the client hangs up.
    """

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = EventHandler
        self.lines: list[bytes] = []
        self.go = threading.Event()
        self.hung_up = threading.Event()


class EventHandler(Handler):
    server: EventServer

    def do_POST(self) -> None:
        body = self.read_body()
        if body is None:
            return None
        text = " ".join(heard(message) for message in body["messages"])
        if self.server.replies:
            return self.reply({})
        if "forbidden" in text:
            return self.reply({"error": {"message": "no such word"}}, 400)
        if "whole" in text:
            choice = {"message": {"content": text}, "finish_reason": "stop"}
            return self.reply({"choices": [choice], "usage": {"completion_tokens": 7}})
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        if "mute" in text:
            select.select([self.connection], [], [], 20)
            return self.server.hung_up.set()
        for line in self.server.lines or self.told(text):
            self.wfile.write(line)
            self.wfile.flush()
        return None

    def told(self, text: str) -> Iterator[bytes]:
        third = len(text) // 3
        yield b": a comment\n\n" + event(piece(text[:third]))
        if "slow" in text:
            assert self.server.go.wait(20)
        yield event(piece(text[third : 2 * third])) + event(piece(text[2 * third :], "stop"))
        yield event(USAGE) + b"data: [DONE]\n\n"


def piece(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish_reason}]}


def event(document: Any) -> bytes:
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\r\n\r\n"


@pytest.fixture
def server() -> Iterator[EventServer]:
    running = EventServer()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.go.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def engine(server: EventServer) -> OpenAIEngine:
    backoff = Backoff(tries=3, first_s=0.01, ceiling_s=0.01)
    return OpenAIEngine(server.endpoint, "af3", concurrency=8, backoff=backoff)


@pytest.fixture(autouse=True)
def _no_thread_stays(server: EventServer) -> Iterator[None]:
    yield
    assert "streams" not in [thread.name for thread in threading.enumerate()]


def request(words: str) -> Request:
    return ask(Sound(np.zeros(8_000, np.float32)), words, 5)


def joined(events: list[Event], number: int = 0) -> str:
    return "".join(e.text for e in events if isinstance(e, TextDelta) and e.request == number)


def result_of(events: list[Event], number: int = 0) -> object:
    (result,) = [e.result for e in events if isinstance(e, Finished) and e.request == number]
    return result


def test_text_comes_while_the_server_writes(engine: OpenAIEngine, server: EventServer) -> None:
    stream = engine.stream([request("slow")])
    first = next(stream)
    server.go.set()
    rest = list(stream)
    assert first == TextDelta(0, "user[")
    answer = Answer("user[0.50s|slow]", 9, None, "stop")
    assert (joined([first, *rest]), rest[-1]) == (answer.text, Finished(0, answer))
    (body,) = server.bodies
    assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
    assert (body["model"], body["max_tokens"]) == ("af3", 5)


def test_pieces_are_put_together(engine: OpenAIEngine, server: EventServer) -> None:
    """Bytes of one character in two packets, a separator of lines within a text, no count."""
    first, second = piece("漢\u2028\x85"), piece("x", "length")
    first["choices"][0]["logprobs"] = {"content": [{"logprob": -0.25}, {"logprob": -0.5}]}
    second["choices"][0]["logprobs"] = {"content": [{"logprob": -0.75}]}
    raw = event(piece("")) + event(first) + event(second) + b"data: [DONE]\n\n"
    middle = raw.index("漢".encode()) + 1
    server.lines = [raw[:middle], raw[middle:]]
    events = list(engine.stream([request("Hello")]))
    answer = Answer("漢\u2028\x85x", 3, -0.5, "length", logprobs=(-0.25, -0.5, -0.75))
    assert (joined(events), result_of(events)) == (answer.text, answer)


def test_twenty_at_once_and_bad_ones_fail_alone(engine: OpenAIEngine) -> None:
    requests = [request(f"question {number}") for number in range(20)]
    requests[3] = request("forbidden")
    requests[7] = ask(Sound(np.full(8_000, np.nan, np.float32)), "Hello", 5)
    requests[9] = request("whole")
    events = list(engine.stream(requests))
    assert isinstance(result_of(events, 3), RequestRefused)
    assert isinstance(result_of(events, 7), InvalidAudio)
    assert result_of(events, 9) == Answer("user[0.50s|whole]", 7, None, "stop")
    for number in {*range(20)} - {3, 7}:
        result = result_of(events, number)
        assert isinstance(result, Answer)
        assert joined(events, number) == result.text
        words = "whole" if number == 9 else f"question {number}"
        assert result.text == f"user[0.50s|{words}]"
    assert list(engine.stream([])) == []


def test_cancelling_hangs_up_and_leaves_the_others(
    engine: OpenAIEngine, server: EventServer
) -> None:
    stream = engine.stream([request("mute"), request("slow")])
    events = [next(stream)]
    stream.cancel(0)
    assert server.hung_up.wait(20)
    server.go.set()
    events += list(stream)
    assert isinstance(result_of(events, 0), Cancelled)
    assert joined(events, 1) == "user[0.50s|slow]"


def test_closing_leaves_nothing(engine: OpenAIEngine, server: EventServer) -> None:
    """Whether an answer has begun, or waits for its place behind eight others."""
    with engine.stream([request("mute") for _ in range(20)]):
        pass
    with engine.stream([request("slow")]) as stream:
        next(stream)
    assert list(stream) == []


def test_a_server_is_asked_again_before_its_first_word(
    engine: OpenAIEngine, server: EventServer
) -> None:
    server.replies = [(503, {}, "loading"), (500, {}, "out of memory")]
    assert joined(list(engine.stream([request("Hello")]))) == "user[0.50s|Hello]"
    server.replies = [(500, {}, "out of memory")] * 3
    error = result_of(list(engine.stream([request("Hello")])))
    assert str(error) == f"endpoint {server.endpoint}: HTTP 500: out of memory (tries: 3)"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([event(piece("a")), event({"error": {"message": "out of\nmemory"}})], "out of memory"),
        ([event(piece("a"))], "the answer broke off after 1 pieces"),
        ([event(piece("a")), b"data: {"], "the answer broke off after 1 pieces"),
        ([event(piece("a")), b"data: {\n\n"], "no piece of an answer: {"),
        ([event(piece("a")), event({"choices": 5})], 'no piece of an answer: {"choices": 5}'),
    ],
)
def test_an_answer_that_breaks_off_is_no_answer(
    engine: OpenAIEngine, server: EventServer, lines: list[bytes], message: str
) -> None:
    server.lines = lines
    events = list(engine.stream([request("Hello")]))
    assert joined(events) == "a"
    error = result_of(events)
    assert isinstance(error, ServerUnavailable)
    assert str(error) == f"endpoint {server.endpoint}: {message}"
    assert len(server.bodies) == 1


def test_a_server_that_streams_nothing_answers_whole(
    engine: OpenAIEngine, server: EventServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.refused = {"stream"}
    for _ in range(2):
        events = list(engine.stream([request("whole")]))
        assert result_of(events) == Answer("user[0.50s|whole]", 7, None, "stop")
    assert server.wrong == 1
    told = capsys.readouterr().err
    assert told.count("does not stream: an answer comes whole") == 1
    server.refused = {"stream_options"}
    assert joined(list(OpenAIEngine(server.endpoint, "af3").stream([request("Hello")])))
