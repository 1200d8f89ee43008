"""Vectors that are alike are one voice, however many there are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.speakers import voice_clusters as clusters_file
from af3core.speakers.voice_clusters import ClusterLimits, linked, voice_clusters
from af3core.speakers.voice_vectors import unit_length

LIMITS = ClusterLimits(different_below=0.45, same_above=0.7, least_separation=0.4)


def people(count: int, of_each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of some people, by turns, and whose they are."""
    random = np.random.default_rng(seed)
    means = unit_length(random.standard_normal((count, 64)).astype(np.float32))
    who = np.tile(np.arange(count), of_each)
    noise = random.standard_normal((len(who), 64)).astype(np.float32) * 0.05
    return unit_length(means[who] + noise), who


def test_each_person_is_a_cluster_numbered_by_first_appearance() -> None:
    vectors, who = people(5, 20)
    labels = voice_clusters(vectors, np.ones(len(vectors)), LIMITS)
    assert labels.tolist() == who.tolist()
    backwards = voice_clusters(vectors[::-1], np.ones(len(vectors)), LIMITS)
    assert backwards[:5].tolist() == [0, 1, 2, 3, 4]


def test_as_many_as_are_wanted() -> None:
    vectors, _ = people(5, 20)
    assert set(voice_clusters(vectors, np.ones(100), LIMITS, 2).tolist()) == {0, 1}


def test_more_than_fit_at_once_are_the_same_people() -> None:
    vectors, who = people(6, 900)
    assert len(vectors) > 2 * clusters_file.MOST_VECTORS_AT_ONCE
    assert voice_clusters(vectors, np.ones(len(vectors)), LIMITS).tolist() == who.tolist()


def test_vectors_that_are_all_unlike_end_too() -> None:
    vectors = unit_length(np.random.default_rng(0).standard_normal((5000, 64)).astype(np.float32))
    labels = voice_clusters(vectors, np.ones(5000), LIMITS)
    assert 500 < int(labels.max()) + 1 <= clusters_file.MOST_VECTORS_AT_ONCE


def test_voices_that_all_sound_alike_are_told_apart_where_they_are_apart() -> None:
    """As over a telephone: 0.65 is the cosine of strangers here."""
    vectors, who = people(4, 15)
    telephone = np.zeros(64, np.float32)
    telephone[0] = 1.35
    alike = unit_length(vectors + telephone)
    strangers = alike[who == 0] @ alike[who == 1].T
    assert 0.55 < float(strangers.mean()) < 0.75
    assert voice_clusters(alike, np.ones(60), LIMITS).tolist() == who.tolist()


def test_one_voice_that_varies_is_one() -> None:
    random = np.random.default_rng(0)
    mean = unit_length(random.standard_normal((1, 64)).astype(np.float32))
    varied = unit_length(mean + random.standard_normal((40, 64)).astype(np.float32) * 0.09)
    assert 0.6 < float((varied @ varied.T).mean()) < 0.75
    assert set(voice_clusters(varied, np.ones(40), LIMITS).tolist()) == {0}


def test_linked_by_a_limit() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.8, 0.6]], np.float32)
    assert linked(vectors, 0.79).tolist() == [0, 1, 0]
    assert linked(vectors, 0.9).tolist() == [0, 1, 2]
    assert linked(vectors[:0], 0.9).tolist() == []


def test_none_and_one_and_equal_ones() -> None:
    assert voice_clusters(np.zeros((0, 4), np.float32), np.zeros(0), LIMITS).tolist() == []
    one = np.eye(4, dtype=np.float32)
    assert voice_clusters(one[:1], np.ones(1), LIMITS).tolist() == [0]
    assert voice_clusters(one[[0, 0, 1, 0]], np.ones(4), LIMITS).tolist() == [0, 0, 1, 0]


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_same_vectors_give_the_same_numbers_from_zero(
    count: int, of_each: int, seed: int
) -> None:
    vectors, _ = people(count, of_each, seed)
    labels = voice_clusters(vectors, np.ones(len(vectors)), LIMITS)
    assert labels.tolist() == voice_clusters(vectors, np.ones(len(vectors)), LIMITS).tolist()
    seen = list(dict.fromkeys(labels.tolist()))
    assert seen == list(range(len(seen)))
