"""LongAudioBench: questions on recordings of minutes (AF2, arXiv 2503.03983), and AF3's on speech.

Neither part is known to be published. Read are evaluation files in the form of NVIDIA's own,
static/mmar.json in the code of Audio Flamingo 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import BenchmarkData, Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import LONG_AUDIO_BENCH


def read(data: Data) -> Listing:
    """Every .json file below the data, in the order of their names.

    Raises:
        BenchmarkData: there is none.
    """
    keys = data.ending(".json")
    if not keys:
        raise BenchmarkData(
            f"{data.address}: there is no .json; --data is the folder with evaluation files in the"
            " form of static/mmar.json"
        )
    return Listing(tuple(item for key in keys for item in _items(data, key)))


def _items(data: Data, key: str) -> Iterator[Item]:
    document = data.json(key)
    task = str(document.get("flamingo_task") or "")
    stem = PurePosixPath(key).stem
    part = "speech" if "speech" in f"{stem} {task}".lower() else "sound"
    sounds = Sounds(data, key)
    for number, row in field(document, "data").items():
        yield Item(
            item_id=f"{stem} {number}",
            sounds=(sounds.by_path(str(field(row, "name"))),),
            question=str(field(row, "prompt")).replace("<sound>", "").strip(),
            answers=(str(field(row, "output")),),
            groups=(("part", part), ("category", str(row.get("category") or task))),
        )


BENCHMARKS = (
    Benchmark(
        name="long-audio-bench",
        title="LongAudioBench",
        files="evaluation files in the form of NVIDIA/audio-flamingo's static/mmar.json and their"
        " sounds: flamingo_task, data (name, prompt, output, and category where there is one). A"
        ' file whose name or flamingo_task says "speech" is the part speech. The benchmark itself'
        " was not at hand",
        read=read,
        prompt=as_it_stands,
        metric=Metric("judge", judging=LONG_AUDIO_BENCH, scale=10.0),
        prompt_source="the prompt as published",
        max_new_tokens=512,
    ),
)
