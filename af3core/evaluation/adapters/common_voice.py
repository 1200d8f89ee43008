"""Common Voice 15, English: sentences read by volunteers (arXiv 1912.06670)."""

from __future__ import annotations

from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.item import Listing, SoundFile
from af3core.evaluation.transcribing import transcription_benchmark, utterance


def read(data: Data) -> Listing:
    """test.tsv: path and sentence among its fields; clips/ lies beside it."""
    key = data.find("test.tsv")
    folder = key.removesuffix("test.tsv")
    items = []
    for row in data.table(key, "\t"):
        name = str(field(row, "path"))
        sound = SoundFile(f"{folder}clips/{name}")
        items.append(utterance(name.rpartition(".")[0] or name, sound, field(row, "sentence")))
    return Listing(tuple(items))


BENCHMARKS = (
    transcription_benchmark(
        "common-voice-15",
        "Common Voice 15, English",
        "the folder en/ of Common Voice 15.0: test.tsv (path, sentence) and clips/*.mp3",
        read,
    ),
)
