"""Which vectors are one voice: average linkage by cosine, in bounded memory.

How alike two voices sound depends on the recording: over a telephone all do. Of the ways to cut the
tree of clusters between two limits, the one is taken whose clusters are most apart (Rousseeuw's
silhouette, 1987).

Linkage needs the distances of all pairs. Beyond `MOST_VECTORS_AT_ONCE` vectors, blocks of so many
are linked first, each within itself and by the stricter limit, and their clusters' means are what
is linked next: 12 h of talk are some 20,000 vectors, and take the memory of 2,000 (100 MB).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.speakers.voice_vectors import VoiceVectors, unit_length

MOST_VECTORS_AT_ONCE = 2000
_CUTS = 11
"""Between the limits, that are compared."""

Labels = npt.NDArray[np.int64]
Distances = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Groups:
    """Means `[groups, dimensions]` of vectors, what they weigh, and the group of each vector."""

    means: VoiceVectors
    weights: npt.NDArray[np.float64]
    labels: Labels


@dataclass(frozen=True)
class ClusterLimits:
    """Mean cosines of two clusters.

    Attributes:
        different_below: less is never one voice.
        same_above: more always is.
        least_separation: silhouette of several voices, where all may be one.
    """

    different_below: float
    same_above: float
    least_separation: float


def voice_clusters(
    vectors: VoiceVectors,
    weights: npt.NDArray[np.float64],
    limits: ClusterLimits,
    cluster_count: int | None = None,
) -> Labels:
    """A cluster's number for each vector; numbers begin at 0 and are of the order of first vectors.

    Args:
        vectors: `[vectors, dimensions]`, each of length 1, in order of time.
        weights: how much each counts in a mean.
        limits: of what is one voice.
        cluster_count: that are wanted; None where `limits` say.
    """
    groups = _Groups(vectors, weights, np.arange(len(vectors)))
    while len(groups.means) > MOST_VECTORS_AT_ONCE:
        smaller = _linked_in_blocks(groups, limits.same_above)
        if len(smaller.means) > 0.9 * len(groups.means):
            smaller = _heaviest(smaller)
        groups = smaller
    if len(groups.means) < 2:
        return groups.labels
    distances = _distances(groups.means)
    if cluster_count is not None:
        labels = _cut(_tree(distances), cluster_count, "maxclust")
    else:
        labels = _most_apart(distances, groups.weights, limits)
    return numbered(labels[groups.labels])


def linked(vectors: VoiceVectors, least_similarity: float) -> Labels:
    """Clusters whose mean cosine is at least so much."""
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int64)
    return numbered(_cut(_tree(_distances(vectors)), 1 - least_similarity, "distance"))


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


def _distances(vectors: VoiceVectors) -> Distances:
    """Of all pairs, in the order of scipy's condensed form."""
    from scipy.spatial.distance import pdist

    # of equal vectors rounding may leave less than nothing
    return np.maximum(pdist(vectors.astype(np.float64), "cosine"), 0)


def _tree(distances: Distances) -> Distances:
    from scipy.cluster.hierarchy import linkage

    return np.asarray(linkage(distances, method="average"), np.float64)


def _cut(tree: Distances, limit: float, criterion: str) -> Labels:
    from scipy.cluster.hierarchy import fcluster

    return np.asarray(fcluster(tree, limit, criterion=criterion), np.int64)


def _most_apart(
    distances: Distances, weights: npt.NDArray[np.float64], limits: ClusterLimits
) -> Labels:
    from scipy.spatial.distance import squareform

    tree, square = _tree(distances), squareform(distances)
    best, best_separation = np.zeros(len(square), np.int64), limits.least_separation
    if len(set(_cut(tree, 1 - limits.different_below, "distance").tolist())) > 1:
        best_separation = -np.inf  # they are not all one
    for limit in np.linspace(1 - limits.different_below, 1 - limits.same_above, _CUTS):
        labels = numbered(_cut(tree, float(limit), "distance"))
        separation = _silhouette(square, labels, weights)
        if separation > best_separation:
            best, best_separation = labels, separation
    return best


def _silhouette(square: Distances, labels: Labels, weights: npt.NDArray[np.float64]) -> float:
    """How much nearer vectors are to their own cluster than to the next, -1 to 1; -1 of a single
    cluster. A cluster of one vector counts 0.
    """
    count = int(labels.max()) + 1
    if count < 2:
        return -1.0
    rows = np.arange(len(labels))
    members = np.zeros((len(labels), count))
    members[rows, labels] = weights
    totals = members.sum(axis=0)
    sums = square @ members
    own = sums[rows, labels] / np.maximum(totals[labels] - weights, 1e-9)
    means = sums / totals
    means[rows, labels] = np.inf
    nearest = means.min(axis=1)
    apart = (nearest - own) / np.maximum(np.maximum(own, nearest), 1e-9)
    apart[np.bincount(labels)[labels] == 1] = 0
    return float(np.average(apart, weights=weights))


def _linked_in_blocks(groups: _Groups, least_similarity: float) -> _Groups:
    labels = np.empty(len(groups.means), np.int64)
    count = 0
    for first in range(0, len(labels), MOST_VECTORS_AT_ONCE):
        block = slice(first, first + MOST_VECTORS_AT_ONCE)
        found = linked(groups.means[block], least_similarity)
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
    weights = np.asarray(np.bincount(labels, groups.weights, count), np.float64)
    return _Groups(means, weights, labels[groups.labels])
