"""TED-LIUM 3: talks (arXiv 1805.04699; openslr.org/51)."""

from __future__ import annotations

from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.item import Listing, SoundFile
from af3core.evaluation.transcribing import transcription_benchmark, utterance

_IGNORED = "ignore_time_segment_in_scoring"
_FIELDS = 6


def read(data: Data) -> Listing:
    """test/stm/TALK.stm: talk, channel, speaker, start, end, label, words; test/sph/TALK.sph."""
    lists = [key for key in data.ending(".stm") if "/test/" in f"/{key}"]
    if not lists:
        raise BenchmarkData(f"{data.address}: there is no test/stm/*.stm")
    items = []
    for key in lists:
        for line in data.text(key).splitlines():
            parts = line.split(maxsplit=_FIELDS)
            if len(parts) <= _FIELDS or parts[6].strip() == _IGNORED or line.startswith(";;"):
                continue
            talk, start, end = parts[0], float(parts[3]), float(parts[4])
            sound = f"{key.rpartition('/stm/')[0]}/sph/{talk}.sph"
            items.append(
                utterance(f"{talk}-{parts[3]}", SoundFile(sound, start, end), parts[6].strip())
            )
    return Listing(tuple(items))


BENCHMARKS = (
    transcription_benchmark(
        "tedlium",
        "TED-LIUM 3",
        "the folder legacy/test/ of openslr.org/51: stm/*.stm and sph/*.sph",
        read,
    ),
)
