"""Chapters and summary by a scripted model: in parts that fit, checked, or extracted."""

from __future__ import annotations

import re

import numpy as np
import pytest

from af3core.errors import ServerUnavailable
from af3core.longform.long_audio_prompts import TitledSummary, rough_tokens
from af3core.longform.map_reduce import RecordingSummary, summarise_recording, summarise_texts
from af3core.longform.passages import Evidence, Passage
from tests.af3core.longform.scripted import Scripted, by_words, segment

TOPICS = ("the storm flooded the garden", "laura boiled the soup", "the king lost his sword")


def evidence(per_topic: int = 8) -> Evidence:
    segments = tuple(
        segment(number * per_topic + n, words)
        for number, words in enumerate(TOPICS)
        for n in range(per_topic)
    )
    return Evidence(segments[-1].end_ms, segments, (), ())


def digested(model: Scripted, found: Evidence | None = None) -> RecordingSummary:
    found = found or evidence()
    segments, clips = (
        by_words([p.text for p in passages]) for passages in (found.segments, found.clips)
    )
    return summarise_recording(found, segments, clips, model, by_words)


def echo(prompt: str) -> str:
    """A good summary: the first line's words, as a title too."""
    line = next(line for line in prompt.splitlines() if line.startswith("["))
    words = re.sub(r'^\[[^\]]*\]( said:)?|"', "", line).strip()
    return f"Title: {' '.join(words.split()[:4])}\nSummary: {words}"


def test_each_chapter_is_titled_and_the_whole_summarised_from_the_chapters() -> None:
    model = Scripted(echo)
    found = digested(model)
    assert [(c.start_ms, c.end_ms, c.summary) for c in found.chapters] == [
        (0, 120_000, TOPICS[0]),
        (120_000, 240_000, TOPICS[1]),
        (240_000, 360_000, TOPICS[2]),
    ]
    assert [c.segment_count for c in found.chapters] == [8, 8, 8]
    assert (found.flags, [c.flags for c in found.chapters]) == ((), [(), (), ()])
    assert "[0:02:00 to 0:04:00]" in model.prompts[-1]
    assert found.summary.endswith("the storm flooded the garden")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty_answer"),
        ("Summary: ha ha ha ha ha", "looping_text"),
        ("Title: The vaccine\nSummary: An astronaut invents a vaccine.", "not_in_evidence"),
        ("(D)", "not_in_evidence"),
        ("the storm flooded the garden laura boiled soup king lost his sword", "empty_answer"),
    ],
)
def test_garbage_is_replaced_by_the_recordings_own_words(reply: str, reason: str) -> None:
    found = digested(Scripted(lambda prompt: reply))
    assert [c.summary for c in found.chapters] == [f"“{words}”" for words in TOPICS]
    assert [c.title.split(",")[0] for c in found.chapters] == ["Flooded", "Boiled", "King"]
    assert all(c.flags[0] == "extractive" for c in found.chapters)
    if reason != "empty_answer" or not reply:
        assert found.flags == ("extractive", reason)
        assert all(f"“{words}”" in found.summary for words in TOPICS)


def test_a_chapter_in_which_nothing_was_annotated_says_so() -> None:
    model = Scripted(echo)
    silence = (Passage("s", 0, 60_000, silent=True),)
    found = digested(model, Evidence(60_000, silence, (), ()))
    assert (found.summary, found.flags) == ("", ("no_evidence",))
    assert [(c.title, c.summary, c.flags) for c in found.chapters] == [("", "", ("no_evidence",))]
    assert model.prompts == []


def test_what_was_said_of_a_whole_clip_is_told_in_the_chapter_of_its_middle() -> None:
    clip = Passage("", 0, 600_000, "", "A play about soup.")
    model = Scripted(echo)
    digested(model, Evidence(360_000, evidence().segments, (clip,), ()))
    assert [n for n, prompt in enumerate(model.prompts) if "A play about soup." in prompt] == [2, 3]


def test_a_text_too_long_for_one_prompt_is_summarised_in_parts() -> None:
    lines = [f"[{n}] the storm flooded garden {n} {'and it rained ' * 20}" for n in range(900)]
    model = Scripted(echo)
    [found] = summarise_texts([lines], ["a recording"], model)
    assert isinstance(found, TitledSummary)
    assert found.summary.startswith("the storm flooded garden 0")
    assert len(model.prompts) > 5
    assert all(rough_tokens(prompt) < 8000 for prompt in model.prompts)
    assert "a stretch of a recording" in model.prompts[0]
    assert model.prompts[-1].startswith("Below is what is said and heard in a recording,")


def test_a_part_that_cannot_be_trusted_goes_on_in_its_own_lines() -> None:
    lines = [f"[{n}] the storm flooded garden {n} {'and it rained ' * 20}" for n in range(300)]
    model = Scripted(lambda prompt: "(D)")
    summarise_texts([lines], ["a recording"], model)
    assert "the storm flooded garden 0 " in model.prompts[-1]


def test_a_server_that_is_away_is_no_bad_summary() -> None:
    with pytest.raises(ServerUnavailable):
        digested(Scripted(lambda prompt: ServerUnavailable("away")))


def test_vectors_without_texts_are_zero_and_do_no_harm() -> None:
    found = evidence()
    zeros = np.zeros((len(found.segments), 4), np.float32)
    none = np.zeros((0, 4), np.float32)
    chapters = summarise_recording(found, zeros, none, Scripted(echo), by_words).chapters
    assert (chapters[0].start_ms, chapters[-1].end_ms) == (0, 360_000)
