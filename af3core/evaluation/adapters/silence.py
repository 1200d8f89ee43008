"""Nothing said: silence, noise, hum, clicks and music, which must not be transcribed."""

from __future__ import annotations

from pathlib import Path

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.made_sounds import KINDS, MadeSound
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.empty_answers import score_nothing

_LENGTHS_S = (5.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0)
_SILENCES_S = (5.0, 10.0, 15.0, 20.0, 30.0)


def read(_data: Data) -> Listing:
    """Seven sounds of each kind; silences differ by their length alone, and are five."""
    made = [
        MadeSound(kind, seed, seconds)
        for kind in KINDS
        for seed, seconds in enumerate(_SILENCES_S if kind == "silence" else _LENGTHS_S)
    ]
    return Listing(
        tuple(
            Item(
                item_id=sound.name.replace("/", "-"),
                sounds=(SoundFile("", made=sound.name),),
                question="Transcribe the input speech.",
                answers=("",),
                groups=(("kind", sound.kind),),
            )
            for sound in made
        )
    )


BENCHMARKS = (
    Benchmark(
        name="nothing",
        title="Nothing said",
        files="nothing: its forty sounds are made, and --data is not needed",
        read=read,
        prompt=as_it_stands,
        metric=Metric("accuracy", score_nothing),
        prompt_source="AF3's processor in transformers: its default request for a transcript",
        embedded=Path(__file__).parent,
    ),
)
