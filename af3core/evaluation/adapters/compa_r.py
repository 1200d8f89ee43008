"""CompA-R-test: questions that need reasoning about several sounds (GAMA, arXiv 2406.11768)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import COMPA_R


def read(data: Data) -> Listing:
    """CompA-R-test.json: several questions a sound, each an item."""
    return Listing(tuple(_items(data)))


def _items(data: Data) -> Iterator[Item]:
    key = data.find("CompA-R-test.json")
    sounds = Sounds(data, key)
    for row in data.json(key):
        path = str(field(row, "audio_id"))
        for number, pair in enumerate(field(row, "instruction_output"), 1):
            yield Item(
                item_id=f"{PurePosixPath(path).stem} {number}",
                sounds=(sounds.by_path(path),),
                question=str(field(pair, "instruction")),
                answers=(str(field(pair, "output")),),
            )


BENCHMARKS = (
    Benchmark(
        name="compa-r",
        title="CompA-R-test",
        files="CompA-R-test.json of Sreyan88/GAMA and its sounds, of AudioSet: audio_id,"
        " instruction_output (instruction, output). Field names as others read them: the file"
        " itself was not at hand",
        read=read,
        prompt=as_it_stands,
        metric=Metric("judge", judging=COMPA_R),
        prompt_source="the instruction as published, of Sreyan88/GAMA",
        max_new_tokens=256,
    ),
)
