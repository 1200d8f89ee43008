"""Nonspeech7k: seven sounds that people make without speaking (IET Signal Processing, 2023)."""

from __future__ import annotations

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.labelling import LABELLING_SOURCE, among_labels
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.exact_match import score_exact

_LABELS = ("breath", "cough", "crying", "laugh", "screaming", "sneeze", "yawn")


def read(data: Data) -> Listing:
    """The metadata of the test set; its sounds lie in test/."""
    key = data.find("metadata of test set.csv")
    sounds = Sounds(data, key)
    return Listing(
        tuple(
            Item(
                item_id=(file := field(row, "Filename").strip()),
                sounds=(sounds.by_path(f"test/{file}"),),
                question="classify this sound.",
                options=_LABELS,
                answers=((label := field(row, "Classname").strip().lower()),),
                groups=(("class", label),),
            )
            for row in data.table(key)
        )
    )


BENCHMARKS = (
    Benchmark(
        name="nonspeech7k",
        title="NonSpeech7k",
        files='"metadata of test set.csv" and the folder test/ (Zenodo 6967442): Filename,'
        " Classname",
        read=read,
        prompt=among_labels,
        metric=Metric("accuracy", score_exact),
        prompt_source=LABELLING_SOURCE,
        max_new_tokens=32,
    ),
)
