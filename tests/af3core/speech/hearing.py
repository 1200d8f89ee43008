"""What nano hears in speech: texts of its world spoken by a voice, and the words it gets wrong."""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd
from random import Random

import numpy as np
from scipy.signal import resample_poly

from af3core.model.request import Answer, Engine, Sound, ask
from af3core.nano.espeak_voices import SAMPLE_RATE_HZ
from af3core.nano.held_out_scores import word_errors
from af3core.nano.lexicon import TOPICS
from af3core.nano.sentences import sentence
from af3core.speech.voice import AudioChunk

_PROMPT = "Transcribe the input speech."


def answers_of_nanos_world(count: int, sentences: int = 3) -> list[str]:
    """Texts as an answer has them, with capitals and stops, each on one topic as nano's world is.

    nano was not taught these sentences.
    """
    random = Random("spoken answers")
    texts = []
    for _ in range(count):
        topic = random.choice(TOPICS)
        said = [sentence(topic, random, held_out=True) for _ in range(sentences)]
        texts.append(" ".join(words.capitalize() + "." for words in said))
    return texts


def words_of(text: str) -> str:
    return text.lower().replace(".", "")


def by_piece(chunks: Iterable[AudioChunk]) -> list[tuple[str, list[AudioChunk]]]:
    """Each piece's words and chunks. nano's scenes have one or two sentences, so it hears one."""
    pieces: list[tuple[str, list[AudioChunk]]] = []
    for chunk in chunks:
        if chunk.text:
            pieces.append((words_of(chunk.text).strip(), []))
        pieces[-1][1].append(chunk)
    return pieces


def error_rate(engine: Engine, pieces: list[tuple[str, list[AudioChunk]]]) -> float:
    """Word errors over words, of all pieces together."""
    requests = [ask(Sound(_waveform(chunks)), _PROMPT, 96) for _, chunks in pieces]
    errors, words = 0, 0
    for (said, _), answer in zip(pieces, engine.answer(requests), strict=True):
        heard = answer.text.strip() if isinstance(answer, Answer) else ""
        errors += word_errors(said, heard)
        words += len(said.split())
    return errors / words


def _waveform(chunks: list[AudioChunk]) -> np.ndarray:
    """All chunks, as nano hears: 16 kHz, peak 1.0."""
    rate_hz = chunks[0].sample_rate_hz
    divisor = gcd(rate_hz, SAMPLE_RATE_HZ)
    samples = np.concatenate([chunk.samples for chunk in chunks])
    heard = resample_poly(samples, SAMPLE_RATE_HZ // divisor, rate_hz // divisor)
    return np.asarray(heard / max(float(np.abs(heard).max()), 1e-9), np.float32)
