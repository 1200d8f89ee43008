"""Task files: read strictly, every mistake with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.errors import ConfigurationError
from af3core.tasks.task import default_tasks, parse_tasks, read_tasks


def test_the_default_tasks() -> None:
    assert [task.task_id for task in default_tasks()] == [
        "caption",
        "transcript",
        "sounds",
        "speaker",
        "speaker_count",
        "music",
        "topic",
    ]


def test_options_follow_the_question_in_the_form_that_af3_was_tested_with() -> None:
    speaker = default_tasks()[3]
    assert speaker.prompt_text == (
        "Who is speaking? Choose the correct option from the following options:\n"
        "(A) a man\n(B) a woman\n(C) several speakers\n(D) nobody"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.yaml: a task file maps names to tasks"),
        ("a: [", "t.yaml:1: "),
        ("a:\n  kind: caption\n", "t.yaml:1: task a: key 'prompt' is missing"),
        ("a:\n  kind: caption\n  promt: x\n", "t.yaml:3: task a: unknown key 'promt'; known are"),
        (
            "a:\n  kind: song\n  prompt: x\n",
            "t.yaml:2: task a: kind must be one of caption, transcript, question, not 'song'",
        ),
        (
            "a:\n  kind: caption\n  prompt: 3\n",
            "t.yaml:3: task a: prompt must be a text; quote yes, no",
        ),
        (
            "a:\n  kind: question\n  prompt: x\n  options: [yes, no]\n",
            "t.yaml:4: task a: options must be a list of texts; quote yes, no, 1",
        ),
        (
            "a:\n  kind: question\n  prompt: x\n  max_new_tokens: true\n",
            "t.yaml:4: task a: max_new_tokens must be a whole number",
        ),
        (
            "a: {kind: caption, prompt: x}\na: {kind: caption, prompt: y}\n",
            "t.yaml:2: key 'a' stands twice",
        ),
        (
            "a: {kind: question, prompt: '<sound> x'}",
            "t.yaml:1: task a: the prompt holds a special token",
        ),
        (
            "a: {kind: caption, prompt: x, examples: 9}",
            "t.yaml:1: task a: examples must lie between 0 (none) and 8",
        ),
        (
            "a: {kind: caption, prompt: x, unit: clip, examples: 1}",
            "t.yaml:1: task a: examples are segments: a task with examples has the unit segment",
        ),
        (
            "a: {kind: caption, prompt: x, examples_form: sounds}",
            "t.yaml:1: task a: examples_form sounds needs examples: say how many",
        ),
        (
            "a: {kind: caption, prompt: x, examples: 1, examples_form: both}",
            "t.yaml:1: task a: examples_form must be one of captions, sounds, not 'both'",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_tasks(text, "t.yaml")
    assert str(caught.value).startswith(message)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.yaml: cannot be read as a task file"):
        read_tasks(str(tmp_path / "none.yaml"))


def test_a_renamed_task_asks_nothing_again_and_a_changed_prompt_does() -> None:
    def task_hash(text: str) -> str:
        return parse_tasks(text, "t")[0].task_hash("m")

    first = task_hash("a: {kind: caption, prompt: x}")
    assert task_hash("b: {kind: caption, prompt: x}") == first
    assert task_hash("a: {kind: caption, prompt: y}") != first
    assert task_hash("a: {kind: caption, prompt: x, thinking: true}") != first
    assert task_hash("a: {kind: caption, prompt: x, examples: 0}") == first
    with_examples = task_hash("a: {kind: caption, prompt: x, examples: 3}")
    assert with_examples != first
    said = "a: {kind: caption, prompt: x, examples: 3, examples_form: %s}"
    assert task_hash(said % "captions") == with_examples == "9f366db4fc32428ac45a1f30"
    assert task_hash(said % "sounds") != with_examples
