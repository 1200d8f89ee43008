"""MMAU: 10,000 questions on sound, music and speech (arXiv 2410.19168, version v05.15.25)."""

from __future__ import annotations

from functools import partial

from af3core.evaluation.benchmark import MCQ_SOURCE, Benchmark, multiple_choice
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.official_scripts import MMAU
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.token_sets import score_token_sets

_GROUPS = ("task", "category", "sub-category", "difficulty")


def read(data: Data, name: str) -> Listing:
    """A list of MMAU's rows; an empty answer is one that the publisher keeps."""
    key = data.find(name)
    sounds = Sounds(data, key)
    items = []
    for row in data.json(key):
        answer = str(row.get("answer") or "")
        items.append(
            Item(
                item_id=str(field(row, "id")),
                sounds=(sounds.by_path(str(field(row, "audio_id"))),),
                question=str(field(row, "question")),
                options=tuple(map(str, field(row, "choices"))),
                answers=(answer,) if answer else (),
                groups=tuple((group, str(row.get(group, ""))) for group in _GROUPS),
            )
        )
    return Listing(tuple(items))


def _benchmark(split: str, title: str, sounds: str, note: str = "") -> Benchmark:
    return Benchmark(
        name=f"mmau-{split}",
        title=title,
        files=f"mmau-{split}.json of Sakshi113/MMAU and the folder {sounds}/: id, audio_id,"
        f" question, choices, answer, task, category, sub-category, difficulty{note}",
        read=partial(read, name=f"mmau-{split}.json"),
        prompt=multiple_choice,
        metric=Metric("accuracy", score_token_sets, script=MMAU),
        prompt_source=MCQ_SOURCE,
    )


BENCHMARKS = (
    _benchmark("test-mini", "MMAU test-mini", "test-mini-audios"),
    _benchmark(
        "test",
        "MMAU test",
        "test-audios",
        "; the answers are kept by the publisher, who scores predictions",
    ),
)
