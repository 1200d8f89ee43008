"""Turns out of what is heard of each voice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from af3core.speakers.speaker_turns import HeardSpan, SpeakerTurn, turns_of


def test_turns_are_numbered_by_first_speech_and_parted_where_two_speak() -> None:
    spans = [
        HeardSpan(0, 2000, 7, 0.9),
        HeardSpan(2200, 5000, 7, 0.6),  # a hesitation of 0.2 s
        HeardSpan(4000, 8000, 3, 0.8),
        HeardSpan(9000, 9050, 3, 0.8),  # too short
        HeardSpan(9500, 9900, 7, 0.5),
    ]
    turns, order = turns_of(spans)
    assert order == [7, 3]
    assert turns == (
        SpeakerTurn(0, 4000, 1, 0.725, False),
        SpeakerTurn(4000, 5000, 1, 0.725, True),
        SpeakerTurn(4000, 5000, 2, 0.8, True),
        SpeakerTurn(5000, 8000, 2, 0.8, False),
        SpeakerTurn(9500, 9900, 1, 0.5, False),
    )


def test_no_speech() -> None:
    assert turns_of([]) == ((), [])


SPANS = st.lists(
    st.builds(
        lambda start, length, label: HeardSpan(start, start + length, label, 0.5),
        st.integers(0, 5000),
        st.integers(1, 2000),
        st.integers(0, 3),
    ),
    max_size=20,
)


@given(SPANS)
def test_turns_cover_what_is_heard_and_know_when_two_speak(spans: list[HeardSpan]) -> None:
    turns, order = turns_of(spans)
    assert list(turns) == sorted(turns, key=lambda t: (t.start_ms, t.end_ms, t.voice))
    assert list(dict.fromkeys(turn.voice for turn in turns)) == list(range(1, len(order) + 1))
    for turn in turns:
        middle = (turn.start_ms + turn.end_ms) / 2
        speaking = [t for t in turns if t.start_ms < middle < t.end_ms]
        assert len({t.voice for t in speaking}) == len(speaking)
        assert turn.is_overlap == (len(speaking) > 1)
    for span in spans:
        if span.end_ms - span.start_ms >= 100:
            voice = order.index(span.label) + 1
            own = [t for t in turns if t.voice == voice]
            covered = sum(
                max(0, min(t.end_ms, span.end_ms) - max(t.start_ms, span.start_ms)) for t in own
            )
            assert covered == span.end_ms - span.start_ms


@given(SPANS, st.randoms(use_true_random=False))
def test_the_order_of_spans_does_not_matter(spans: list[HeardSpan], random: object) -> None:
    shuffled = list(spans)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert turns_of(shuffled) == turns_of(spans)
