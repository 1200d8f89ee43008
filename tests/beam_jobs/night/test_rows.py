"""The rows of a recording, from what the ledger holds of it."""

from __future__ import annotations

import dataclasses

import pytest

from af3core.tasks.task import Task
from beam_jobs.night.rows import RecordingFacts, recording_rows
from schemas.records import (
    AnnotatedClip,
    Annotation,
    Clip,
    Failure,
    MediaInfo,
    Recording,
    Segment,
    SegmentedRecording,
)

CLIP = Clip("c1", "r1", "clips/c1.flac", 0, 5_000, (Segment("s1", 0, 5_000, 0, None, None, None),))
CUT = SegmentedRecording("r1", "cut", 5_000, (), (CLIP,), (), "run")
MEDIA = MediaInfo("wav", "pcm_s16le", 16_000, 1, 5_000)
MODIFIED_AT = "2026-11-21T00:00:00.000+00:00"
RECORDING = Recording(
    "r1", "f" * 64, "/arc/a.wav", (), "default", "2026-11-21", 9, MODIFIED_AT, MEDIA
)
BEYOND = "language_beyond_model"
TRANSCRIPT = Task("transcript", "transcript", "Transcribe the input speech.")


def attempt(number: int, run_id: str, at: str) -> AnnotatedClip:
    """A clip whose question failed."""
    failure = Failure(
        stage="annotate",
        uri="/arc/a.wav",
        corpus="default",
        date="2026-11-21",
        error_class="MalformedAnswer",
        message=f"attempt {number}",
        attempts=number,
        permanent=False,
        run_id=run_id,
        recording_id="r1",
        clip_id="c1",
        segment_id="s1",
        task_id="caption",
        task_hash="t1",
        start_ms=0,
        end_ms=5_000,
    )
    return AnnotatedClip("c1", "r1", "nano", "w", "af3", run_id, at, 5, (), (failure,))


def test_the_last_attempt_is_shown_whatever_the_clocks_say() -> None:
    first = attempt(1, "one", "2026-12-21T00:00:00.000+00:00")  # by a clock a month ahead
    second = attempt(2, "two", "2026-11-22T00:00:00.000+00:00")
    tasks = {"t1": Task("caption", "caption", "Describe the audio.", max_new_tokens=4)}
    for known in ([first, second], [second, first]):
        facts = RecordingFacts(RECORDING, "cut", CUT, None, {"c1": known}, "run")
        [row] = recording_rows(facts, tasks).by_table["failures"]
        assert (row["attempts"], row["message"], row["run_id"]) == (2, "attempt 2", "two")


def transcribed(raw: str, text: str, flags: tuple[str, ...]) -> AnnotatedClip:
    """A clip whose transcript an earlier release read."""
    task_hash, prompt_id = "t1", TRANSCRIPT.prompt_id
    answer = Annotation(
        task_id="transcript",
        task_hash=task_hash,
        kind="transcript",
        prompt_id=prompt_id,
        segment_id="s1",
        start_ms=0,
        end_ms=5_000,
        raw_text=raw,
        text=text,
        thinking="",
        choice="",
        mean_logprob=-0.1,
        token_count=9,
        finish_reason="stop",
        flags=flags,
    )
    return AnnotatedClip("c1", "r1", "nano", "w", "af3", "one", MODIFIED_AT, 5, (answer,), ())


@pytest.mark.parametrize(
    ("speech_ms", "raw", "read_before", "text", "flags"),
    [
        (4_000, "No speech can capture it.", "", "No speech can capture it.", []),
        (
            4_000,
            "The transcription of the audio is hard work.",
            "hard work.",
            "The transcription of the audio is hard work.",
            [],
        ),
        (4_000, "There is no speech.", "", "There is no speech.", ["speech_without_transcript"]),
        (0, "There is no speech.", "", "", ["no_speech"]),
        (4_000, "good evening", "good evening", "good evening", []),
    ],
)
def test_transcripts_that_an_earlier_release_read_are_read_anew(
    speech_ms: int, raw: str, read_before: str, text: str, flags: list[str]
) -> None:
    segment = Segment("s1", 0, 5_000, speech_ms, None, None, None)
    cut = dataclasses.replace(CUT, clips=(dataclasses.replace(CLIP, segments=(segment,)),))
    known = transcribed(raw, read_before, () if read_before else ("no_speech",))
    facts = RecordingFacts(RECORDING, "cut", cut, None, {"c1": [known]}, "run")
    [row] = recording_rows(facts, {"t1": TRANSCRIPT}).by_table["transcripts"]
    assert (row["text"], row["flags"], row["word_count"]) == (text, flags, len(text.split()))


@pytest.mark.parametrize(
    ("speech_ms", "text", "flags", "words", "language"),
    [
        (
            4_000,
            "सभी मनुष्य जन्म से स्वतन्त्र तथा मर्यादा में समान होते हैं",
            [],
            11,
            "hi",
        ),
        (9_000, "谢谢大家" * 12, ["looping_text"], 24, None),
        (21_000, "Welcome.", ["implausible_rate"], 1, None),
        (3_000, "Good evening, and welcome to the news of the day.", [], 10, "en"),
        (
            4_000,
            "Guten Abend und herzlich willkommen zu den Nachrichten.",
            [BEYOND],
            8,
            "de",
        ),
    ],
)
def test_flags_words_and_language_are_those_of_today(
    speech_ms: int, text: str, flags: list[str], words: int, language: str | None
) -> None:
    """An earlier release doubted the text, or did not, when the model answered."""
    segment = Segment("s1", 0, 5_000, speech_ms, None, None, None)
    cut = dataclasses.replace(CUT, clips=(dataclasses.replace(CLIP, segments=(segment,)),))
    known = transcribed(text, text, ("looping_text", "low_confidence"))
    facts = RecordingFacts(RECORDING, "cut", cut, None, {"c1": [known]}, "run")
    [row] = recording_rows(facts, {"t1": TRANSCRIPT}).by_table["transcripts"]
    assert (row["flags"], row["word_count"], row["language"]) == (flags, words, language)
    assert (row["language_probability"] is None) is (language is None)


def test_a_language_that_was_told_apart_is_not_asked_for_again() -> None:
    known = transcribed("Guten Abend und herzlich willkommen.", "", ())
    [answer] = known.annotations
    told = dataclasses.replace(answer, language="nds", language_probability=0.6)
    known = dataclasses.replace(known, annotations=(told,))
    facts = RecordingFacts(RECORDING, "cut", CUT, None, {"c1": [known]}, "run")
    [row] = recording_rows(facts, {"t1": TRANSCRIPT}).by_table["transcripts"]
    assert (row["language"], row["language_probability"]) == ("nds", 0.6)
    untold = dataclasses.replace(told, language="")
    facts = dataclasses.replace(
        facts, annotated={"c1": [dataclasses.replace(known, annotations=(untold,))]}
    )
    [row] = recording_rows(facts, {"t1": TRANSCRIPT}).by_table["transcripts"]
    assert (row["language"], row["language_probability"]) == (None, None)
