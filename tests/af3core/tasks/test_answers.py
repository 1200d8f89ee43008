"""Answers as AF3 and nano write them, taken apart."""

from __future__ import annotations

import pytest

from af3core.tasks.answers import find_choice, read_answer
from af3core.tasks.task import Task

SPEAKERS = ("a man", "a woman", "several speakers", "nobody")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("(B) a woman", "a woman"),
        ("B", "a woman"),
        ("B.", "a woman"),
        ("The correct answer is (C) several speakers.", "several speakers"),
        ("It is a man.", "a man"),
        ("A WOMAN", "a woman"),
        ("(D) a woman", "a woman"),
        ("(B) a man or a woman", "a woman"),
        ("a man or a woman", ""),
        ("(F) a crowd", ""),
        ("A dog barks.", ""),
        ("", ""),
    ],
)
def test_the_option_that_an_answer_names(text: str, choice: str) -> None:
    assert find_choice(text, SPEAKERS) == choice


def test_the_longer_of_two_options_that_hold_each_other() -> None:
    assert find_choice("I hear heavy rain", ("rain", "heavy rain")) == "heavy rain"


def test_a_thinking_question_with_options() -> None:
    task = Task("who", "question", "Who speaks?", options=SPEAKERS, thinking=True)
    read = read_answer(task, "I hear a low voice.\n(A) a man", 0)
    assert (read.text, read.thinking, read.choice) == ("(A) a man", "I hear a low voice.", "a man")


def test_what_cannot_be_separated_stays_together() -> None:
    task = Task("who", "question", "Who speaks?", options=SPEAKERS, thinking=True)
    raw = "A man may speak. Or a woman. It is hard to say."
    read = read_answer(task, raw, 0)
    assert (read.text, read.thinking, read.separated) == (raw, "", False)


def test_a_task_without_thinking_is_not_taken_apart() -> None:
    task = Task("who", "question", "Who speaks?", options=SPEAKERS)
    read = read_answer(task, "I hear a low voice.\n(A) a man", 0)
    assert (read.text, read.thinking) == ("I hear a low voice.\n(A) a man", "")
