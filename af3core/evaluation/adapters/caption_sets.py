"""AudioCaps and Clotho v2: captions, five references a sound."""

from __future__ import annotations

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.caption_metrics import score_captions

_PROMPT = "Describe the sound in a sentence."
_SOURCE = (
    "Audio Flamingo 1's request for short captions, in its data and its inference examples; AF3's"
    " for this task is not published"
)
_METRIC = Metric("cider_d", score_captions, scale=1.0)


def read_audiocaps(data: Data) -> Listing:
    """test.csv: one row a caption; the captions of a video are one item."""
    key = data.find("test.csv")
    sounds = Sounds(data, key)
    captions: dict[str, list[str]] = {}
    for row in data.table(key):
        captions.setdefault(field(row, "youtube_id"), []).append(field(row, "caption"))
    return Listing(
        tuple(
            Item(name, (sounds.by_stem(f"Y{name}", name),), _PROMPT, answers=tuple(said))
            for name, said in captions.items()
        )
    )


def read_clotho(data: Data) -> Listing:
    """clotho_captions_evaluation.csv: file_name and caption_1 to caption_5."""
    key = data.find("clotho_captions_evaluation.csv")
    sounds = Sounds(data, key)
    items = []
    for row in data.table(key):
        name = field(row, "file_name")
        said = tuple(field(row, f"caption_{number}") for number in range(1, 6))
        items.append(Item(name, (sounds.by_path(name),), _PROMPT, answers=said))
    return Listing(tuple(items))


BENCHMARKS = (
    Benchmark(
        name="audiocaps",
        title="AudioCaps",
        files="test.csv of cdjkim/audiocaps (youtube_id, caption, five rows a sound) and the sounds"
        " of ten seconds, named by their YouTube id, with or without a Y before it",
        read=read_audiocaps,
        prompt=as_it_stands,
        metric=_METRIC,
        prompt_source=_SOURCE,
        max_new_tokens=64,
    ),
    Benchmark(
        name="clotho",
        title="Clotho v2",
        files="clotho_captions_evaluation.csv of Clotho v2.1 (file_name, caption_1 to _5) and"
        " its evaluation sounds",
        read=read_clotho,
        prompt=as_it_stands,
        metric=_METRIC,
        prompt_source=_SOURCE,
        max_new_tokens=64,
    ),
)
