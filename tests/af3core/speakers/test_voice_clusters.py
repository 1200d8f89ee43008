"""Vectors that are alike are one voice, however many there are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.speakers import voice_clusters as clusters_file
from af3core.speakers.voice_clusters import voice_clusters
from af3core.speakers.voice_vectors import unit_length


def people(count: int, of_each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of some people, by turns, and whose they are."""
    random = np.random.default_rng(seed)
    means = unit_length(random.standard_normal((count, 64)).astype(np.float32))
    who = np.tile(np.arange(count), of_each)
    noise = random.standard_normal((len(who), 64)).astype(np.float32) * 0.05
    return unit_length(means[who] + noise), who


def test_each_person_is_a_cluster_numbered_by_first_appearance() -> None:
    vectors, who = people(5, 20)
    labels = voice_clusters(vectors, np.ones(len(vectors)), 0.6)
    assert labels.tolist() == who.tolist()
    backwards = voice_clusters(vectors[::-1], np.ones(len(vectors)), 0.6)
    assert backwards[:5].tolist() == [0, 1, 2, 3, 4]


def test_as_many_as_are_wanted() -> None:
    vectors, _ = people(5, 20)
    assert set(voice_clusters(vectors, np.ones(100), 0.6, 2).tolist()) == {0, 1}


def test_more_than_fit_at_once_are_the_same_people() -> None:
    vectors, who = people(6, 900)
    assert len(vectors) > 2 * clusters_file.MOST_VECTORS_AT_ONCE
    assert voice_clusters(vectors, np.ones(len(vectors)), 0.6).tolist() == who.tolist()


def test_vectors_that_are_all_unlike_end_too() -> None:
    vectors = unit_length(np.random.default_rng(0).standard_normal((5000, 64)).astype(np.float32))
    labels = voice_clusters(vectors, np.ones(5000), 0.9)
    assert 500 < int(labels.max()) + 1 <= clusters_file.MOST_VECTORS_AT_ONCE


def test_none_and_one_and_equal_ones() -> None:
    assert voice_clusters(np.zeros((0, 4), np.float32), np.zeros(0), 0.5).tolist() == []
    one = np.eye(4, dtype=np.float32)
    assert voice_clusters(one[:1], np.ones(1), 0.5).tolist() == [0]
    assert voice_clusters(one[[0, 0, 1, 0]], np.ones(4), 0.5).tolist() == [0, 0, 1, 0]


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_same_vectors_give_the_same_numbers_from_zero(
    count: int, of_each: int, seed: int
) -> None:
    vectors, _ = people(count, of_each, seed)
    labels = voice_clusters(vectors, np.ones(len(vectors)), 0.5)
    assert labels.tolist() == voice_clusters(vectors, np.ones(len(vectors)), 0.5).tolist()
    seen = list(dict.fromkeys(labels.tolist()))
    assert seen == list(range(len(seen)))
