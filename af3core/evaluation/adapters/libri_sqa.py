"""LibriSQA, part I: open questions on passages that are read aloud (arXiv 2308.10390)."""

from __future__ import annotations

from pathlib import PurePosixPath

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.judges import LIBRI_SQA


def read(data: Data) -> Listing:
    """LibriSQA-PartI-test.json; an item is named by its row and utterance."""
    key = data.find("LibriSQA-PartI-test.json")
    sounds = Sounds(data, key)
    items = []
    for number, row in enumerate(data.json(key)):
        path = str(field(row, "speech_path"))
        items.append(
            Item(
                item_id=f"{number:04d} {PurePosixPath(path).stem}",
                sounds=(_sound_of(data, sounds, path),),
                question=str(field(row, "question")),
                answers=(str(field(row, "answer")),),
                context=str(row.get("text") or ""),
            )
        )
    return Listing(tuple(items))


def _sound_of(data: Data, sounds: Sounds, path: str) -> SoundFile:
    """LibriSpeech gives out .flac, the list says .wav."""
    found, renamed = sounds.by_path(path), sounds.by_stem(PurePosixPath(path).stem)
    return renamed if found.key not in data.keys and renamed.key in data.keys else found


BENCHMARKS = (
    Benchmark(
        name="librisqa",
        title="LibriSQA, part I",
        files="LibriSQA-PartI-test.json of ZihanZhao/LibriSQA and the folder test-clean/ of"
        " LibriSpeech: speech_path, text, question, answer. The paper does not say which part it"
        " takes: of the two, part I has open answers",
        read=read,
        prompt=as_it_stands,
        metric=Metric("judge", judging=LIBRI_SQA, scale=1.0),
        prompt_source="the question as published, of ZihanZhao/LibriSQA",
        max_new_tokens=256,
    ),
)
