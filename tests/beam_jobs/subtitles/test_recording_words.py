"""The words of a recording's rows: each channel by itself, with its own clip's speech."""

from __future__ import annotations

from typing import Any

from beam_jobs.subtitles.recording_words import words_of_recording

Row = dict[str, Any]


def rows(channel: int, text: str) -> tuple[Row, Row]:
    """A segment and its transcript; each channel has clips of its own."""
    of = {
        "clip_id": f"clip {channel}",
        "segment_id": f"segment {channel}",
        "start_ms": 0,
        "end_ms": 20_000,
        "channel": channel,
        "flags": [],
    }
    return of | {"starts_in_speech": False, "skip_reason": ""}, of | {
        "task_id": "transcript",
        "text": text,
    }


def speech(channel: int, start_ms: int, end_ms: int) -> Row:
    return {
        "clip_id": f"clip {channel}",
        "kind": "speech",
        "start_ms": start_ms,
        "end_ms": end_ms,
    }


def word(channel: int, text: str, start_char: int, start_ms: int) -> Row:
    return {
        "clip_id": f"clip {channel}",
        "segment_id": f"segment {channel}",
        "task_id": "transcript",
        "position": start_char,
        "word": text,
        "start_char": start_char,
        "end_char": start_char + len(text),
        "start_ms": start_ms,
        "end_ms": start_ms + 200,
        "confidence": 0.9,
        "speaker": None,
        "flags": [],
    }


def test_estimated_words_lie_in_the_speech_of_their_own_channel() -> None:
    segments, transcripts = zip(rows(0, "ab cd"), rows(1, "ef"), strict=True)
    events = [speech(0, 0, 2_000), speech(1, 1_000, 3_000), speech(0, 8_000, 10_000)]
    found = words_of_recording(segments, transcripts, [], events)
    assert [(each.text, each.start_ms, each.end_ms, each.speaker) for each in found] == [
        ("ab", 0, 2_000, "channel 1"),
        ("cd", 8_000, 10_000, "channel 1"),
        ("ef", 1_000, 3_000, "channel 2"),
    ]
    assert all(each.is_estimated for each in found)


def test_who_speaks_is_what_the_words_say_else_the_channel() -> None:
    segment, transcript = rows(0, "good evening")
    of_it = [word(0, "good", 0, 4_000) | {"speaker": "Ann"}, word(0, "evening", 5, 4_300)]
    found = words_of_recording([segment], [transcript], of_it, [])
    assert [each.speaker for each in found] == ["Ann", "channel 1"]


def turn(start_ms: int, end_ms: int, voice: int, **more: Any) -> dict[str, Any]:
    place = {"start_ms": start_ms, "end_ms": end_ms, "voice": voice}
    return place | {"speaker": None, "channel": None} | more


def test_who_speaks_is_what_the_turns_say_by_the_names_of_voices() -> None:
    segment, transcript = rows(0, "good evening")
    of_it = [word(0, "good", 0, 4_000), word(0, "evening", 5, 4_300)]
    turns = [turn(0, 4_250, 1), turn(4_250, 9_000, 2, speaker="f00")]
    found = words_of_recording(
        [segment], [transcript], of_it, [], turns, names={"f00": "Anna Berg"}
    )
    assert [each.speaker for each in found] == ["speaker 1", "Anna Berg"]
    elsewhere = [row | {"channel": 1} for row in turns]
    found = words_of_recording([segment], [transcript], of_it, [], elsewhere)
    assert [each.speaker for each in found] == ["channel 1", "channel 1"]


def test_a_turn_has_the_name_that_a_person_gave_it() -> None:
    segment, transcript = rows(0, "good evening")
    of_it = [word(0, "good", 0, 4_000), word(0, "evening", 5, 4_300)]
    named = {"correction": "name", "original_name": None, "name": "Bob"}
    turns = [turn(0, 4_250, 1, **named), turn(4_250, 9_000, 1, speaker="f00")]
    found = words_of_recording([segment], [transcript], of_it, [], turns)
    assert [each.speaker for each in found] == ["Bob", "speaker 1"]


def test_one_voice_without_a_name_is_called_nothing() -> None:
    segment, transcript = rows(0, "good evening")
    of_it = [word(0, "good", 0, 4_000), word(0, "evening", 5, 4_300)]
    alone = [turn(0, 9_000, 1, speaker="f00")]
    found = words_of_recording([segment], [transcript], of_it, [], alone)
    assert [each.speaker for each in found] == ["channel 1", "channel 1"]
    found = words_of_recording([segment], [transcript], of_it, [], alone, names={"f00": "Anna"})
    assert [each.speaker for each in found] == ["Anna", "Anna"]


def test_words_of_another_text_are_no_times() -> None:
    segment, transcript = rows(0, "good evening")
    of_it = [word(0, "good", 0, 4_000), word(0, "evening", 5, 4_300)]
    found = words_of_recording([segment], [transcript], of_it, [])
    assert [(each.start_ms, each.is_estimated) for each in found] == [
        (4_000, False),
        (4_300, False),
    ]
    other = transcript | {"text": "bad weather everybody"}
    assert all(each.is_estimated for each in words_of_recording([segment], [other], of_it, []))


def test_an_answer_that_there_is_no_speech_is_not_shown() -> None:
    segment, transcript = rows(0, "There is no speech.")
    said = transcript | {"flags": ["speech_without_transcript"]}
    assert words_of_recording([segment], [said], [], []) == []


def test_marks_that_stand_alone_are_shown() -> None:
    segment, transcript = rows(0, " — « Oui » — non !")
    found = words_of_recording([segment], [transcript], [], [])
    assert " ".join(each.text for each in found) == "— « Oui » — non !"


def test_a_first_word_of_the_segment_before_is_not_shown_again() -> None:
    segment, transcript = rows(0, "Emperor of Rome")
    of_it = [word(0, "of", 8, 4_000), word(0, "Rome", 11, 4_300)]
    found = words_of_recording([segment], [transcript], of_it, [])
    assert [each.text for each in found] == ["of", "Rome"]
