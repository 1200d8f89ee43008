"""Before a model is trusted: benchmarks, the judge, the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.options.night import ServerName
from schemas.options.option import OptionGroup, not_negative, option

JUDGE_KEY_VARIABLE = "AF3_JUDGE_KEY"
"""The environment variable that holds the key of the judge's server."""

PromptForm = Literal["published", "thinking"]


@dataclass(frozen=True, kw_only=True)
class BenchmarkChoice(OptionGroup):
    """Benchmark."""

    benchmark: str = option(
        "",
        "one of those that af3 evaluate list shows",
        "BENCHMARK",
        key="",
        positional=True,
        required=True,
    )
    data: str = option("", "folder or gs:// of the benchmark's files as published", "DIR")
    thinking: bool = option(
        False,
        "ask to think first, with the checkpoint's think weights: the paper's +Think rows",
        on_templates=False,
    )
    limit: int = option(
        0,
        "only the first N items; the figure is then of those (default: {default}, all)",
        "N",
        rule=lambda value: None if value >= 0 else "must be 0 (all) or more",
    )

    @property
    def prompt_form(self) -> PromptForm:
        """How the items are asked."""
        return "thinking" if self.thinking else "published"


@dataclass(frozen=True, kw_only=True)
class Judge(OptionGroup):
    """Judge."""

    judge: str | None = option(
        None,
        "language model at --judge-endpoint that judges open answers; the paper's is GPT-4o",
        "NAME",
    )
    judge_endpoint: str | None = option(
        None,
        "server of --judge that speaks OpenAI's protocol; its key in " + JUDGE_KEY_VARIABLE,
        "URL",
    )
    judge_server: ServerName = option(
        "auto", "what --judge-endpoint is, as --server (default: {default})"
    )


@dataclass(frozen=True, kw_only=True)
class Gate(OptionGroup):
    """Gate."""

    benchmarks: tuple[str, ...] = option(
        (), "the benchmarks that the model must pass, by commas", "NAMES", by_commas=True
    )


@dataclass(frozen=True, kw_only=True)
class MaxDrop(OptionGroup):
    """Gate."""

    max_drop: float = option(
        1.0,
        "how much worse than the last accepted model's a figure may be, in points of which a"
        " perfect answer has 100 (default: {default})",
        "POINTS",
        rule=not_negative,
    )


@dataclass(frozen=True, kw_only=True)
class Accepted(OptionGroup):
    """Accepted models."""

    accepted_in: str | None = option(
        None,
        "refuse a model that is not accepted in this folder or gs://, which is --out of accept"
        " (default: any model is taken)",
        "DIR",
        key="",
    )
