"""An answer written and spoken at once: neither waits for the other, and stopping ends both."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from af3core.errors import ModelError
from af3core.model.request import Answer, Decoding, Request, Sound, Turn
from af3core.speech.espeak_voice import EspeakVoice
from af3core.speech.spoken_answer import spoken_answer
from af3core.speech.voice import AudioChunk
from tests.af3core.speech.talkers import nano

TONE = Sound(0.1 * np.sin(np.arange(3 * 16_000) / 10).astype(np.float32))
TRANSCRIBE = Request((TONE,), (Turn("user", "Describe the sound."),), Decoding(64, 64))


@pytest.fixture(scope="module")
def engine() -> Any:
    return nano()


@dataclass
class HeldVoice:
    """A voice that does not speak on until it is let go."""

    inner: EspeakVoice
    let_go: threading.Event

    name = "held"
    sample_rate_hz = 22_050

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        for chunk in self.inner.speak(pieces):
            self.let_go.wait(30)
            yield chunk


def test_a_slow_voice_does_not_hold_the_text_up(engine: Any) -> None:
    voice = HeldVoice(EspeakVoice(), threading.Event())
    events: list[Any] = []
    for event in spoken_answer(engine, TRANSCRIBE, voice):
        events.append(event)
        if isinstance(event, Answer):
            assert not any(isinstance(earlier, AudioChunk) for earlier in events)
            voice.let_go.set()
    told = "".join(event for event in events if isinstance(event, str))
    [answer] = [event for event in events if isinstance(event, Answer)]
    assert told == answer.text
    spoken = "".join(event.text for event in events if isinstance(event, AudioChunk))
    assert spoken == answer.text


def test_one_that_waits_for_its_turn_is_stopped_at_once(engine: Any) -> None:
    """The model belongs to somebody else for as long as the test lasts."""
    before = set(threading.enumerate())
    stop = threading.Event()
    with engine._turn:
        stopper = threading.Timer(0.3, stop.set)
        stopper.start()
        assert list(spoken_answer(engine, TRANSCRIBE, EspeakVoice(), stop)) == []
        stopper.join()
        deadline = time.monotonic() + 10
        while set(threading.enumerate()) - before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert set(threading.enumerate()) - before == set()


def test_what_the_model_cannot_answer_is_raised(engine: Any) -> None:
    before = set(threading.enumerate())
    request = Request((Sound(np.zeros(0, np.float32)),), TRANSCRIBE.turns, Decoding(8))
    with pytest.raises(ModelError, match="less than the 30 ms of one audio token"):
        list(spoken_answer(engine, request, EspeakVoice()))
    assert set(threading.enumerate()) - before == set()
