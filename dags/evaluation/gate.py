"""The settings of the gate, as its YAML file has them. Pure data, checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Alerts, Retries, Runner

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Chosen:
    """A benchmark that a model must pass; the keys are those of `af3 evaluate`.

    Attributes:
        data: folder or gs://… of its published files; none where it comes with the package.
        limit: the first so many items; 0 is all.
        judge, judge_endpoint: the language model that judges open answers, and its server.
    """

    data: str | None = None
    thinking: bool = False
    limit: int = 0
    judge: str | None = None
    judge_endpoint: str | None = None

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ConfigurationError(f"limit {self.limit}: must be 0 (all) or more")
        if (self.judge is None) != (self.judge_endpoint is None):
            raise ConfigurationError("judge and judge_endpoint go together")


@dataclass(frozen=True)
class Gate:
    """What a checkpoint must pass before nights take it.

    Attributes:
        out: folder or gs://… of the evaluations, and of the list of accepted models.
        benchmarks: by the names that `af3 evaluate list` shows.
        max_drop: how much worse than the last accepted model's a figure may be, in points of which
            a perfect answer has 100.
        pool: Airflow's pool whose slots are GPUs.
    """

    out: str
    benchmarks: dict[str, Chosen]
    max_drop: float = 1.0
    owner: str = "archive"
    pool: str = "gpu"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    batch_tokens: int = 65_536
    runner: Runner = field(default_factory=Runner)
    retries: Retries = field(default_factory=Retries)
    alerts: Alerts = field(default_factory=Alerts)

    def __post_init__(self) -> None:
        if not self.benchmarks:
            raise ConfigurationError("benchmarks: name one at least, such as nothing: {}")
        for name, chosen in self.benchmarks.items():
            if not _NAME.fullmatch(name):
                raise ConfigurationError(
                    f"benchmarks: {name!r} is no name of one; af3 evaluate list shows them"
                )
            if chosen.thinking and self.runner.dataflow is not None:
                raise ConfigurationError(
                    f"benchmarks: {name}: thinking is no parameter of Dataflow's templates; leave"
                    " it out, or use runner kind local"
                )
        if not 0 <= self.max_drop < float("inf"):
            raise ConfigurationError(f"max_drop {self.max_drop:g}: must be 0 or more")
        if self.runner.parts != 1:
            raise ConfigurationError("runner: parts: a benchmark is one task; leave parts out")
