"""What a writer sees of a segment and of a clip, and where in a long clip it looks."""

from __future__ import annotations

import dataclasses

from af3core.skills.catalogue import catalogue
from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.pair import Evidence
from af3core.skills.question_span import clip_span, evidence_text, pair_evidence, segment_span

BELL = HeardEvent("sound", "a bell", 62_000, 63_500, loudness_lufs=-20.04, pitch_hz=880.2)
SEGMENT = SegmentEvidence(
    "r",
    "c",
    "s",
    60_000,
    80_000,
    captions=("A bell, then a man speaking.",),
    transcripts=("good evening",),
    answers=(("Who is speaking?", "a man"),),
    events=(BELL, HeardEvent("speech", "a man speaking", 64_000, 79_000)),
)
LATER = SegmentEvidence("r", "c", "t", 80_000, 125_000, transcripts=("good night",))


def test_a_skill_about_sounds_sees_all_that_is_known_of_them() -> None:
    assert evidence_text(segment_span(SEGMENT), catalogue()["general_reasoning"]) == (
        "The audio is 20 s long.\n"
        "Heard: A bell, then a man speaking.\n"
        "2.0 to 3.5 s: a bell (-20.0 LUFS, pitch 880 Hz)\n"
        "4.0 to 19.0 s: a man speaking\n"
        "Who is speaking? a man"
    )


def test_a_skill_about_speech_sees_what_is_said_and_when() -> None:
    assert evidence_text(clip_span([SEGMENT, LATER], 0), catalogue()["needle_qa"]) == (
        "The audio is 65 s long.\n"
        "From 0:00 to 0:20:\n"
        'Said: "good evening"\n'
        "From 0:20 to 1:05:\n"
        'Said: "good night"'
    )


def test_a_pair_keeps_what_its_writer_saw_with_times_of_the_recording() -> None:
    assert pair_evidence(segment_span(SEGMENT), catalogue()["speech_in_sound_qa"]) == (
        Evidence("caption", "A bell, then a man speaking.", 60_000, 80_000),
        Evidence("transcript", "good evening", 60_000, 80_000),
        Evidence("event", "a bell", 62_000, 63_500),
        Evidence("event", "a man speaking", 64_000, 79_000),
        Evidence("descriptor", "-20.0 LUFS, pitch 880 Hz", 62_000, 63_500),
        Evidence("answer", "Who is speaking? a man", 60_000, 80_000),
    )


def test_what_is_missing() -> None:
    skills = catalogue()
    alone = dataclasses.replace(SEGMENT, transcripts=())
    assert segment_span(alone).missing(skills["speech_qa_order"]) == ("transcripts",)
    assert clip_span([SEGMENT], 0).missing(skills["summary"]) == ("30 s",)
    assert clip_span([alone, LATER], 0).missing(skills["summary"]) == ()


def test_of_a_long_clip_a_stretch_is_drawn_that_a_writer_can_take() -> None:
    segments = [
        SegmentEvidence("r", "c", f"s{n}", n * 20_000, (n + 1) * 20_000, captions=("x" * 2993,))
        for n in range(10)
    ]
    drawn = {seed: clip_span(segments, seed) for seed in range(40)}
    assert {len(stretch.segments) for stretch in drawn.values()} == {4}
    assert {s.start_ms for s in drawn.values()} == {n * 20_000 for n in range(7)}
    assert {s.end_ms - s.start_ms for s in drawn.values()} == {80_000}
    assert drawn[3] == clip_span(segments, 3)
    assert clip_span(segments[:3], 0).segments == tuple(segments[:3])


def test_one_segment_with_too_much_is_still_a_stretch() -> None:
    long = SegmentEvidence("r", "c", "s", 0, 30_000, captions=("x" * 20_000,))
    assert clip_span([long], 0).segments == (long,)
