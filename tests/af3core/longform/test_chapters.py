"""Chapters: together the whole recording, and begun where something begins."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.longform.chapters import border_strengths, chapter_starts, target_ms
from af3core.longform.passages import Passage
from tests.af3core.longform.scripted import by_words, segment

TOPICS = ("storm rain cloud", "soup onion butter", "castle king sword")
MINUTE = 60_000


def starts(segments: list[Passage], duration_ms: int) -> list[int]:
    return chapter_starts(segments, by_words([s.text for s in segments]), duration_ms)


def test_a_chapter_begins_where_the_words_change() -> None:
    lengths = (8, 10, 6)
    topics = [t for t, n in zip(TOPICS, lengths, strict=True) for _ in range(n)]
    segments = [segment(n, topic) for n, topic in enumerate(topics)]
    assert starts(segments, 24 * 15_000) == [0, 8 * 15_000, 18 * 15_000]


def test_a_pause_and_a_jingle_speak_for_a_border() -> None:
    quiet = Passage("q", 30_000, 45_000, silent=True)
    segments = [segment(0, "rain"), segment(1, "rain"), quiet, segment(3, "rain"),
                segment(4, "rain", "Fast organ music, then a man."),
                segment(5, "rain", "A man.")]  # fmt: skip
    strengths = border_strengths(segments, np.zeros((6, 3), np.float32))
    assert strengths == pytest.approx([0, 0, 0, 0.2, 0.2, 0])


@pytest.mark.parametrize(
    ("duration_ms", "expected"),
    [(1000, 2 * MINUTE), (24 * MINUTE, 3 * MINUTE), (600 * MINUTE, 10 * MINUTE)],
)
def test_lengths_tend_to_an_eighth(duration_ms: int, expected: int) -> None:
    assert target_ms(duration_ms) == expected


def test_a_short_recording_is_one_chapter() -> None:
    assert starts([segment(0, "rain"), segment(1, "soup")], 30_000) == [0]
    assert starts([Passage("s", 0, 5000, silent=True)], 5000) == [0]


def test_ten_hours_without_change_become_even_chapters() -> None:
    found = starts([segment(n, "rain") for n in range(2400)], 2400 * 15_000)
    assert len(found) == 38
    lengths = [b - a for a, b in itertools.pairwise([*found, 600 * MINUTE])]
    assert max(lengths) - min(lengths) <= 15_000


_SEGMENTS = st.lists(
    st.tuples(st.integers(1, 400_000), st.sampled_from((*TOPICS, "")), st.booleans()), max_size=40
)


@given(_SEGMENTS, st.integers(0, 90_000))
def test_chapters_are_without_gap_or_overlap_and_together_the_whole(
    cut: list[tuple[int, str, bool]], rest_ms: int
) -> None:
    segments, now = [], 0
    for length_ms, said, silent in cut:
        segments.append(Passage("s", now, now + length_ms, said, silent=silent))
        now += length_ms
    duration_ms = now + rest_ms + 1
    found = starts(segments, duration_ms)
    assert found[0] == 0
    assert all(a < b for a, b in itertools.pairwise([*found, duration_ms]))
    assert set(found) <= {0, *(s.start_ms for s in segments if not s.silent)}
    assert chapter_starts(segments, np.zeros((len(segments), 3), np.float32), duration_ms)[0] == 0
