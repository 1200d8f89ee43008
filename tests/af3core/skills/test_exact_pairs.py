"""Exact pairs: what follows from events, literally; none where there is a doubt."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.skills.catalogue import catalogue
from af3core.skills.evidence import EventKind, HeardEvent, SegmentEvidence
from af3core.skills.exact_pairs import EXACT_SKILLS, MOST_PER_SKILL, exact_pairs
from af3core.skills.pair import Evidence, Pair
from af3core.skills.pair_rules import broken_rule

SEEDS = range(20)


def event(label: str, start_s: float, end_s: float, **measures: float) -> HeardEvent:
    kind: EventKind = "speech" if "speaking" in label else "music" if "music" in label else "sound"
    known = {"loudness_lufs": -20.0} | measures
    return HeardEvent(kind, label, round(1000 * start_s), round(1000 * end_s), **known)


def segment(*events: HeardEvent, complete: bool = True) -> SegmentEvidence:
    return SegmentEvidence(
        recording_id="r",
        clip_id="c",
        segment_id="s",
        start_ms=0,
        end_ms=20_000,
        events=events,
        events_complete=complete,
    )


def asked(evidence: SegmentEvidence, seeds: Iterable[int] = SEEDS) -> dict[str, set[str]]:
    """Every question that some seed asks, with its answers."""
    found: dict[str, set[str]] = {}
    for seed in seeds:
        for pair in exact_pairs(evidence, seed):
            found.setdefault(pair.question, set()).add(pair.answer)
    return found


BELL = event("a bell", 1, 3, loudness_lufs=-30.0, level_change_db=-14.0, pitch_hz=600.0)
MAN = event("a man speaking", 4, 8, pitch_hz=100.0)
MAN_AGAIN = event("a man speaking", 8.6, 12, loudness_lufs=-20.5, pitch_hz=110.0)
RAIN = event("rain", 13, 16, loudness_lufs=-9.0, level_change_db=0.4)
SCENE = segment(BELL, MAN, MAN_AGAIN, RAIN)


def test_all_that_is_asked_of_a_scene() -> None:
    assert asked(SCENE) == {
        "Which sound comes right after a bell?": {"a man speaking"},
        "Which sound comes right before a man speaking?": {"a bell"},
        "Which sound comes right after a man speaking?": {"rain"},
        "Which sound comes right before rain?": {"a man speaking"},
        "In which order are these three sounds heard?": {"a bell, a man speaking, rain"},
        "What is heard at the very beginning of the audio?": {"a bell"},
        "What is heard exactly in the middle of the audio?": {"a man speaking"},
        "When can a bell be heard?": {"from 1.0 to 3.0 seconds"},
        "When can rain be heard?": {"from 13.0 to 16.0 seconds"},
        "How does the loudness of a bell change while it is heard?": {"it fades away"},
        "How does the loudness of rain change while it is heard?": {"it keeps its level"},
        "How does the loudness change from a bell to a man speaking?": {"it becomes much louder"},
        "How does the loudness change from a man speaking to rain?": {"it becomes much louder"},
        "Which sound is the loudest?": {"rain"},
        "Which sound is heard for the longest time in total?": {"a man speaking"},
        "How many times can a bell be heard?": {"one"},
        "How many times can rain be heard?": {"one"},
        "In how many separate stretches is a man speaking heard?": {"one"},
    }


def test_a_pair_names_its_evidence() -> None:
    pairs = {p.question: p for seed in SEEDS for p in exact_pairs(SCENE, seed)}
    assert pairs["When can rain be heard?"].evidence == (Evidence("event", "rain", 13_000, 16_000),)
    assert pairs["Which sound is the loudest?"].evidence[2] == Evidence(
        "descriptor", "rain: -9", 0, 20_000
    )
    order = pairs["Which sound comes right before rain?"]
    assert (order.skill, order.made_by, order.start_ms, order.end_ms) == (
        "temporal_order",
        "rules",
        0,
        20_000,
    )


def test_counting_by_level() -> None:
    bells = segment(
        event("a bell", 1, 2), event("rain", 3, 4), event("a bell", 5, 6),
        event("a man speaking", 7, 8), event("a bell", 9, 10), event("a man speaking", 11, 12),
    )  # fmt: skip
    levels: dict[tuple[str, str], set[str]] = {}
    for seed in SEEDS:
        for pair in exact_pairs(bells, seed):
            if pair.skill.startswith("counting"):
                levels.setdefault((pair.skill[-1], pair.question), set()).add(pair.answer)
    spoken = "In how many separate stretches is a man speaking heard, with other sounds between?"
    assert levels == {
        ("1", "How many times can rain be heard?"): {"one"},
        ("2", "How many times can a bell be heard?"): {"three"},
        ("2", spoken): {"two"},
        ("3", "In how many separate stretches is the first sound heard?"): {"three"},
        ("3", "In how many separate stretches is the last sound heard?"): {"two"},
    }


@pytest.mark.parametrize(
    "events",
    [
        # no clear lead in loudness, length or pitch
        (event("a bell", 1, 3, loudness_lufs=-22.0), event("rain", 4, 6.5),
         event("thunder", 7, 9, loudness_lufs=-21.0)),
        # a measure is missing: an event was cut
        (event("a bell", 0, 3), event("rain", 4, 6),
         HeardEvent("sound", "thunder", 17_000, 20_000)),
        # two labels are no choice
        (event("a bell", 1, 3, loudness_lufs=-40.0), event("rain", 4, 16)),
    ],
)  # fmt: skip
def test_no_attribute_is_asked_without_a_clear_lead(events: tuple[HeardEvent, ...]) -> None:
    skills = {p.skill for seed in SEEDS for p in exact_pairs(segment(*events), seed)}
    assert "attribute_identification" not in skills


def test_what_is_heard_twice_is_not_pointed_at() -> None:
    found = asked(segment(event("a bell", 1, 2), event("rain", 3, 5), event("a bell", 6, 7)))
    assert "When can a bell be heard?" not in found
    assert "Which sound comes right after a bell?" not in found
    assert found["Which sound comes right after rain?"] == {"a bell"}


def test_what_lasts_nearly_all_the_time_is_not_grounded() -> None:
    assert "When can rain be heard?" not in asked(segment(event("rain", 1, 15)))


def test_nothing_is_asked_where_not_all_is_known() -> None:
    assert exact_pairs(segment(BELL, RAIN, complete=False), 0) == []
    assert exact_pairs(segment(), 0) == []


LABELS = ("a bell", "rain", "a man speaking", "a woman speaking", "thunder", "slow piano music")


@st.composite
def scenes(draw: st.DrawFn) -> SegmentEvidence:
    cursor, events = 0.2, []
    for label in draw(st.lists(st.sampled_from(LABELS), min_size=1, max_size=8)):
        rest_s, length_s = draw(st.floats(0.3, 1)), draw(st.floats(0.5, 3))
        measures = {
            "loudness_lufs": draw(st.floats(-40, -8)),
            "pitch_hz": draw(st.floats(80, 800)),
            "level_change_db": draw(st.floats(-20, 20)),
        }
        events.append(event(label, cursor + rest_s, cursor + rest_s + length_s, **measures))
        cursor += rest_s + length_s
    return SegmentEvidence(
        recording_id="r",
        clip_id="c",
        segment_id="s",
        start_ms=0,
        end_ms=round(cursor * 1000) + 300,
        events=tuple(events),
        events_complete=True,
    )


@settings(max_examples=150, deadline=None)
@given(scenes(), st.integers(0, 10_000))
def test_every_pair_obeys_the_rules_of_its_skill(evidence: SegmentEvidence, seed: int) -> None:
    pairs = exact_pairs(evidence, seed)
    for pair in pairs:
        assert pair.skill in EXACT_SKILLS
        assert broken_rule(pair, catalogue()[pair.skill]) is None
    counts = [sum(p.skill == skill for p in pairs) for skill in EXACT_SKILLS]
    assert max(counts) <= MOST_PER_SKILL
    assert len({(p.question, p.options) for p in pairs}) == len(pairs)
    assert pairs == exact_pairs(evidence, seed)


def test_the_right_option_stands_anywhere() -> None:
    def place(pair: Pair) -> int:
        return pair.options.index(pair.answer)

    places = {place(pair) for seed in SEEDS for pair in exact_pairs(SCENE, seed)}
    assert places == {0, 1, 2, 3}
