"""SPGISpeech: earnings calls, with cases and punctuation (arXiv 2104.02014)."""

from __future__ import annotations

from pathlib import PurePosixPath

from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.item import Listing, SoundFile
from af3core.evaluation.transcribing import transcription_benchmark, utterance


def read(data: Data) -> Listing:
    """test.csv, or val.csv where that is what was given: fields parted by bars."""
    key = data.find("test.csv") if data.ending("test.csv") else data.find("val.csv")
    split = PurePosixPath(key)
    items = []
    for row in data.table(key, "|"):
        name = field(row, "wav_filename")
        beside = str(split.parent / split.stem / name)
        below = str(split.parent / "spgispeech" / split.stem / name)
        sound = SoundFile(below if below in data.keys else beside)
        items.append(utterance(name.removesuffix(".wav"), sound, field(row, "transcript")))
    return Listing(tuple(items))


BENCHMARKS = (
    transcription_benchmark(
        "spgispeech",
        "SPGISpeech",
        "test.csv (or val.csv) of Kensho's SPGISpeech and the folder of the same name, beside it or"
        " in spgispeech/: wav_filename|wav_filesize|transcript",
        read,
    ),
)
