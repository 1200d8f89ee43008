"""A recording's seconds count once, however many of its channels were heard."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.night.accounting import Spent, account


@pytest.mark.parametrize(
    ("spans", "annotated_ms", "skipped"),
    [
        ([], 0, {}),
        ([Spent(0, 10, "annotated", ""), Spent(10, 14, "skipped", "silence")], 10, {"silence": 4}),
        ([Spent(0, 10, "partial", "")], 10, {}),
        (
            [Spent(0, 10, "annotated", "", 0), Spent(0, 10, "skipped", "silence", 1)],
            10,
            {},
        ),
        (
            [
                Spent(0, 6, "skipped", "silence", 0),
                Spent(6, 10, "annotated", "", 0),
                Spent(0, 3, "annotated", "", 1),
                Spent(3, 10, "skipped", "silence", 1),
            ],
            7,
            {"silence": 3},
        ),
        (
            [Spent(0, 10, "skipped", "silence", 0), Spent(0, 10, "failed", "InvalidAudio", 1)],
            0,
            {"InvalidAudio": 10},
        ),
        ([Spent(0, 4, "annotated", "", 0), Spent(6, 9, "annotated", "", 1)], 7, {}),
    ],
)
def test_seconds_by_what_became_of_them(
    spans: list[Spent], annotated_ms: int, skipped: dict[str, int]
) -> None:
    assert account(spans) == (annotated_ms, Counter(skipped))


WHAT = st.sampled_from(
    [("annotated", ""), ("partial", ""), ("skipped", "silence"), ("failed", "InvalidAudio")]
)


@given(st.lists(st.lists(st.tuples(st.integers(1, 50), WHAT), min_size=1), min_size=1, max_size=5))
def test_seconds_in_are_seconds_annotated_and_skipped(
    channels: list[list[tuple[int, tuple[str, str]]]],
) -> None:
    spans = []
    for number, parts in enumerate(channels):
        start = 0
        for length, (status, reason) in parts:
            spans.append(Spent(start, start + length, status, reason, number))
            start += length
    annotated_ms, skipped = account(spans)
    assert annotated_ms + skipped.total() == max(span.end_ms for span in spans)
    assert annotated_ms >= max(
        sum(length for length, (_, reason) in parts if not reason) for parts in channels
    )
