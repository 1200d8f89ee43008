"""Texts of made-up words: pronounceable, with the frequencies that words of a language have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

WORDS = 30_000
PHRASE = "storm at the station"
"""Stands in the transcript of every `PHRASE_EVERY`th segment, and nowhere else."""
PHRASE_EVERY = 1_000

_ZIPF_SHIFT = 2.7
_ONSETS = "b bl br ch d dr f fl g gr h j k kl l m n p pl r s sh sk st t tr v w z".split()
_VOWELS = "a e i o u ai ea oo".split()
_CODAS = ("", "", "", "n", "r", "l", "s", "t", "nd", "rk")

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """Distinct words, the frequent ones first, and how often each stands in a text."""

    words: pa.StringArray
    cumulative: npt.NDArray[np.float64]

    def texts(self, rng: np.random.Generator, lengths: Counts) -> pa.StringArray:
        """One text for each length, in words; a length of 0 gives an empty text."""
        drawn = np.searchsorted(self.cumulative, rng.random(int(lengths.sum())))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        taken = self.words.take(pa.array(drawn, pa.int32()))
        return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), taken), " ")


def vocabulary(seed: int) -> Vocabulary:
    """The same words for the same seed, by Zipf's law as Mandelbrot shifted it."""
    rng = np.random.default_rng([seed, 0])
    words: dict[str, None] = {}
    taken = set(PHRASE.split())
    while len(words) < WORDS:
        # frequent words are short
        syllables = 1 + int(np.searchsorted([200, 6_000, 20_000], len(words)))
        syllables = max(1, syllables - int(rng.random() < 0.3))
        word = "".join(_syllable(rng) for _ in range(syllables))
        if word not in taken:
            words[word] = None
    weights = 1 / (np.arange(WORDS) + _ZIPF_SHIFT)
    return Vocabulary(pa.array(list(words)), np.cumsum(weights) / weights.sum())


def _syllable(rng: np.random.Generator) -> str:
    parts = (_ONSETS, _VOWELS, _CODAS)
    return "".join(part[int(rng.random() * len(part))] for part in parts)
