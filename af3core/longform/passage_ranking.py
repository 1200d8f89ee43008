"""Which passages of a recording speak to a question: by its words (BM25) and by its meaning."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.longform.passages import Passage
from af3core.longform.word_forms import stems_of, words_of

Vectors = npt.NDArray[np.float32]

_K1, _B = 1.2, 0.5
"""BM25's saturation of repeats, and its discount of length: passages are nearly of one length."""

_SAME_MEANING = 0.45
_RELATED_MEANING = 0.3
"""Cosines of MiniLM: unrelated sentences lie below 0.25, a question and its answer above 0.45."""

_ENOUGH_WORDS = 0.5
_QUOTED = re.compile(r'"([^"]+)"|“([^”]+)”')


@dataclass(frozen=True)
class Hit:
    """A passage by its place in the list that was searched.

    Attributes:
        score: 0 to 1, half of it for words and half for meaning.
        coverage: share of the question's words that it holds, rare ones counting more.
        similarity: cosine of its meaning and the question's.
        phrase: it holds all that the question puts in quotation marks.
    """

    place: int
    score: float
    coverage: float
    similarity: float
    phrase: bool = False

    @property
    def is_related(self) -> bool:
        """Worth showing to a language model."""
        return self.coverage > 0 or self.similarity >= _RELATED_MEANING

    @property
    def is_answer(self) -> bool:
        """An answer in itself, without a language model's judgement."""
        return self.phrase or self.coverage >= _ENOUGH_WORDS or self.similarity >= _SAME_MEANING


def rank(
    question: str, passages: Sequence[Passage], vectors: Vectors, question_vector: Vectors
) -> list[Hit]:
    """All passages, those that speak to the question most first; equal ones in time order.

    Args:
        vectors: unit vectors `[passages, dimensions]` of their texts.
        question_vector: the question's `[dimensions]`.
    """
    if not passages:
        return []
    terms = list(dict.fromkeys(stems_of(question)))
    phrases = [words_of(a or b) for a, b in _QUOTED.findall(question)]
    counts = [Counter(stems_of(passage.text)) for passage in passages]
    rarity = _rarity(terms, counts)
    mean_length = max(1.0, sum(c.total() for c in counts) / len(counts))
    similarity = vectors @ question_vector
    hits = []
    for place, count in enumerate(counts):
        held = [term for term in terms if count[term]]
        whole = bool(phrases) and all(_holds(passages[place], phrase) for phrase in phrases)
        coverage = sum(rarity[t] for t in held) / sum(rarity.values()) if held else 0.0
        words = 1.0 if whole else _bm25(count, rarity, count.total() / mean_length)
        close = float(similarity[place])
        score = round((words + max(close, 0.0)) / 2, 6)
        hits.append(Hit(place, score, round(coverage, 6), round(close, 6), whole))
    return sorted(hits, key=lambda hit: (-hit.phrase, -hit.score, passages[hit.place].start_ms))


def _rarity(terms: Sequence[str], counts: Sequence[Counter[str]]) -> dict[str, float]:
    """Inverse document frequency; what the recording never says is rarest of all."""
    total = len(counts)
    found = {}
    for term in terms:
        holding = sum(term in count for count in counts)
        found[term] = math.log(1 + (total - holding + 0.5) / (holding + 0.5))
    return found


def _bm25(count: Counter[str], rarity: dict[str, float], length: float) -> float:
    """BM25 as a share of the most that the question's words could give."""
    most = sum(rarity.values()) * (_K1 + 1)
    if not most:
        return 0.0
    discount = _K1 * (1 - _B + _B * length)
    found = sum(
        weight * count[term] * (_K1 + 1) / (count[term] + discount)
        for term, weight in rarity.items()
        if count[term]
    )
    return found / most


def _holds(passage: Passage, phrase: Sequence[str]) -> bool:
    """True where the words stand in a row in what is said, or in what is heard."""
    wanted = f" {' '.join(phrase)} "
    return any(wanted in f" {' '.join(words_of(t))} " for t in (passage.said, passage.heard))
