"""MMAR: 1,000 questions that need several steps of reasoning (arXiv 2505.13032)."""

from __future__ import annotations

from af3core.evaluation.benchmark import MCQ_SOURCE, Benchmark, multiple_choice
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.official_scripts import MMAR
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.token_sets import score_token_sets


def read(data: Data) -> Listing:
    """MMAR-meta.jsonl, or the same rows as a JSON list."""
    key = data.find("MMAR-meta.jsonl", "MMAR-meta.json")
    sounds = Sounds(data, key)
    rows = data.json_lines(key) if key.endswith(".jsonl") else data.json(key)
    items = tuple(
        Item(
            item_id=str(field(row, "id")),
            sounds=(sounds.by_path(str(field(row, "audio_path"))),),
            question=str(field(row, "question")),
            options=tuple(map(str, field(row, "choices"))),
            answers=(str(field(row, "answer")),),
            groups=(
                ("modality", str(row.get("modality", ""))),
                ("category", str(row.get("category", ""))),
                ("sub-category", str(row.get("sub-category", ""))),
            ),
        )
        for row in rows
    )
    return Listing(items)


BENCHMARKS = (
    Benchmark(
        name="mmar",
        title="MMAR",
        files="MMAR-meta.jsonl and the folder audio/ of ddlBoJack/MMAR: id, audio_path, question,"
        " choices, answer, modality, category, sub-category",
        read=read,
        prompt=multiple_choice,
        metric=Metric("accuracy", score_token_sets, script=MMAR),
        prompt_source=MCQ_SOURCE,
    ),
)
