"""What a benchmark is: how its files are read, asked and scored."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric

MCQ_SOURCE = "AF3's static/mmar.json; another form cost nine points on MMAR (issue 54)"


@dataclass(frozen=True)
class Benchmark:
    """One benchmark.

    Attributes:
        name: lower case with dashes, as `af3 evaluate NAME` takes it.
        title: as it is written in papers.
        files: what the data must hold, for people: names and fields, and where they come from.
        read: the published files as items; it may raise `BenchmarkData`.
        prompt: what the model is asked about an item; sounds stand before it, or where it names
            them as `<sound-1>`.
        prompt_source: where the form of the prompt stands.
        max_new_tokens: of an answer without thinking.
        embedded: the data where it comes with the package; `--data` is then not asked for.
    """

    name: str
    title: str
    files: str
    read: Callable[[Data], Listing]
    prompt: Callable[[Item], str]
    metric: Metric
    prompt_source: str
    max_new_tokens: int = 128
    embedded: Path | None = None


def with_options(question: str, options: Sequence[str]) -> str:
    """A multiple-choice question in the form that AF3 was trained with (`MCQ_SOURCE`)."""
    listed = "\n".join(
        f"({letter}) {option}"
        for letter, option in zip(string.ascii_uppercase, options, strict=False)
    )
    return f"{question} Choose the correct option from the following options:\n{listed}"


def multiple_choice(item: Item) -> str:
    """The item as AF3 is asked; an item without options is asked as it stands."""
    return with_options(item.question, item.options) if item.options else item.question


def as_it_stands(item: Item) -> str:
    """The question alone."""
    return item.question
