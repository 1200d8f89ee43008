"""Reasons to doubt a row."""

from __future__ import annotations

import pytest

from af3core.tasks.answers import read_answer
from af3core.tasks.flags import answer_flags, is_timeline_suspect
from af3core.tasks.task import Task

TRANSCRIPT = Task("transcript", "transcript", "Transcribe the input speech.")
CAPTION = Task("caption", "caption", "Describe the audio.")
CHOICE = Task("who", "question", "Who?", options=("a man", "a woman"))
THINK = Task("why", "question", "Why?", thinking=True)


def flags(task: Task, raw: str, **facts: object) -> tuple[str, ...]:
    known = {"mean_logprob": -0.1, "finish_reason": "stop", "speech_ms": 5000} | facts
    read = read_answer(task, raw, known["speech_ms"])  # type: ignore[arg-type]
    return answer_flags(task, read, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "raw", "facts", "expected"),
    [
        (TRANSCRIPT, "good evening", {}, ()),
        (TRANSCRIPT, "There is no speech.", {"speech_ms": 0}, ("no_speech",)),
        (TRANSCRIPT, "There is no speech.", {}, ("speech_without_transcript",)),
        (TRANSCRIPT, "There is no speech.", {"speech_ms": 32}, ("speech_without_transcript",)),
        (TRANSCRIPT, "No speech can capture it.", {}, ()),
        (TRANSCRIPT, "No speech can capture it.", {"speech_ms": 0}, ("transcript_without_speech",)),
        (TRANSCRIPT, "", {"speech_ms": 0}, ("no_speech",)),
        (TRANSCRIPT, "", {}, ("speech_without_transcript",)),
        (TRANSCRIPT, "hello", {"speech_ms": 0}, ("transcript_without_speech",)),
        (TRANSCRIPT, "and so on " * 5, {}, ("looping_text",)),
        (TRANSCRIPT, "谢谢大家" * 12, {"speech_ms": 9_000}, ("looping_text",)),
        (TRANSCRIPT, "Welcome.", {"speech_ms": 21_000}, ("implausible_rate",)),
        (TRANSCRIPT, "There is no speech.", {"speech_ms": 99_000}, ("speech_without_transcript",)),
        (CAPTION, "Rain.", {"speech_ms": 21_000}, ()),
        (CHOICE, "a dog", {}, ("no_option_chosen",)),
        (CHOICE, "(A) a man", {"mean_logprob": -1.5}, ("low_confidence",)),
        (CHOICE, "(A) a man", {"finish_reason": "length"}, ("cut_off",)),
        (CHOICE, " ", {}, ("empty_answer", "no_option_chosen")),
        (THINK, "It rains. It pours. Then it ends.", {}, ("thinking_not_separated",)),
        (THINK, "It rains.\nA storm.", {}, ()),
    ],
)
def test_each_flag_has_its_cause(
    task: Task, raw: str, facts: dict[str, object], expected: tuple[str, ...]
) -> None:
    assert flags(task, raw, **facts) == expected


@pytest.mark.parametrize(
    ("declared_ms", "decoded_ms", "suspect"),
    [
        (None, 10_000, False),
        (10_000, 10_022, False),
        (10_000, 10_501, True),
        (3_600_000, 3_603_000, False),
        (3_600_000, 3_596_000, True),
    ],
)
def test_the_timeline_is_suspect_beyond_codec_padding(
    declared_ms: int | None, decoded_ms: int, suspect: bool
) -> None:
    assert is_timeline_suspect(declared_ms, decoded_ms) is suspect
