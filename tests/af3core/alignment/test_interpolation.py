"""Times by the share of speech."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from af3core.alignment.interpolation import interpolate, within


def test_words_share_the_speech_by_their_characters() -> None:
    assert interpolate([2, 4, 4], [(0, 1000)]) == [(0, 200), (200, 600), (600, 1000)]


def test_a_pause_is_passed_over() -> None:
    assert interpolate([5, 5], [(0, 500), (2000, 2500)]) == [(0, 500), (2000, 2500)]
    assert interpolate([2, 6, 2], [(0, 500), (2000, 2500)]) == [
        (0, 200),
        (200, 2300),
        (2300, 2500),
    ]


def test_no_time_is_shared_by_all() -> None:
    assert interpolate([3, 3], [(700, 700)]) == [(700, 700), (700, 700)]


def test_parts_of_stretches() -> None:
    assert within([(0, 500), (900, 1500)], 400, 1000) == [(400, 500), (900, 1000)]
    assert within([(0, 500)], 600, 800) == [(600, 800)]
    assert within([], 600, 500) == [(600, 600)]


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 900)), min_size=1, max_size=6),
)
def test_words_stand_in_order_inside_the_speech(
    lengths: list[int], drawn: list[tuple[int, int]]
) -> None:
    stretches, now = [], 0
    for pause, length in drawn:
        stretches.append((now + pause, now + pause + length))
        now = stretches[-1][1]
    places = interpolate(lengths, stretches)
    assert len(places) == len(lengths)
    assert stretches[0][0] <= places[0][0]
    assert places[-1][1] == stretches[-1][1]
    assert all(start <= end for start, end in places)
    assert all(before[1] <= after[0] for before, after in pairwise(places))
