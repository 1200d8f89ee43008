"""What is known of each stretch, from rows of the tables."""

from __future__ import annotations

from typing import Any

from af3core.longform.passages import Passage, evidence_of

RECORDING = {"duration_ms": 40, "flags": ["damaged"]}


def segment(number: int, skip_reason: str = "") -> dict[str, Any]:
    times = {"start_ms": 10 * number, "end_ms": 10 * number + 10, "speech_ms": 5}
    ids = {"clip_id": "A", "segment_id": f"a{number}"}
    return times | ids | {"skip_reason": skip_reason, "starts_in_speech": False}


def answer(segment_id: str, text: str, *flags: str, **more: Any) -> dict[str, Any]:
    number = int(segment_id[1:]) if segment_id else 0
    times = {"start_ms": 10 * number, "end_ms": 10 * number + 10 if segment_id else 40}
    ids = {"clip_id": "A", "segment_id": segment_id, "task_id": "t"}
    return times | ids | {"text": text, "flags": list(flags)} | more


def test_segments_hold_what_is_said_and_heard_and_clips_what_was_asked_of_them() -> None:
    evidence = evidence_of(
        RECORDING,
        [segment(1), segment(0), segment(2, "silence"), segment(3)],
        [answer("a0", "good evening"), answer("a1", "so so so so", "looping_text"),
         answer("a3", "low", "low_confidence")],
        [answer("a1", "Rain."), answer("a1", "Heavy rain.", task_id="u"), answer("", "A storm.")],
        [answer("", "A play.", question="What is it?", options=[]),
         answer("", "(A) yes", question="Is it?", options=["yes", "no"]),
         answer("a0", "Two.", question="How many?", options=[])],
    )  # fmt: skip
    assert evidence.segments == (
        Passage("a0", 0, 10, "good evening", "", 5),
        Passage("a1", 10, 20, "", "Rain. Heavy rain.", 5),
        Passage("a2", 20, 30, "", "", 5, silent=True),
        Passage("a3", 30, 40, "low", "", 5),
    )
    assert evidence.clips == (
        Passage("", 0, 40, "", "A play. (What is it?)"),
        Passage("", 0, 40, "", "A storm."),
    )
    assert [w.text for w in evidence.written] == ["good evening", "so so so so", "low"]
    assert (evidence.duration_ms, evidence.flags) == (40, ("damaged",))
    assert [p.start_ms for p in evidence.passages] == [0, 0, 0, 10, 30]


def test_a_whole_clips_transcript_is_evidence_unless_the_model_invented_it() -> None:
    told = answer("", "good evening", "cut_off")
    evidence = evidence_of(RECORDING, [segment(0), segment(1)], [told], [], [])
    assert evidence.clips == (Passage("", 0, 40, "good evening"),)
    assert [p.said for p in evidence.segments] == ["", ""]
    silent = answer("", "There is no speech.", "speech_without_transcript")
    assert evidence_of(RECORDING, [segment(0), segment(1)], [silent], [], []).clips == ()
    looping = answer("", "ha ha ha ha", "looping_text")
    evidence = evidence_of(RECORDING, [segment(0), segment(1)], [looping], [], [])
    assert evidence.clips == ()
    assert [w.text for w in evidence.written] == ["ha ha ha ha"]
