"""LibriSpeech: read books (Panayotov et al. 2015; openslr.org/12)."""

from __future__ import annotations

from functools import partial

from af3core.evaluation.data import BenchmarkData, Data
from af3core.evaluation.item import Listing, SoundFile
from af3core.evaluation.transcribing import transcribing, utterance


def read(data: Data, split: str) -> Listing:
    """SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt: an utterance's id, a space, its words."""
    lists = [key for key in data.ending(".trans.txt") if f"/{split}/" in f"/{key}"]
    if not lists:
        raise BenchmarkData(f"{data.address}: there is no {split}/SPEAKER/CHAPTER/*.trans.txt")
    items = []
    for key in lists:
        folder = key.rpartition("/")[0]
        for line in filter(None, data.text(key).splitlines()):
            name, _, words = line.partition(" ")
            items.append(utterance(name, SoundFile(f"{folder}/{name}.flac"), words))
    return Listing(tuple(items))


BENCHMARKS = tuple(
    transcribing(
        f"librispeech-{part}",
        f"LibriSpeech test-{part}",
        f"the folder test-{part}/ of openslr.org/12, unpacked: SPEAKER/CHAPTER/*.trans.txt and"
        " *.flac",
        partial(read, split=f"test-{part}"),
    )
    for part in ("clean", "other")
)
