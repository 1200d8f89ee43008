"""The options of `evaluate`: which benchmark, its data, how it is asked and judged."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Literal

from af3core.errors import ConfigurationError
from af3core.model.engines import EngineSettings
from beam_jobs.served import served_model

JUDGE_KEY_VARIABLE = "AF3_JUDGE_KEY"
"""The environment variable that holds the key of the judge's server."""

PromptForm = Literal["published", "thinking"]


@dataclass(frozen=True)
class Evaluating:
    """What `evaluate` is told.

    Attributes:
        benchmark: its name; empty for other jobs.
        data: folder or gs:// of its published files; empty for a built-in one.
        thinking: asked to think first, with the think weights.
        limit: so many items, the first ones; 0 is all.
        judge: the model that judges open answers.
    """

    benchmark: str = ""
    data: str = ""
    thinking: bool = False
    limit: int = 0
    judge: EngineSettings | None = None

    @property
    def prompt_form(self) -> PromptForm:
        return "thinking" if self.thinking else "published"


def add_evaluating(parser: argparse.ArgumentParser) -> None:
    """Add the options as a group."""
    group = parser.add_argument_group("evaluating (evaluate)")
    group.add_argument(
        "--benchmark", metavar="NAME", help="one of those that af3 evaluate list shows"
    )
    group.add_argument(
        "--data", metavar="DIR", help="folder or gs:// of the benchmark's files as published"
    )
    group.add_argument(
        "--thinking",
        action="store_true",
        help="ask to think first, with the checkpoint's think weights: the paper's +Think rows",
    )
    group.add_argument(
        "--limit",
        type=int,
        default=0,
        metavar="N",
        help="only the first N items; the figure is then of those (default: 0, all)",
    )
    group.add_argument(
        "--judge",
        metavar="NAME",
        help="language model at --judge-endpoint that judges open answers; the paper's is GPT-4o",
    )
    group.add_argument(
        "--judge-endpoint",
        metavar="URL",
        help=f"server of --judge that speaks OpenAI's protocol; its key in {JUDGE_KEY_VARIABLE}",
    )


def read_evaluating(arguments: argparse.Namespace) -> Evaluating:
    """The options, checked.

    Raises:
        ConfigurationError: one clear line on the first wrong option.
    """
    if arguments.limit < 0:
        raise ConfigurationError(f"--limit {arguments.limit}: must be 0 (all) or more")
    return Evaluating(
        benchmark=arguments.benchmark or "",
        data=arguments.data or "",
        thinking=arguments.thinking,
        limit=arguments.limit,
        judge=served_model(arguments, "judge", JUDGE_KEY_VARIABLE),
    )
