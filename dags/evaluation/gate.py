"""The settings of the gate, as its YAML file has them. Pure data, checked when it is made."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Alerts, Retries, Runner
from dags.corpus.names import GPU_POOL
from dags.corpus.places import check_place
from schemas.options import evaluation, night

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Chosen(evaluation.BenchmarkChoice, evaluation.Judge):
    """A benchmark that a model must pass; the keys are those of `af3 evaluate`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.judge is None) != (self.judge_endpoint is None):
            raise ConfigurationError("judge and judge_endpoint go together")


@dataclass(frozen=True)
class Gate(night.Compute, evaluation.MaxDrop):
    """What a checkpoint must pass before nights take it.

    Attributes:
        out: absolute folder or gs://… of the evaluations, and of the list of accepted models.
        benchmarks: by the names that `af3 evaluate list` shows.
        pool: Airflow's pool whose slots are GPUs.
    """

    out: str
    benchmarks: dict[str, Chosen]
    owner: str = "archive"
    pool: str = GPU_POOL
    runner: Runner = field(default_factory=Runner)
    retries: Retries = field(default_factory=Retries)
    alerts: Alerts = field(default_factory=Alerts)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_place("out", self.out)
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
        if self.runner.parts != 1:
            raise ConfigurationError("runner: parts: a benchmark is one task; leave parts out")
