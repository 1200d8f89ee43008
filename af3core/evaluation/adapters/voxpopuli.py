"""VoxPopuli, English: speeches in the European Parliament (arXiv 2101.00390)."""

from __future__ import annotations

from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Listing
from af3core.evaluation.transcribing import transcription_benchmark, utterance


def read(data: Data) -> Listing:
    """asr_test.tsv: id and normalized_text among its fields; sounds by their id, anywhere."""
    key = data.find("asr_test.tsv")
    sounds = Sounds(data, key)
    items = []
    for row in data.table(key, "\t"):
        name = str(field(row, "id", "id_"))
        items.append(utterance(name, sounds.by_stem(name), field(row, "normalized_text")))
    return Listing(tuple(items))


BENCHMARKS = (
    transcription_benchmark(
        "voxpopuli",
        "VoxPopuli, English",
        "asr_test.tsv of facebookresearch/voxpopuli (id, normalized_text) and the cut sounds, named"
        " by id",
        read,
    ),
)
