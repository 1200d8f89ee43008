"""Audio Entailment: what follows from a recording, may be so, or cannot (arXiv 2407.18062)."""

from __future__ import annotations

from functools import partial

from af3core.evaluation.benchmark import MCQ_SOURCE, Benchmark, multiple_choice
from af3core.evaluation.benchmark_files import Data, field
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import Item, Listing
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.choices import score_choices

_RELATIONS = ("Entailment", "Neutral", "Contradiction")
_FIELDS = "Audio file, Caption, Entailment, Neutral, Contradiction"


def read(data: Data, name: str) -> Listing:
    """A table of three hypotheses a sound: each is a question."""
    key = data.find(name)
    sounds = Sounds(data, key)
    items = []
    for number, row in enumerate(data.table(key)):
        file = field(row, "Audio file").strip()
        # AudioCaps' recordings are YouTube ids after a Y, unpacked with it or without
        is_named = file.endswith(".wav")
        sound = sounds.by_path(file) if is_named else sounds.by_stem(file, file.removeprefix("Y"))
        for relation in _RELATIONS:
            items.append(
                Item(
                    item_id=f"{number:05d}-{relation.lower()}",
                    sounds=(sound,),
                    question=_question(field(row, relation).strip()),
                    options=tuple(each.lower() for each in _RELATIONS),
                    answers=(relation.lower(),),
                    groups=(("relation", relation.lower()),),
                    context=row.get("Caption", ""),
                )
            )
    return Listing(tuple(items))


def _question(hypothesis: str) -> str:
    return (
        f'Hypothesis: "{hypothesis}" Given the audio, is the hypothesis an entailment, neutral or a'
        " contradiction?"
    )


def _benchmark(name: str, title: str, table: str, sounds: str) -> Benchmark:
    return Benchmark(
        name=f"audio-entailment-{name}",
        title=f"Audio Entailment, {title}",
        files=f"{table} of microsoft/AudioEntailment ({_FIELDS}) and {sounds}",
        read=partial(read, name=table),
        prompt=multiple_choice,
        metric=Metric("accuracy", score_choices),
        prompt_source=f"the question is ours, as none is published; its options: {MCQ_SOURCE}",
        max_new_tokens=32,
    )


BENCHMARKS = (
    _benchmark(
        "clotho",
        "Clotho",
        "clotho_entailment_evaluation.csv",
        "the evaluation sounds of Clotho v2.1",
    ),
    _benchmark(
        "audiocaps",
        "AudioCaps",
        "audiocaps_entailment_test.csv",
        "the test sounds of AudioCaps, named by YouTube id",
    ),
)
