"""Streams of our engine: the same answers, as they come, and nothing left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from af3core.errors import EmptyAudio, ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Decoding, Request, Sound, Turn, ask
from af3core.model.runtime.runner import Runner
from af3core.model.streaming.stream import (
    Cancelled,
    Event,
    Finished,
    Stream,
    StreamState,
    TextDelta,
)
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import answers_of, sound_of

SOUNDS = [sound_of(seconds, seed=i) for i, seconds in enumerate((0.5, 1.7, 3.0, 6.2))]
CAPTION, WHO = "Please describe the audio in detail.", "Who is speaking?"
SCHEMA = '{"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}'


@pytest.fixture(scope="module", params=["untrained", pytest.param("nano", marks=pytest.mark.long)])
def engine(request: pytest.FixtureRequest, untrained: Path) -> Af3Engine:
    return Af3Engine.load(find_checkpoint(str(untrained) if request.param != "nano" else "nano"))


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) - before == set()


def requests_of_all_kinds() -> list[Request]:
    """Shared sounds, lengths, penalties, sampling, stop texts, a schema."""
    turns = (Turn("user", CAPTION),)
    decodings = [
        Decoding(20),
        Decoding(24, min_new_tokens=24),
        Decoding(20, repetition_penalty=1.3),
        Decoding(20, temperature=0.8, top_k=40, top_p=0.9, seed=3),
        Decoding(20, stop=("about", "e", "zz")),
        Decoding(30, json_schema=SCHEMA),
    ]
    return [Request((sound,), turns, decoding) for decoding in decodings for sound in SOUNDS[:2]]


def texts(events: Sequence[Event], requests: int) -> list[str]:
    return [
        "".join(e.text for e in events if isinstance(e, TextDelta) and e.request == number)
        for number in range(requests)
    ]


def results(events: Sequence[Event]) -> dict[int, Answer | ModelError]:
    return {event.request: event.result for event in events if isinstance(event, Finished)}


def assert_streamed(events: Sequence[Event], expected: Sequence[Answer | ModelError]) -> None:
    """The same answers, their pieces joined to their texts, each request's end its last event."""
    found = results(events)
    assert sorted(found) == list(range(len(expected)))
    said = texts(events, len(expected))
    for number, answer in enumerate(expected):
        result = found[number]
        assert isinstance(result, Answer)
        assert isinstance(answer, Answer)
        assert result.token_ids == answer.token_ids
        assert (result.text, result.finish_reason) == (answer.text, answer.finish_reason)
        assert said[number] == answer.text
        assert [e for e in events if e.request == number][-1] == Finished(number, result)


def until_text(stream: Stream, request: int) -> list[Event]:
    """Events up to the first text of a request."""
    events: list[Event] = []
    while not (events and isinstance(events[-1], TextDelta) and events[-1].request == request):
        events.append(next(stream))
    return events


def test_pieces_join_to_the_same_answers(engine: Af3Engine) -> None:
    requests = requests_of_all_kinds()
    expected = engine.answer(requests)
    assert_streamed(list(engine.stream(requests)), expected)
    assert engine.runners["base"].kv_bytes == 0


def test_text_comes_before_the_end(engine: Af3Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model rests in the middle of its answer until the first piece is read."""
    step, read = Runner.step, threading.Semaphore(0)

    def waiting(self: Runner, ids: object) -> object:
        assert read.acquire(timeout=20)
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "step", waiting)
    request = Request((SOUNDS[1],), (Turn("user", CAPTION),), Decoding(12, min_new_tokens=12))
    stream = engine.stream([request])
    read.release(6)
    events = until_text(stream, 0)
    read.release(6)
    events += list(stream)
    assert [type(events[0]), type(events[-1])] == [TextDelta, Finished]
    assert len(texts(events[:1], 1)[0]) < len(texts(events, 1)[0])


def test_twenty_conversations_of_their_own_are_written_together(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One starts; nineteen more come while it is written, and join it."""
    decoding = Decoding(40, min_new_tokens=40)
    first = Request((SOUNDS[0],), (Turn("user", WHO),), decoding)
    others = [
        Request((sound_of(0.4 + i / 9, seed=i),), (Turn("user", CAPTION),), Decoding(12))
        for i in range(19)
    ]
    expected = answers_of(engine, [first, *others])
    step, opened = Runner.step, threading.Event()

    def waiting(self: Runner, ids: object) -> object:
        assert opened.wait(20)
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "step", waiting)
    streams = [engine.stream([first])]
    streams += [engine.stream([request]) for request in others]
    steps = engine.stats.steps
    opened.set()
    events = [list(stream) for stream in streams]
    for one, answer in zip(events, expected, strict=True):
        assert_streamed(one, [answer])
    assert engine.stats.steps - steps < 60


def test_a_cancelled_request_leaves_the_others_alone(engine: Af3Engine) -> None:
    long = Decoding(600, min_new_tokens=600)
    requests = [
        Request((SOUNDS[0],), (Turn("user", WHO),), long),
        Request((SOUNDS[1],), (Turn("user", CAPTION),), Decoding(60, min_new_tokens=60)),
    ]
    expected = answers_of(engine, requests[1:])[0]
    stream = engine.stream(requests)
    events = until_text(stream, 0)
    stream.cancel(0)
    events += list(stream)
    found = results(events)
    assert isinstance(found[0], Cancelled)
    assert str(found[0]) == "the answer was cancelled by who asked for it"
    assert isinstance(found[1], Answer)
    assert found[1].token_ids == expected.token_ids
    assert texts(events, 2)[1] == expected.text
    assert engine.runners["base"].kv_bytes == 0


def test_cancelling_gives_its_room_back(engine: Af3Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    step = Runner.step

    def noting(self: Runner, ids: object) -> object:
        held.append(self.kv_bytes)
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "step", noting)
    decoding = Decoding(150, min_new_tokens=150)
    requests = [Request((sound,), (Turn("user", WHO),), decoding) for sound in SOUNDS[:2]]
    stream = engine.stream(requests)
    until_text(stream, 0)
    stream.cancel(0)
    list(stream)
    assert held[-1] < 0.6 * held[0]


def test_what_is_cancelled_before_it_starts_is_never_encoded(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget holds one of them at a time, the longest first."""
    encoded: list[Sound] = []
    encode = Runner.encode

    def noting(self: Runner, sounds: Sequence[Sound]) -> object:
        encoded.extend(sounds)
        return encode(self, sounds)

    monkeypatch.setattr(Runner, "encode", noting)
    monkeypatch.setattr(engine, "batch_tokens", 330)
    decoding = Decoding(100, min_new_tokens=100)
    requests = [Request((SOUNDS[i],), (Turn("user", WHO),), decoding) for i in (3, 2, 1)]
    stream = engine.stream(requests)
    events = until_text(stream, 0)
    stream.cancel(1)
    found = results([*events, *stream])
    assert [type(found[number]) for number in range(3)] == [Answer, Cancelled, Answer]
    assert encoded == [SOUNDS[3], SOUNDS[1]]


def test_closing_stops_all(engine: Af3Engine) -> None:
    decoding = Decoding(5_000, min_new_tokens=5_000)
    requests = [Request((sound,), (Turn("user", WHO),), decoding) for sound in SOUNDS]
    with engine.stream(requests) as stream:
        until_text(stream, 2)
    assert list(stream) == []
    assert engine.runners["base"].kv_bytes == 0
    assert engine.stats.steps < 5_000
    assert isinstance(engine.answer([ask(SOUNDS[0], WHO, 4)])[0], Answer)


def test_a_reader_that_waits_is_woken_by_closing(engine: Af3Engine) -> None:
    with engine._turn:
        stream = engine.stream([ask(SOUNDS[0], WHO, 4)])
        events: list[Event] = []
        reader = threading.Thread(target=lambda: events.extend(stream))
        reader.start()
        stream.close()
        reader.join(20)
        assert not reader.is_alive()
    assert events == []


def test_a_reader_that_stalls_holds_nobody_up(engine: Af3Engine) -> None:
    """Its answer waits for it, in one piece; the model answers others."""
    request = Request((SOUNDS[1],), (Turn("user", CAPTION),), Decoding(30, min_new_tokens=30))
    stalled = engine.stream([request])
    (answer,) = answers_of(engine, [request])
    assert_streamed(list(engine.stream([request])), [answer])
    assert [type(event) for event in stalled] == [TextDelta, Finished]


def test_answers_have_their_turn_between_streams(engine: Af3Engine) -> None:
    """What asks for whole answers is not kept waiting by streams that come after it."""
    decoding = Decoding(60, min_new_tokens=60)
    request = Request((SOUNDS[0],), (Turn("user", WHO),), decoding)
    answered = threading.Event()

    def answer() -> None:
        engine.answer([request])
        answered.set()

    running = engine.stream([request])
    until_text(running, 0)
    asking = threading.Thread(target=answer)
    asking.start()
    while not (engine._turn.wanted or answered.is_set()):
        time.sleep(0.001)
    later = list(engine.stream([request]))
    assert answered.is_set()
    asking.join()
    assert results(list(running)) == results(later)


def test_a_bad_request_finishes_with_its_error(engine: Af3Engine) -> None:
    requests = [
        ask(Sound(np.zeros(100, np.float32)), WHO, 4),
        ask(SOUNDS[0], WHO, 4),
        replace(ask(SOUNDS[0], WHO, 4), weights="think"),
        ask(SOUNDS[0], WHO, 30_000_000),
    ]
    found = results(list(engine.stream(requests)))
    assert isinstance(found[0], EmptyAudio)
    assert isinstance(found[1], Answer)
    assert str(found[2]).startswith("the checkpoint has no think weights")
    assert str(found[3]).endswith("an answer of 30000000: the model has 32768 positions")
    assert list(engine.stream([])) == []


def test_a_fault_halves_the_batch_and_repeats_no_text(
    engine: Af3Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model breaks once in the middle of all, and always on one sound."""
    decoding = Decoding(16, min_new_tokens=16)
    requests = [Request((sound,), (Turn("user", CAPTION),), decoding) for sound in SOUNDS]
    expected = engine.answer(requests)
    encode, step, steps = Runner.encode, Runner.step, []

    def break_on_one(self: Runner, sounds: Sequence[Sound]) -> object:
        if SOUNDS[2] in sounds and len(steps) >= 3:
            raise RuntimeError("device-side assert triggered\nsecond line")
        return encode(self, sounds)

    def break_once(self: Runner, ids: object) -> object:
        steps.append(1)
        if len(steps) == 3:
            raise RuntimeError("CUDA out of memory")
        return step(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Runner, "encode", break_on_one)
    monkeypatch.setattr(Runner, "step", break_once)
    events = list(engine.stream(requests))
    found = results(events)
    assert str(found[2]) == "the model failed: RuntimeError: device-side assert triggered"
    for number in (0, 1, 3):
        own = [replace(event, request=0) for event in events if event.request == number]
        assert_streamed(own, [expected[number]])


def test_what_is_not_read_is_joined_and_requests_take_turns() -> None:
    state = StreamState(2)
    first, second = state.listeners()
    for text in ("a", "ab", "abc"):
        first.set_text(text)
    second.set_text("x")
    assert [state.take(), state.take()] == [TextDelta(0, "abc"), TextDelta(1, "x")]
    first.set_text("abcd")
    second.set_text("xy")
    state.cancel([0])
    answer = Answer("xyz", 3, None, "stop")
    second.finish(answer)
    first.finish(Answer("abcde", 5, None, "stop"))
    events: list[Event] = list(Stream(state, lambda: None))
    (cancelled,) = [e for e in events if e.request == 0]
    assert isinstance(cancelled, Finished)
    assert isinstance(cancelled.result, Cancelled)
    assert [e for e in events if e.request == 1] == [TextDelta(1, "yz"), Finished(1, answer)]


@pytest.mark.parametrize("begun", ["ab", "abx"])
def test_an_answer_that_begins_anew_goes_on_where_it_was(begun: str) -> None:
    state = StreamState(1)
    (listener,) = state.listeners()
    listener.set_text("abc")
    assert state.take() == TextDelta(0, "abc")
    listener.set_text(begun)
    listener.finish(Answer("abcd", 2, None, "stop"))
    event = state.take()
    if begun == "ab":
        assert event == TextDelta(0, "d")
    else:
        assert isinstance(event, Finished)
        assert str(event.result) == "the answer was begun anew and went another way; ask again"
