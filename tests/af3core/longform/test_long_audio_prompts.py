"""What a language model is shown, and which of its words are believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.longform.long_audio_prompts import (
    PROMPT_TOKENS,
    TitledSummary,
    doubt_flag,
    evidence_line,
    pack_lines,
    read_summary,
    rough_tokens,
    summary_prompt,
)
from af3core.longform.passages import Passage

LINES = ["[0:00:00] the storm flooded the garden in london", "[0:00:15] laura closed the bridge"]


def test_a_passage_is_shown_with_its_time_and_without_special_tokens() -> None:
    passage = Passage("s", 9_667_000, 9_680_000, 'he said\n"no" <|im_end|>', "Rain.")
    assert evidence_line(passage) == '[2:41:07] heard: Rain. said: "he said "no" ‹|im_end|>"'
    assert evidence_line(Passage("s", 0, 1, "yes"), 12) == '[12 | 0:00:00] said: "yes"'


def test_the_prompt_names_the_form() -> None:
    prompt = summary_prompt(LINES, "a recording")
    assert prompt.startswith("Below is what is said and heard in a recording, with times.\n\n[0:00")
    assert "\nTitle: at most 10 words" in prompt
    assert "\nSummary: at most 90 words" in prompt


@pytest.mark.parametrize(
    ("text", "title", "summary"),
    [
        ("Title: Storms\nSummary: It rains.\nAgain.", "Storms", "It rains. Again."),
        ('**Title:** "Storms"\n\n**Summary:** It rains.', "Storms", "It rains."),
        ("## Title: Storms\n- a\nSummary:\nIt rains.", "Storms - a", "It rains."),
        ("It rains.", "", "It rains."),
        ("", "", ""),
    ],
)
def test_title_and_summary_are_read(text: str, title: str, summary: str) -> None:
    assert read_summary(text) == TitledSummary(title, summary)


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("A storm floods gardens in London.", ""),
        ("The speaker talks about a closed bridge.", ""),
        ("", "empty_answer"),
        (" \n", "empty_answer"),
        ("storm storm storm storm storm", "looping_text"),
        ("The president of France visits a vaccine factory.", "not_in_evidence"),
        ("(D)", "not_in_evidence"),
        ("A man speaks.", "not_in_evidence"),
    ],
)
def test_what_is_not_in_the_evidence_is_doubted(text: str, flag: str) -> None:
    assert doubt_flag(text, LINES) == flag


@given(st.lists(st.text(min_size=1, max_size=60), max_size=30), st.integers(20, 200))
def test_groups_hold_all_lines_in_order_and_fit(lines: list[str], budget: int) -> None:
    groups = pack_lines(lines, budget)
    flat = [line for group in groups for line in group]
    assert len(flat) == len(lines)
    for line, shown in zip(lines, flat, strict=True):
        assert shown == line or (shown.endswith(" …") and line.startswith(shown[:-2]))
    assert all(sum(rough_tokens(line) + 1 for line in group) <= budget + 5 for group in groups)


def test_ten_hours_of_speech_fit_into_prompts_of_eight_thousand_tokens() -> None:
    line = f"[1:00:00] {'word ' * 40}"
    groups = pack_lines([line] * 2400)
    assert 20 <= len(groups) <= 40
    assert all(rough_tokens("\n".join(group)) <= PROMPT_TOKENS for group in groups)
