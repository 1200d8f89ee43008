"""Captions: CIDEr-D against the references, and the nearest reference's similarity."""

from __future__ import annotations

import re
from collections.abc import Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score

_TOKEN = re.compile(
    r"\d+(?:[.,]\d+)+"  # 1,000 and 3.5
    r"|n't\b|'(?:s|re|ve|ll|d|m)\b"
    r"|\w+?(?=n't\b)"
    r"|\w+(?:-\w+)*"
)


def score_captions(items: Sequence[Item], predictions: Sequence[str]) -> list[Score]:
    """CIDEr-D of each prediction, and the part `similarity` to its nearest reference.

    CIDEr-D weighs n-grams by how rare they are in the references of all items given, so that a
    part of a benchmark has other values than the whole, and one item alone has 0. The figure is
    the mean; 10 is the most, and papers' 0.50 is 0.50 here. Similarity is the cosine of sentence
    embeddings (all-MiniLM-L6-v2); an empty prediction has 0 of both.

    Source: CIDEr-D as in coco-caption, by aac-metrics, on tokens by `tokens_of`.
    """
    said = [tokens_of(prediction) for prediction in predictions]
    references = [[tokens_of(answer) for answer in item.answers or ("",)] for item in items]
    values = _cider_d(said, references)
    nearest = _similarities(items, predictions)
    return [
        Score(value, read_as=text, parts={"similarity": similarity})
        for value, text, similarity in zip(values, said, nearest, strict=True)
    ]


def tokens_of(text: str) -> str:
    """Tokens as of the Penn Treebank, lower case, one space between; punctuation goes.

    "It doesn't stop." is "it does n't stop". Words with hyphens and numbers stay whole; symbols
    such as % go, which Stanford's tokeniser keeps.
    """
    return " ".join(_TOKEN.findall(text.lower().replace("’", "'")))


def _cider_d(said: list[str], references: list[list[str]]) -> list[float]:
    if len(said) < 2:
        return [0.0] * len(said)
    from aac_metrics.functional.cider_d import cider_d

    _, each = cider_d(said, references)
    return [float(value) for value in each["cider_d"]]


def _similarities(items: Sequence[Item], predictions: Sequence[str]) -> list[float]:
    from af3core.embedding.text import load_text_embedder

    embedder = load_text_embedder()
    of_predictions = embedder.embed(predictions)
    of_references = embedder.embed([answer for item in items for answer in item.answers])
    found, first = [], 0
    for item, prediction, vector in zip(items, predictions, of_predictions, strict=True):
        mine = of_references[first : first + len(item.answers)]
        first += len(item.answers)
        is_scored = bool(len(mine)) and bool(prediction.strip())
        found.append(float((mine @ vector).max()) if is_scored else 0.0)
    return found
