"""CochlScene: 13 acoustic scenes (arXiv 2211.02289)."""

from __future__ import annotations

import re

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.labelling import LABELLING_SOURCE, among_labels
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.exact_match import score_exact

_SCENES = (
    "Bus Cafe Car CrowdedIndoor Elevator Kitchen Park ResidentialArea Restaurant Restroom Street"
    " Subway SubwayStation"
).split()
_LABELS = tuple(scene.lower() for scene in _SCENES)


def read(data: Data) -> Listing:
    """The sounds below Test/SCENE/; the folder is the label."""
    keys = [key for key in data.ending(".wav") if f"/{key}".split("/")[-3:-2] == ["Test"]]
    if not keys:
        raise BenchmarkData(
            f"{data.address}: there is no Test/SCENE/*.wav; --data is the folder as published"
        )
    return Listing(tuple(map(_item, keys)))


def _item(key: str) -> Item:
    scene, file = key.split("/")[-2:]
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", scene).lower()
    return Item(
        item_id=file.removesuffix(".wav"),
        sounds=(SoundFile(key),),
        question="classify this sound.",
        options=_LABELS,
        answers=tuple(dict.fromkeys((scene.lower(), spaced))),
        groups=(("scene", scene.lower()),),
    )


BENCHMARKS = (
    Benchmark(
        name="cochlscene",
        title="CochlScene",
        files="the folder Test/ of CochlScene (Zenodo 7080122): SCENE/*.wav",
        read=read,
        prompt=among_labels,
        metric=Metric("accuracy", score_exact),
        prompt_source=LABELLING_SOURCE,
        max_new_tokens=32,
    ),
)
