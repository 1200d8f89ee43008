"""One evaluation: a benchmark's items, a model, and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.item import Item
from af3core.model.prompt_form import SENT_BY_THE_AUTHORS
from beam_jobs.evaluation.benchmark_items import data_of, list_items
from beam_jobs.evaluation.predictions import decoding_of
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.evaluation import BenchmarkChoice


@dataclass(frozen=True)
class Evaluation:
    """What is evaluated.

    Attributes:
        faults: of items, by id.
        settings: model, options, and where the results go.
    """

    benchmark: Benchmark
    data: Data
    items: tuple[Item, ...]
    faults: Mapping[str, tuple[str, ...]]
    settings: JobSettings

    @cached_property
    def configuration(self) -> dict[str, Any]:
        """All that decides the answers and their scores, for people and for the identity."""
        settings, asked = self.settings, self.settings[BenchmarkChoice]
        decoding = decoding_of(self.benchmark, asked.thinking)
        judging = self.benchmark.metric.judging
        judge = settings.language_model if judging else None
        quoted = {"judge_prompt": str(judging.script)} if judging and judging.script else {}
        return {
            "model": settings.checkpoint.name,
            "weights_revision": settings.checkpoint.revision,
            "engine": settings.engine.label,
            "dtype": settings.engine.dtype,
            "prompt_form": asked.prompt_form,
            "prompt_source": self._prompt_source,
            "max_new_tokens": decoding.max_new_tokens,
            "temperature": decoding.temperature,
            "judge": judge.checkpoint.name if judge else "",
            "items": len(self.items),
            "items_hash": configuration_hash([item.item_id for item in self.items]),
            **quoted,
        }

    @property
    def _prompt_source(self) -> str:
        """Where the words stand, and how they were sent where that is not transformers' way."""
        words = self.benchmark.prompt_source
        as_authors = self.settings.engine.prompt_form == "authors"
        return f"{words}; {SENT_BY_THE_AUTHORS}" if as_authors else words

    @cached_property
    def evaluation_id(self) -> str:
        """Identity of all of that."""
        return configuration_hash([self.benchmark.name, self.configuration])


def read_evaluation(benchmark: Benchmark, settings: JobSettings) -> Evaluation:
    """The benchmark's items out of its data.

    Raises:
        ConfigurationError: `--data` is missing, or nothing lies there.
        BenchmarkData: the files are not as published.
    """
    data = data_of(benchmark, settings[BenchmarkChoice].data)
    listing = list_items(benchmark, data, settings[BenchmarkChoice].limit)
    faults: dict[str, tuple[str, ...]] = {}
    for fault in listing.faults:
        faults[fault.item_id] = (*faults.get(fault.item_id, ()), fault.what)
    return Evaluation(benchmark, data, listing.items, faults, settings)
