"""Titles and summaries out of a recording's own words, where no language model is to be trusted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from af3core.longform.passages import Passage
from af3core.longform.word_forms import first_words, sentences_of, stem, stems_of, words_of

Vector = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[str]], Vectors]

_TITLE_WORDS = 4
_TITLE_CANDIDATES = 32
_HEARD_WORDS, _SAID_WORDS = 24, 18
_SAME = 0.85
"""Cosine above which two passages would tell the same."""

GENERIC = frozenset(
    stem(word)
    for word in """man men woman women voice voices person people someone speaker speakers sound
    sounds background distance clip segment part track describe describes discuss discusses talk
    talks feature features include includes contain contains hear heard play plays playing noise
    programme program show begin begins end ends start starts follow followed several first second
    next last good new back welcome reports reporting guest listeners studio fast slow""".split()
)
"""Stems that captions and summaries hold whatever the recording is about."""


def extract_title(
    passages: Sequence[Passage], chapters: Sequence[Sequence[Passage]], centre: Vector, embed: Embed
) -> str:
    """A chapter's telling words: frequent in it, rare in the others, near its meaning.

    Args:
        passages: of the chapter.
        chapters: the passages of all chapters, this one's too.
        centre: the mean of the chapter's vectors `[dimensions]`.
        embed: gives words their unit vectors.
    """
    counts = _meaning_words(passages)
    holding = Counter(word for chapter in chapters for word in set(_meaning_words(chapter)))

    def weight(word: str) -> float:
        return (1 + math.log(counts[word])) * math.log(1 + len(chapters) / max(holding[word], 1))

    likely = sorted(counts, key=lambda word: (-weight(word), word))[:_TITLE_CANDIDATES]
    shown = _surface(passages)
    nearness = embed([shown[word] for word in likely]) @ centre
    score = {w: weight(w) * max(float(near), 0.0) for w, near in zip(likely, nearness, strict=True)}
    best = sorted(likely, key=lambda word: (-score[word], word))[:_TITLE_WORDS]
    title = ", ".join(shown[word] for word in best)
    return title[:1].upper() + title[1:]


def extract_summary(passages: Sequence[Passage], vectors: Vectors, most: int) -> str:
    """The most central passages in time order: what is heard, and what is said in quotation marks.

    Args:
        vectors: unit vectors `[passages, dimensions]` of their texts.
        most: passages at most.
    """
    chosen = sorted(most_central(vectors, [bool(p.text) for p in passages], most))
    told: dict[str, None] = {}
    for place in chosen:
        told[_heard_and_said(passages[place])] = None
    return " ".join(told)


def most_central(vectors: Vectors, eligible: Sequence[bool], most: int) -> list[int]:
    """Places of the vectors nearest to the mean, none of which repeats another."""
    places = np.flatnonzero(eligible)
    if not len(places):
        return []
    nearness = vectors @ vectors[places].mean(axis=0)
    chosen: list[int] = []
    for place in sorted(places, key=lambda p: (-float(nearness[p]), p)):
        if all(float(vectors[place] @ vectors[other]) < _SAME for other in chosen):
            chosen.append(int(place))
        if len(chosen) == most:
            break
    return chosen


def _heard_and_said(passage: Passage) -> str:
    heard = first_words(next(iter(sentences_of(passage.heard)), ""), _HEARD_WORDS)
    said = first_words(next(iter(sentences_of(passage.said)), ""), _SAID_WORDS)
    if heard and heard[-1] not in ".!?…":
        heard += "."
    return f"{heard} “{said}”".strip() if said else heard


def _meaning_words(passages: Sequence[Passage]) -> Counter[str]:
    return Counter(s for p in passages for s in stems_of(p.text) if s not in GENERIC)


def _surface(passages: Sequence[Passage]) -> dict[str, str]:
    """The most frequent written form of each stem."""
    forms: dict[str, Counter[str]] = {}
    for passage in passages:
        for word in words_of(passage.text):
            forms.setdefault(stem(word), Counter())[word] += 1
    return {key: min(found, key=lambda w: (-found[w], w)) for key, found in forms.items()}
