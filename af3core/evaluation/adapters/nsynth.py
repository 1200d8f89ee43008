"""NSynth: single notes, their instrument's family and how it makes sound (arXiv 1704.01279)."""

from __future__ import annotations

from functools import partial

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.labelling import LABELLING_SOURCE, among_labels
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.exact_match import score_exact

_SOURCES = ("acoustic", "electronic", "synthetic")
_FAMILIES = tuple(
    "bass brass flute guitar keyboard mallet organ reed string synth_lead vocal".split()
)


def read(data: Data, label: str, question: str, labels: tuple[str, ...]) -> Listing:
    """examples.json: by note its labels; its sound is audio/NOTE.wav beside it."""
    key = data.find("examples.json")
    sounds = Sounds(data, key)
    return Listing(
        tuple(
            Item(
                item_id=note,
                sounds=(sounds.by_path(f"audio/{note}.wav"),),
                question=question,
                options=labels,
                answers=(str(field(row, f"instrument_{label}_str")),),
                groups=(
                    ("source", str(row.get("instrument_source_str", ""))),
                    ("family", str(row.get("instrument_family_str", ""))),
                ),
            )
            for note, row in data.json(key).items()
        )
    )


def _benchmark(name: str, label: str, question: str, labels: tuple[str, ...]) -> Benchmark:
    return Benchmark(
        name=f"nsynth-{name}",
        title=f"NSynth {name}",
        files="examples.json and the folder audio/ of nsynth-test.jsonwav.tar.gz (Magenta):"
        " instrument_source_str, instrument_family_str",
        read=partial(read, label=label, question=question, labels=labels),
        prompt=among_labels,
        metric=Metric("accuracy", score_exact),
        prompt_source=LABELLING_SOURCE,
        max_new_tokens=32,
    )


BENCHMARKS = (
    _benchmark("source", "source", "what is the source of this music?", _SOURCES),
    _benchmark("instrument", "family", "what is the instrument of this music?", _FAMILIES),
)
