"""Speech beside the text: ahead of the listener, never far, and nothing runs on when it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from af3core.speech.ahead_of_playback import speak_stream
from af3core.speech.espeak_voice import EspeakVoice
from af3core.speech.text_chunks import chunk_text

SENTENCES = [f"This is sentence number {number}. " for number in range(1, 41)]


class Source:
    """Deltas, with what was taken of them, and whether it was closed."""

    def __init__(self, deltas: list[str]) -> None:
        self.taken = 0
        self.closed = False
        self._deltas = deltas

    def stream(self) -> Iterator[str]:
        try:
            for delta in self._deltas:
                self.taken += 1
                yield delta
        finally:
            self.closed = True


def speaking_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "speaking"]


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_all_is_spoken_as_without_a_thread() -> None:
    voice = EspeakVoice()
    chunks = list(speak_stream(voice, iter(SENTENCES)))
    alone = list(voice.speak(chunk_text(SENTENCES)))
    assert "".join(chunk.text for chunk in chunks) == "".join(chunk.text for chunk in alone)
    last, last_alone = chunks[-1].start_ms, alone[-1].start_ms
    assert last == pytest.approx(last_alone, abs=200)
    starts = np.cumsum([0, *[len(chunk.samples) for chunk in chunks[:-1]]]) / 22.05
    assert [chunk.start_ms for chunk in chunks] == [round(start) for start in starts]
    assert speaking_threads() == []


def test_the_first_chunk_comes_while_the_text_waits() -> None:
    go_on = threading.Event()

    def stream() -> Iterator[str]:
        yield "A dog barks. T"
        assert go_on.wait(10)
        yield "hen it rains."

    speech = speak_stream(EspeakVoice(), stream())
    assert next(speech).text == "A dog barks."
    go_on.set()
    assert [chunk.text for chunk in speech if chunk.text] == [" Then it rains."]


def test_a_slow_listener_holds_the_text_back() -> None:
    source = Source(SENTENCES)
    speech = speak_stream(EspeakVoice(), source.stream(), chunks_ahead=20)
    next(speech)
    wait_until(lambda: source.taken >= 3)
    time.sleep(0.2)
    assert source.taken <= 5
    assert len(list(speech)) > 200
    assert source.taken == 40


def test_the_next_piece_is_spoken_while_one_plays() -> None:
    source = Source(SENTENCES[:3])
    speech = speak_stream(EspeakVoice(), source.stream(), chunks_ahead=100)
    next(speech)
    wait_until(lambda: source.taken == 3)
    speech.close()


def test_closing_leaves_nothing_running() -> None:
    source = Source(SENTENCES)
    speech = speak_stream(EspeakVoice(), source.stream(), chunks_ahead=3)
    next(speech)
    assert len(speaking_threads()) == 1
    speech.close()
    assert speaking_threads() == []
    assert source.closed
    assert source.taken < 40


def test_stop_ends_the_speech_from_elsewhere() -> None:
    stop = threading.Event()
    source = Source(SENTENCES)
    speech = speak_stream(EspeakVoice(), source.stream(), stop, chunks_ahead=3)
    next(speech)
    stop.set()
    assert list(speech) == []
    assert source.closed
    assert speaking_threads() == []


def test_stop_reaches_a_listener_who_waits_for_text() -> None:
    stop = threading.Event()

    def stream() -> Iterator[str]:
        yield "A dog barks. T"
        stop.wait(10)

    timer = threading.Timer(0.2, stop.set)
    timer.start()
    begun = time.monotonic()
    heard = list(speak_stream(EspeakVoice(), stream(), stop))
    timer.join()
    assert heard[0].text == "A dog barks."
    assert time.monotonic() - begun < 5
    assert speaking_threads() == []


def test_an_error_of_the_text_comes_after_what_was_said() -> None:
    def stream() -> Iterator[str]:
        yield "A dog barks. T"
        raise OSError("the engine is gone")

    heard = []
    with pytest.raises(OSError, match="the engine is gone"):
        heard.extend(chunk.text for chunk in speak_stream(EspeakVoice(), stream()))
    assert speaking_threads() == []


def test_twenty_conversations_at_once_leave_nothing_running() -> None:
    speeches = [
        speak_stream(EspeakVoice(), Source(SENTENCES).stream(), chunks_ahead=3) for _ in range(20)
    ]
    assert [next(speech).start_ms for speech in speeches] == [0] * 20
    assert len(speaking_threads()) == 20
    for speech in speeches:
        speech.close()
    assert speaking_threads() == []
