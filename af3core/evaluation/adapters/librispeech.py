"""LibriSpeech: read books (Panayotov et al. 2015; openslr.org/12)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from af3core.evaluation.benchmark_files import BenchmarkData, Data, field
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.transcribing import transcription_benchmark, utterance


def read(data: Data, split: str) -> Listing:
    """SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt: an utterance's id, a space, its words."""
    lists = [key for key in data.ending(".trans.txt") if f"/{split}/" in f"/{key}"]
    if not lists and (tables := _tables(data, split.removeprefix("test-"))):
        return Listing(tuple(item for key in tables for item in _rows(data, key)))
    if not lists:
        raise BenchmarkData(f"{data.address}: there is no {split}/SPEAKER/CHAPTER/*.trans.txt")
    items = []
    for key in lists:
        folder = key.rpartition("/")[0]
        for line in filter(None, data.text(key).splitlines()):
            name, _, words = line.partition(" ")
            items.append(utterance(name, SoundFile(f"{folder}/{name}.flac"), words))
    return Listing(tuple(items))


def _tables(data: Data, part: str) -> list[str]:
    """Of the same utterances in openslr/librispeech_asr at Hugging Face, from one folder."""
    for folder in (f"/{part}/test/", f"/test.{part}/"):
        if found := [key for key in data.ending(".parquet") if folder in f"/{key}"]:
            return found
    return []


def _rows(data: Data, key: str) -> Iterator[Item]:
    for number, row in enumerate(data.parquet(key, ("id", "text"))):
        sound = SoundFile(key, row=number, column="audio")
        yield utterance(str(field(row, "id")), sound, str(field(row, "text")))


BENCHMARKS = tuple(
    transcription_benchmark(
        f"librispeech-{part}",
        f"LibriSpeech test-{part}",
        f"the folder test-{part}/ of openslr.org/12, unpacked: SPEAKER/CHAPTER/*.trans.txt and"
        f" *.flac; or {part}/test/*.parquet of openslr/librispeech_asr: id, text, audio",
        partial(read, split=f"test-{part}"),
    )
    for part in ("clean", "other")
)
