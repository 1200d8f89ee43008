"""What the jobs of the gate are told: the options of `python -m beam_jobs.JOB`. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dags.corpus.arguments import as_options
from dags.corpus.corpus import Corpus
from dags.evaluation.gate import Gate

REPORTS = "evaluations"
"""The corpus below which the report of `accept` lies; that of a benchmark lies below its name."""


def evaluate_arguments(
    gate: Gate, benchmark: str, params: Mapping[str, Any], run_id: str
) -> list[str]:
    """The options of `evaluate` for one benchmark and the model of the form."""
    chosen = gate.benchmarks[benchmark]
    options = {
        **_model(gate, params),
        "corpus": benchmark,
        "benchmark": benchmark,
        "data": chosen.data,
        "limit": chosen.limit,
        "judge": chosen.judge,
        "judge-endpoint": chosen.judge_endpoint,
        "run-id": run_id,
    }
    return [*as_options(options), *(["--thinking"] if chosen.thinking else [])]


def accept_arguments(gate: Gate, params: Mapping[str, Any], run_id: str) -> list[str]:
    """The options of `accept` for the model of the form."""
    options = {
        **_model(gate, params),
        "corpus": REPORTS,
        "benchmarks": ",".join(gate.benchmarks),
        "max-drop": gate.max_drop,
        "run-id": run_id,
    }
    return as_options(options)


def acceptance_options(gate: Gate | None, corpus: Corpus) -> Sequence[str]:
    """What `plan` of a night is told: none where the site has no gate or the corpus passes by."""
    if gate is None or corpus.model.allow_unaccepted:
        return ()
    return (f"--accepted-in={gate.out}",)


def _model(gate: Gate, params: Mapping[str, Any]) -> dict[str, object]:
    return {
        "out": gate.out,
        "model": params["model"],
        "model-revision": params["model_revision"],
        "engine": params["engine"],
        "endpoint": params["endpoint"],
        "dtype": params["dtype"],
        "device": gate.device,
        "batch-tokens": gate.batch_tokens,
    }
