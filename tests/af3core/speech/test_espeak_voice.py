"""The embedded voice speaks: real audio, on time, and nano understands it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from af3core.errors import ConfigurationError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.weights.checkpoint import NANO, find_checkpoint
from af3core.speech.espeak_voice import EspeakVoice
from af3core.speech.text_chunks import chunk_text
from af3core.speech.voice import AudioChunk, VoiceSettings
from tests.af3core.speech.hearing import answers_of_nanos_world, by_piece, error_rate

TEXT = "It costs 3.5 dollars. Dr. Smith pays."
SAME = 110
"""Samples (5 ms) by which espeak-ng varies what it says twice."""


def spoken(settings: VoiceSettings, *pieces: str) -> np.ndarray:
    return np.concatenate([chunk.samples for chunk in EspeakVoice(settings).speak(pieces)])


def test_chunks_are_speech_that_goes_on() -> None:
    voice = EspeakVoice()
    chunks = list(voice.speak(chunk_text([TEXT])))
    assert (voice.name, voice.sample_rate_hz) == ("espeak:en-us", 22_050)
    texts = [chunk.text for chunk in chunks if chunk.text]
    assert texts == ["It costs 3.5 dollars.", " Dr. Smith pays."]
    assert {chunk.sample_rate_hz for chunk in chunks} == {22_050}
    assert {chunk.samples.dtype for chunk in chunks} == {np.dtype(np.float32)}
    assert max(chunk.duration_ms for chunk in chunks) == 200
    samples = np.concatenate([chunk.samples for chunk in chunks])
    assert 2 < len(samples) / 22_050 < 6
    assert 0.01 < float(np.sqrt(np.mean(samples**2))) < 0.5
    assert float(np.abs(samples).max()) <= 1.0
    starts = np.cumsum([0, *[len(chunk.samples) for chunk in chunks[:-1]]]) / 22.05
    assert [chunk.start_ms for chunk in chunks] == [round(start) for start in starts]


def test_the_first_chunk_comes_before_the_text_ends() -> None:
    asked: list[str] = []

    def stream() -> Iterator[str]:
        for delta in ["A dog", " barks.", " Then", " it rains", " all night."]:
            asked.append(delta)
            yield delta

    first = next(EspeakVoice().speak(chunk_text(stream())))
    assert (first.text, first.start_ms) == ("A dog barks.", 0)
    assert asked == ["A dog", " barks.", " Then"]


def test_speed_and_speaker_are_heard() -> None:
    own = spoken(VoiceSettings(), TEXT)
    fast = spoken(VoiceSettings(speed=2.0), TEXT)
    assert 0.4 < len(fast) / len(own) < 0.7
    woman = spoken(VoiceSettings(speaker="en-us+f1"), TEXT)
    assert woman.shape != own.shape or not np.array_equal(woman, own)


def test_signs_alone_have_no_sound_and_marks_are_not_read_out() -> None:
    chunks = list(EspeakVoice().speak(["...", " **Rain**.", " !"]))
    assert "".join(chunk.text for chunk in chunks) == "... **Rain**."
    length = sum(len(chunk.samples) for chunk in chunks)
    assert length == pytest.approx(len(spoken(VoiceSettings(), " Rain.")), abs=SAME)


def test_untrusted_text_is_only_spoken() -> None:
    text = 'Rain \0 <break time="60s"/> [[hello]] <audio src="/etc/hostname"/> \ud800 end.'
    assert 1 < len(spoken(VoiceSettings(), text)) / 22_050 < 30


def test_threads_take_turns() -> None:
    texts = [f"Recording number {number}." for number in range(8)]
    alone = [spoken(VoiceSettings(), text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda text: spoken(VoiceSettings(), text), texts))
    for expected, heard in zip(alone, together, strict=True):
        assert len(heard) == pytest.approx(len(expected), abs=SAME)


@pytest.mark.parametrize("speaker", ["xx-nowhere", "../../en-us", "en-us+f1;", "en us"])
def test_an_unknown_voice_says_what_to_take(speaker: str) -> None:
    with pytest.raises(ConfigurationError, match="has no voice ") as caught:
        EspeakVoice(VoiceSettings(speaker=speaker))
    named = str(caught.value).partition("such as ")[2].split(" or ")
    assert len(named) == 2
    assert [EspeakVoice(VoiceSettings(speaker=name)).name for name in named] == [
        f"espeak:{name}" for name in named
    ]


def test_a_speed_that_espeak_has_not() -> None:
    with pytest.raises(ConfigurationError, match=r"speed 4: espeak speaks 0\.5 to 2\.8125"):
        EspeakVoice(VoiceSettings(speed=4.0))


def test_nano_understands_it() -> None:
    """Its own figure on unseen voices is 3.7 % (its model card); f3 and m4 are unseen voices."""
    pieces: list[tuple[str, list[AudioChunk]]] = []
    for speaker in ("en-us", "en-us+f3", "en-gb-scotland+m4"):
        voice = EspeakVoice(VoiceSettings(speaker=speaker))
        for text in answers_of_nanos_world(4):
            pieces += by_piece(voice.speak(chunk_text([text])))
    assert len(pieces) == 36
    assert error_rate(Af3Engine.load(find_checkpoint(NANO)), pieces) <= 0.037
