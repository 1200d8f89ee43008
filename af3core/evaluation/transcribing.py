"""What the benchmarks of speech recognition share: prompt, metric, where they come from."""

from __future__ import annotations

from collections.abc import Callable

from af3core.evaluation.benchmark import Benchmark, as_it_stands
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.item import Item, Listing, SoundFile
from af3core.evaluation.score import Metric
from af3core.evaluation.scorers.word_errors import score_word_errors

PROMPT = "Transcribe the input speech."
PROMPT_SOURCE = "AF3's processor in transformers: its default request for a transcript"


def utterance(item_id: str, sound: SoundFile, words: str) -> Item:
    """An utterance and its words."""
    return Item(item_id, (sound,), PROMPT, answers=(words,))


def transcription_benchmark(
    name: str, title: str, files: str, read: Callable[[Data], Listing]
) -> Benchmark:
    """A benchmark of word errors."""
    return Benchmark(
        name=name,
        title=title,
        files=files,
        read=read,
        prompt=as_it_stands,
        metric=Metric("wer", score_word_errors, higher_is_better=False),
        prompt_source=PROMPT_SOURCE,
        max_new_tokens=256,
    )
