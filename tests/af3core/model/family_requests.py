"""Random requests of every kind that the engines answer greedily, the same for the same seed."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from random import Random

import numpy as np

from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.request import Decoding, Request, Sound, Turn
from tests.af3core.model.asking import sound_of

SHORTEST_S = 0.05
_TEXTS = (
    "Please describe the audio in detail.",
    "Transcribe the input speech.",
    "Who is speaking?",
    "Is it rain, thunder, a bell or an engine?",
    "What is said first, and what comes after it?",
)
_ANSWERS = ("A man.", "Rain.", "There is music, then a bell.")
_STOPS = ("e", "a", "the", " ")
_BASE_S = 120.0


def random_requests(seed: int, count: int, longest_s: float) -> list[Request]:
    """So many requests: none to three sounds, one to three turns, each decoding that is greedy."""
    random = Random(seed)
    return [_request(random, longest_s) for _ in range(count)]


def long_request(seed: int, seconds: float) -> Request:
    """One question about one sound of so many seconds."""
    random = Random(seed)
    turns = (Turn("user", random.choice(_TEXTS)),)
    return Request((_sound(random, seconds),), turns, Decoding(random.randint(2, 6)))


def total_s(requests: Sequence[Request]) -> float:
    """Seconds of sound in all requests."""
    samples = sum(len(sound.samples) for request in requests for sound in request.sounds)
    return samples / SAMPLE_RATE_HZ


def _request(random: Random, longest_s: float) -> Request:
    count = random.choice((0, 1, 1, 1, 1, 1, 2, 3))
    seconds = [_log_uniform(random, longest_s / max(count, 1)) for _ in range(count)]
    sounds = tuple(_sound(random, each) for each in seconds)
    texts = [random.choice(_TEXTS) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    if count and random.random() < 0.5:
        texts = _with_markers(random, texts, count)
    turns = [Turn("user", texts[0])]
    for text in texts[1:]:
        turns += [Turn("assistant", random.choice(_ANSWERS)), Turn("user", text)]
    return Request(sounds, tuple(turns), _decoding(random))


def _with_markers(random: Random, texts: list[str], count: int) -> list[str]:
    """Each sound named in some turn, before or after its words, one of them perhaps twice."""
    marked = list(texts)
    named = [*range(1, count + 1), *([random.randint(1, count)] if random.random() < 0.2 else [])]
    random.shuffle(named)
    for number in named:
        turn = random.randrange(len(marked))
        marker = f"<sound-{number}>"
        before = random.random() < 0.5
        marked[turn] = f"{marker} {marked[turn]}" if before else f"{marked[turn]} {marker}"
    return marked


def _decoding(random: Random) -> Decoding:
    tokens = random.randint(1, 20)
    return Decoding(
        tokens,
        min_new_tokens=random.choice((0, 0, min(tokens, 6))),
        repetition_penalty=random.choice((1.0, 1.0, 1.05, 1.3)),
        stop=random.choice(((), (), (random.choice(_STOPS),))),
    )


def _log_uniform(random: Random, longest_s: float) -> float:
    return math.exp(random.uniform(math.log(SHORTEST_S), math.log(longest_s)))


def _sound(random: Random, seconds: float) -> Sound:
    """A stretch of nano's world, at another loudness each."""
    base = _base()
    wanted = round(seconds * SAMPLE_RATE_HZ)
    start = random.randrange(len(base))
    stretch = np.resize(np.roll(base, -start), wanted) if wanted else base[:0]
    return Sound((stretch * np.float32(random.uniform(0.1, 1.0))).astype(np.float32))


@functools.cache
def _base() -> np.ndarray:
    return sound_of(_BASE_S, seed=11).samples
