"""What nano hears in speech: texts of its world spoken by a voice, and the words it gets wrong."""

from __future__ import annotations

from math import gcd
from random import Random

import numpy as np
from scipy.signal import resample_poly

from af3core.model.request import Answer, Engine, Sound, ask
from af3core.nano.evaluate import word_errors
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from af3core.nano.voices import SAMPLE_RATE_HZ
from af3core.voice.voice import AudioChunk

_PROMPT = "Transcribe the input speech."


def answers_of_nanos_world(count: int, sentences: int = 3) -> list[str]:
    """Texts as an answer has them, with capitals and stops, of sentences nano was not taught."""
    random = Random("spoken answers")
    return [
        " ".join(
            sentence(random.choice(TOPICS), random, held_out=True).capitalize() + "."
            for _ in range(sentences)
        )
        for _ in range(count)
    ]


def words_of(text: str) -> str:
    return text.lower().replace(".", "")


def waveform(chunks: list[AudioChunk]) -> np.ndarray:
    """All chunks, as nano hears: 16 kHz, peak 1.0."""
    rate_hz = chunks[0].sample_rate_hz
    divisor = gcd(rate_hz, SAMPLE_RATE_HZ)
    samples = np.concatenate([chunk.samples for chunk in chunks])
    heard = resample_poly(samples, SAMPLE_RATE_HZ // divisor, rate_hz // divisor)
    return np.asarray(heard / max(float(np.abs(heard).max()), 1e-9), np.float32)


def error_rate(engine: Engine, spoken: list[tuple[str, list[AudioChunk]]]) -> float:
    """Word errors over words, of all `(text, its chunks)` together."""
    requests = [ask(Sound(waveform(chunks)), _PROMPT, 192) for _, chunks in spoken]
    errors, words = 0, 0
    for (text, _), answer in zip(spoken, engine.answer(requests), strict=True):
        heard = answer.text.strip() if isinstance(answer, Answer) else ""
        errors += word_errors(words_of(text), heard)
        words += len(words_of(text).split())
    return errors / words
