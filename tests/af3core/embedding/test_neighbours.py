"""The nearest of other recordings: exact, without copies, the same on any machine."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from af3core.embedding.neighbours import EmbeddedSegment, Neighbourhood, Vectors

WIDTH = 3
NORTH, EAST, UP = np.eye(WIDTH, dtype=np.float32)


def segments(*names: str) -> tuple[EmbeddedSegment, ...]:
    """`recording/segment=caption`."""
    made = []
    for name in names:
        place, _, caption = name.partition("=")
        recording, _, segment = place.partition("/")
        made.append(EmbeddedSegment(recording, segment, "2026-11-21", caption or place))
    return tuple(made)


def unit(*vectors: Vectors) -> Vectors:
    return np.stack([v / np.linalg.norm(v) for v in vectors]).astype(np.float32)


def ids(place: Neighbourhood, query: Vectors, count: int, recording: str) -> list[str]:
    return [n.segment.segment_id for n in place.nearest(query, count, recording)]


def test_nearest_first_and_never_from_the_same_recording() -> None:
    place = Neighbourhood(
        segments("a/1", "a/2", "b/3", "c/4", "d/5"),
        unit(NORTH, NORTH, NORTH + EAST, NORTH + EAST / 4, UP),
    )
    found = place.nearest(NORTH, 3, "a")
    assert [n.segment.segment_id for n in found] == ["4", "3", "5"]
    assert [n.distance for n in found] == [0.029857, 0.292893, 1.0]
    assert ids(place, NORTH, 9, "zz") == ["1", "2", "4", "3", "5"]


def test_equal_distances_are_told_apart_by_name_and_equal_captions_stand_once() -> None:
    place = Neighbourhood(
        segments("c/1=Rain.", "b/2=Wind.", "b/1=Rain.", "a/9=A bell."),
        unit(NORTH, NORTH, NORTH, NORTH),
    )
    assert ids(place, NORTH, 4, "") == ["9", "1", "2"]
    found = place.nearest(NORTH, 4, "")
    assert found[1].segment.recording_id == "b"


def test_nothing_near_is_nothing() -> None:
    assert Neighbourhood((), np.zeros((0, WIDTH), np.float32)).nearest(NORTH, 3, "a") == ()
    alone = Neighbourhood(segments("a/1"), unit(NORTH))
    assert alone.nearest(NORTH, 3, "a") == ()
    assert alone.nearest(NORTH, 0, "b") == ()


@given(st.permutations(range(12)), st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(order: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = unit(*random.integers(-2, 3, (12, WIDTH)) + UP * 0.5)
    named = segments(*(f"{n % 4}/{n}=caption {n % 7}" for n in range(12)))
    place = Neighbourhood(named, vectors)
    shuffled = Neighbourhood(tuple(named[i] for i in order), vectors[list(order)])
    assert place.nearest(EAST, 5, "0") == shuffled.nearest(EAST, 5, "0")
