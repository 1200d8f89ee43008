"""A task: one prompt over every segment or clip, the identity of its answers, and task files."""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, get_args

from af3core.errors import ConfigurationError
from af3core.storage.address import read_text_at
from af3core.strict_yaml import fill, parse_mapping
from af3core.tasks.thinking import with_think_suffix
from schemas.identity import UNHASHED_DEFAULT, configuration_hash

Kind = Literal["caption", "transcript", "question"]
Unit = Literal["segment", "clip"]
ExamplesForm = Literal["captions", "sounds"]
"""Examples as their captions alone, or each as its sound with its caption behind it."""
DEFAULT_EXAMPLES_FORM: ExamplesForm = "captions"

ANSWER_RULES_VERSION = 3
"""Counts up when what is asked or the choice of weights changes: all is asked anew.

How a transcript is read is no part of it: the ledger holds the model's own words, which publish
reads.
"""

MAX_NEW_TOKENS_LIMIT = 1024
"""AF3's model card: at most 1,024 tokens of text out."""

MAX_EXAMPLES = 8
"""AF1 was trained with at most eight."""

_TASK_ID = re.compile(r"[a-z][a-z0-9_]{0,47}")


@dataclass(frozen=True)
class Task:
    """One prompt, asked of every unit of audio.

    Attributes:
        task_id: the name in the tables, lower case with underscores.
        kind: the table that the answer goes to.
        prompt: the words of the request, without options.
        options: of a multiple-choice question; empty for an open one.
        unit: `segment` (at most 30 s) or `clip` (at most what the model hears at once).
        max_new_tokens: where the answer is cut.
        thinking: ask the model to reason before it answers.
        repetition_penalty: 1.0 is none; AF3's released greedy decoding uses none.
        examples: how many of the nearest segments that were annotated before stand before the
            prompt, after AF1; 0 is none. What they are is not in the identity of an answer: it is
            not asked again when other segments have become the nearest.
        examples_form: how they stand there. Of sounds, as many as the model hears at once; it
            enters the identity where it is another than in earlier releases.
    """

    task_id: str
    kind: Kind
    prompt: str
    options: tuple[str, ...] = ()
    unit: Unit = "segment"
    max_new_tokens: int = 96
    thinking: bool = False
    repetition_penalty: float = 1.0
    examples: int = 0
    examples_form: ExamplesForm = field(default=DEFAULT_EXAMPLES_FORM, metadata=UNHASHED_DEFAULT)

    def __post_init__(self) -> None:
        if not _TASK_ID.fullmatch(self.task_id):
            raise ConfigurationError(
                f"task {self.task_id!r}: a name has lower-case letters, digits and underscores,"
                " starts with a letter and has at most 48 characters"
            )
        if self.kind not in get_args(Kind):
            raise self._error(f"kind must be one of {', '.join(get_args(Kind))}, not {self.kind!r}")
        if self.unit not in get_args(Unit):
            raise self._error(f"unit must be segment or clip, not {self.unit!r}")
        self._check_prompt()
        self._check_numbers()
        self._check_options()

    def _check_prompt(self) -> None:
        if not self.prompt.strip():
            raise self._error("the prompt is empty")
        if "<sound" in self.prompt or "<|" in self.prompt:
            raise self._error("the prompt holds a special token; write the words alone")

    def _check_numbers(self) -> None:
        if not 1 <= self.max_new_tokens <= MAX_NEW_TOKENS_LIMIT:
            raise self._error(f"max_new_tokens must lie between 1 and {MAX_NEW_TOKENS_LIMIT}")
        if not 1.0 <= self.repetition_penalty < math.inf:
            raise self._error("repetition_penalty must be 1.0 (none) or more")
        if not 0 <= self.examples <= MAX_EXAMPLES:
            raise self._error(f"examples must lie between 0 (none) and {MAX_EXAMPLES}")
        if self.examples and self.unit != "segment":
            raise self._error("examples are segments: a task with examples has the unit segment")
        if self.examples_form not in get_args(ExamplesForm):
            known = " or ".join(get_args(ExamplesForm))
            raise self._error(f"examples_form must be {known}, not {self.examples_form!r}")
        if self.examples_form != DEFAULT_EXAMPLES_FORM and not self.examples:
            raise self._error(f"examples_form {self.examples_form} needs examples: say how many")

    def _check_options(self) -> None:
        if self.options and self.kind != "question":
            raise self._error("only a question has options")
        if len(self.options) == 1 or len(self.options) > len(string.ascii_uppercase):
            raise self._error("a multiple-choice question has 2 to 26 options")
        if len({o.strip().lower() for o in self.options}) < len(self.options):
            raise self._error("two options are the same")

    def _error(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"task {self.task_id}: {message}")

    @property
    def prompt_text(self) -> str:
        """The exact words that the model gets.

        The form of options is AF3's (its `static/mmar.json`); another form cost nine points on
        MMAR (issue 54 of NVIDIA/audio-flamingo).
        """
        text = self.prompt
        if self.options:
            lines = "\n".join(
                f"({letter}) {option}"
                for letter, option in zip(string.ascii_uppercase, self.options, strict=False)
            )
            text = f"{text} Choose the correct option from the following options:\n{lines}"
        return with_think_suffix(text) if self.thinking else text

    @property
    def prompt_id(self) -> str:
        """Identity of the prompt text alone: the same question over years and models."""
        return configuration_hash(self.prompt_text)

    def task_hash(self, model_identity: str) -> str:
        """Identity of everything that decides the answer but the audio: the ledger's key.

        `model_identity` names weights revision, number format and engine. The task's name is not
        in it: renaming a question asks nothing again.
        """
        return configuration_hash(
            {
                "prompt": self.prompt_text,
                "kind": self.kind,
                "options": list(self.options),
                "unit": self.unit,
                "thinking": self.thinking,
                "max_new_tokens": self.max_new_tokens,
                "repetition_penalty": self.repetition_penalty,
                "rules": ANSWER_RULES_VERSION,
                "model": model_identity,
            }
            | ({"examples": self.examples} if self.examples else {})
            | (
                {"examples_form": self.examples_form}
                if self.examples_form != DEFAULT_EXAMPLES_FORM
                else {}
            )
        )


def default_tasks() -> tuple[Task, ...]:
    """Caption, transcript and five questions."""
    text = resources.files("af3core.tasks").joinpath("default_tasks.yaml").read_text("utf-8")
    return parse_tasks(text, "default_tasks.yaml")


def read_tasks(address: str) -> tuple[Task, ...]:
    """The tasks of a file, or of an object of a bucket.

    Raises:
        ConfigurationError: it cannot be read, or a line of it is wrong.
    """
    return parse_tasks(read_text_at(address, "a task file"), address)


def parse_tasks(text: str, name: str) -> tuple[Task, ...]:
    """The tasks of a YAML text; `name` is what errors call it."""
    remedy = "a task file maps names to tasks; see default_tasks.yaml"
    tasks = parse_mapping(text, name, remedy)
    return tuple(
        fill(Task, tasks.below(key, node, f"task {task_id}"), {"task_id": task_id})
        for task_id, key, node in tasks.items()
    )
