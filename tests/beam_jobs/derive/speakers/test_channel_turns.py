"""Speech of channels that overlaps, however much there is of it."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.derive.speakers.channel_turns import ChannelSpan, beside_others


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9), st.integers(0, 9)), max_size=12))
def test_a_span_is_beside_another_of_its_time(drawn: list[tuple[int, int, int]]) -> None:
    ends, spans = [0, 0, 0], []
    for channel, length, pause in drawn:
        start = ends[channel] + pause
        ends[channel] = start + length
        spans.append(ChannelSpan(start, start + length, channel))
    assert beside_others(spans) == [
        any(
            o.channel != s.channel and o.start_ms < s.end_ms and o.end_ms > s.start_ms
            for o in spans
        )
        for s in spans
    ]


def test_twelve_hours_of_two_who_never_speak_at_once_take_no_time() -> None:
    spans = [ChannelSpan(n * 2000, n * 2000 + 1900, n % 2) for n in range(21_600)]
    begun = time.process_time()
    assert not any(beside_others(spans))
    assert time.process_time() - begun < 5
