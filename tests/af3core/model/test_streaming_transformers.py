"""Streams of the reference engine: batch after batch, the same answers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from af3core.model.checkpoint import find_checkpoint
from af3core.model.prompt import InvalidPrompt
from af3core.model.request import Answer, Decoding, Request, Turn
from af3core.model.streaming import Cancelled, Event, TextDelta
from af3core.model.transformers_engine import TransformersEngine
from tests.af3core.model.asking import sound_of
from tests.af3core.model.test_streaming import assert_streamed, results, until_text

SOUND = sound_of(1.5)


def request(decoding: Decoding, text: str = "Please describe the audio in detail.") -> Request:
    return Request((SOUND,), (Turn("user", text),), decoding)


@pytest.mark.parametrize("model", ["untrained", "nano"])
def test_pieces_join_to_the_same_answers(untrained: Path, model: str) -> None:
    folder = str(untrained) if model == "untrained" else model
    engine = TransformersEngine.load(find_checkpoint(folder))
    decodings = [
        Decoding(16),
        Decoding(16, stop=("about", "e")),
        Decoding(12, min_new_tokens=12),
        Decoding(12, temperature=0.8, seed=3),
    ]
    requests = [request(decoding, text) for decoding in decodings for text in ("Hm?", "Who?")]
    expected = engine.answer(requests)
    threads = threading.active_count()
    events = list(engine.stream(requests))
    assert threading.active_count() == threads
    assert_streamed(events, expected)
    assert sum(isinstance(event, TextDelta) for event in events) >= len(requests)


def test_cancelling_and_closing(untrained: Path) -> None:
    engine = TransformersEngine.load(find_checkpoint(str(untrained)))
    long, short = Decoding(400, min_new_tokens=400), Decoding(3)
    threads = threading.active_count()
    stream = engine.stream([request(long), request(short), request(Decoding(4, json_schema="{}"))])
    events: list[Event] = until_text(stream, 0)
    stream.cancel(0)
    found = results([*events, *stream])
    assert isinstance(found[0], Cancelled)
    assert isinstance(found[1], Answer)
    assert isinstance(found[2], InvalidPrompt)
    with engine.stream([request(long), request(long, "Who?")]) as stream:
        until_text(stream, 1)
    assert threading.active_count() == threads
