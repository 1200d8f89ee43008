"""Which vectors are one voice: average linkage by cosine, in bounded memory.

Average linkage needs the distances of all pairs. Beyond `MOST_VECTORS_AT_ONCE` vectors, blocks of
so many are linked first, each within itself and by a stricter limit, and their clusters' means are
what is linked next: 12 h of talk are some 17,000 vectors, and take the memory of 2,000 (64 MB).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.speakers.voice_vectors import VoiceVectors, unit_length

MOST_VECTORS_AT_ONCE = 2000
_STRICTER = 0.1
"""By how much likelier vectors are that are joined within a block, before all are seen."""

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Groups:
    """Means `[groups, dimensions]` of vectors, what they weigh, and the group of each vector."""

    means: VoiceVectors
    weights: npt.NDArray[np.float64]
    labels: Labels


def voice_clusters(
    vectors: VoiceVectors,
    weights: npt.NDArray[np.float64],
    least_similarity: float,
    cluster_count: int | None = None,
) -> Labels:
    """A cluster's number for each vector; numbers begin at 0 and are of the order of first vectors.

    Args:
        vectors: `[vectors, dimensions]`, each of length 1, in order of time.
        weights: how much each counts in a mean.
        least_similarity: mean cosine of two clusters that are one.
        cluster_count: that are wanted; None where `least_similarity` says.
    """
    groups = _Groups(vectors, weights, np.arange(len(vectors)))
    while len(groups.means) > MOST_VECTORS_AT_ONCE:
        smaller = _linked_in_blocks(groups, least_similarity + _STRICTER)
        if len(smaller.means) > 0.9 * len(groups.means):
            smaller = _heaviest(smaller)
        groups = smaller
    labels = _linked(groups.means, least_similarity, cluster_count)
    return numbered(labels[groups.labels])


def numbered(labels: Labels) -> Labels:
    """The same groups, their numbers from 0 in the order of their first members."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse], np.int64)


def weighted_means(
    vectors: VoiceVectors, weights: npt.NDArray[np.float64], labels: Labels, count: int
) -> VoiceVectors:
    """The mean `[count, dimensions]` of each group's vectors, at length 1."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, labels, vectors * weights[:, None])
    return unit_length(sums.astype(np.float32))


def _linked(vectors: VoiceVectors, least_similarity: float, count: int | None) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    # of equal vectors rounding may leave less than nothing
    distances = np.maximum(pdist(vectors.astype(np.float64), "cosine"), 0)
    tree = linkage(distances, method="average")
    if count is not None:
        return np.asarray(fcluster(tree, count, criterion="maxclust"), np.int64)
    return np.asarray(fcluster(tree, 1 - least_similarity, criterion="distance"), np.int64)


def _linked_in_blocks(groups: _Groups, least_similarity: float) -> _Groups:
    labels = np.empty(len(groups.means), np.int64)
    count = 0
    for first in range(0, len(labels), MOST_VECTORS_AT_ONCE):
        block = slice(first, first + MOST_VECTORS_AT_ONCE)
        found = numbered(_linked(groups.means[block], least_similarity, None))
        labels[block] = found + count
        count += int(found.max()) + 1
    return _joined(groups, labels, count)


def _heaviest(groups: _Groups) -> _Groups:
    """Where hardly any two are alike, those that weigh most stay; the others join the nearest."""
    order = np.argsort(-groups.weights, kind="stable")
    kept = np.sort(order[: MOST_VECTORS_AT_ONCE // 2])
    nearest = np.array(
        [int(np.argmax(groups.means[kept] @ mean)) for mean in groups.means], np.int64
    )
    nearest[kept] = np.arange(len(kept))
    return _joined(groups, nearest, len(kept))


def _joined(groups: _Groups, labels: Labels, count: int) -> _Groups:
    means = weighted_means(groups.means, groups.weights, labels, count)
    weights = np.bincount(labels, groups.weights, count)
    return _Groups(means, weights, labels[groups.labels])
