"""MMAU-Pro: 5,305 questions by experts, some on several sounds (arXiv 2508.13992)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

from af3core.evaluation.benchmark import MCQ_SOURCE, Benchmark, as_it_stands, multiple_choice
from af3core.evaluation.benchmark_files import BenchmarkData, Data, Row, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Fault, Item, Listing
from af3core.evaluation.official_scripts import MMAU_PRO
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.choices import score_choices
from af3core.evaluation.scorers.instructions import INSTRUCTION, RULES, score_instructions
from af3core.evaluation.scorers.official_prompts import MMAU_PRO_OPEN

_OPEN = "open"
_INSTRUCTIONS = "instruction following"
_COLUMNS = tuple(
    "id audio_path question answer choices category length_type task_identifier kwargs".split()
)
_FILES = (
    "test.parquet of gamma-lab-umd/MMAU-Pro and the folder data/ of its data.zip: id, audio_path,"
    " question, answer, choices, category, length_type"
)


def _rows(data: Data) -> Iterator[tuple[Row, Item]]:
    key = data.find("test.parquet")
    sounds = Sounds(data, key)
    for row in data.parquet(key, _COLUMNS):
        paths = field(row, "audio_path")
        choices = tuple(map(str, row.get("choices") or ()))
        answer = str(row.get("answer") or "")
        yield (
            row,
            Item(
                item_id=str(field(row, "id")),
                sounds=tuple(map(sounds.by_path, [paths] if isinstance(paths, str) else paths)),
                question=str(field(row, "question")),
                options=choices,
                answers=(answer,) if answer else (),
                groups=(
                    ("category", str(field(row, "category"))),
                    ("length", str(row.get("length_type") or "")),
                    ("sounds", "one" if isinstance(paths, str) or len(paths) == 1 else "several"),
                ),
            ),
        )


def read_choices(data: Data) -> Listing:
    """The questions with options; the publisher too leaves out those that have fewer than two."""
    return Listing(
        tuple(
            item
            for row, item in _rows(data)
            if row["category"] not in (_OPEN, _INSTRUCTIONS) and len(item.options) > 1
        )
    )


def read_open(data: Data) -> Listing:
    """The open questions."""
    return Listing(tuple(item for row, item in _rows(data) if row["category"] == _OPEN))


def read_instructions(data: Data) -> Listing:
    """The spoken instructions on an answer's form, each with its rule and the rule's arguments."""
    items = [
        _with_instructions(row, item)
        for row, item in _rows(data)
        if row["category"] == _INSTRUCTIONS
    ]
    faults = [
        Fault(item.item_id, f"there is no rule for {name!r}: it counts as not kept")
        for item in items
        if (name := dict(item.groups)[INSTRUCTION]) not in RULES
    ]
    return Listing(tuple(items), tuple(faults))


def _with_instructions(row: Row, item: Item) -> Item:
    arguments = row.get("kwargs") or {}
    try:
        given = json.loads(arguments) if isinstance(arguments, str) else dict(arguments)
    except ValueError as error:
        raise BenchmarkData(f"test.parquet: {item.item_id}: kwargs are no JSON") from error
    return dataclasses.replace(
        item,
        groups=(*item.groups, (INSTRUCTION, str(field(row, "task_identifier")))),
        context=json.dumps({name: value for name, value in given.items() if value is not None}),
    )


BENCHMARKS = (
    Benchmark(
        name="mmau-pro",
        title="MMAU-Pro, questions with options",
        files=f"{_FILES}; here without its open questions (mmau-pro-open) and its 87 instructions"
        " (mmau-pro-instructions). The publisher takes the option nearest to the answer by"
        " NV-Embed-v2, here it is the one that is named: figures may come out lower",
        read=read_choices,
        prompt=multiple_choice,
        metric=Metric("accuracy", score_choices),
        prompt_source=MCQ_SOURCE,
    ),
    Benchmark(
        name="mmau-pro-open",
        title="MMAU-Pro, open questions",
        files=f"{_FILES}; here its open questions alone",
        read=read_open,
        prompt=as_it_stands,
        metric=Metric("judge", judging=MMAU_PRO_OPEN, scale=20.0),
        prompt_source="the question as published, of gamma-lab-umd/MMAU-Pro",
        max_new_tokens=512,
    ),
    Benchmark(
        name="mmau-pro-instructions",
        title="MMAU-Pro, instructions",
        files=f"{_FILES}, task_identifier, kwargs; here its instructions alone",
        read=read_instructions,
        prompt=as_it_stands,
        metric=Metric("accuracy", score_instructions, needs_answers=False, script=MMAU_PRO),
        prompt_source="the question as published, of gamma-lab-umd/MMAU-Pro",
        max_new_tokens=512,
    ),
)
