"""One order out of two: places found by words and places found by meaning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

_RANK_CONSTANT = 60
"""Reciprocal rank fusion's k, as in Cormack, Clarke and Büttcher (SIGIR 2009)."""


def fused(lists: Sequence[Sequence[str]]) -> list[tuple[str, float]]:
    """Ids with scores, the best first: each list gives an id 1 / (60 + its rank). Ties by id."""
    scores: defaultdict[str, float] = defaultdict(float)
    for ids in lists:
        for rank, name in enumerate(ids, 1):
            scores[name] += 1 / (_RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
