"""What the jobs of the gate are told: the options of `python -m beam_jobs JOB`. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dags.corpus.arguments import option_values
from dags.corpus.corpus import Corpus
from dags.corpus.names import REPORTS
from dags.evaluation.gate import Gate
from schemas.jobs import job_named, options_of_job
from schemas.options.night import DEFAULT_PROMPT_FORM, DEFAULT_SERVED_AUDIO_S
from schemas.options.option import as_arguments


def evaluate_arguments(
    gate: Gate, benchmark: str, params: Mapping[str, Any], run_id: str
) -> list[str]:
    """The options of `evaluate` for one benchmark and the model of the form."""
    values = {
        **_model(gate, params),
        **option_values(gate.benchmarks[benchmark]),
        "corpus": benchmark,
        "benchmark": benchmark,
        "run_id": run_id,
    }
    return as_arguments(values, options_of_job(job_named("evaluate")))


def accept_arguments(gate: Gate, params: Mapping[str, Any], run_id: str) -> list[str]:
    """The options of `accept` for the model of the form."""
    values = {
        **_model(gate, params),
        "corpus": REPORTS,
        "benchmarks": tuple(gate.benchmarks),
        "run_id": run_id,
    }
    return as_arguments(values, options_of_job(job_named("accept")))


def acceptance_options(gate: Gate | None, corpus: Corpus) -> Sequence[str]:
    """What `plan` of a night is told: none where the site has no gate or the corpus passes by."""
    if gate is None or corpus.model.allow_unaccepted:
        return ()
    return (f"--accepted-in={gate.out}",)


def _model(gate: Gate, params: Mapping[str, Any]) -> dict[str, object]:
    names = ("model", "model_revision", "engine", "endpoint", "dtype")
    # forms of 0.2.0 had no such fields
    served = {"server": params.get("server", "auto")}
    served |= {"prompt_form": params.get("prompt_form", DEFAULT_PROMPT_FORM)}
    served |= {"max_audio_s": params.get("max_audio_s", DEFAULT_SERVED_AUDIO_S)}
    served |= {name: params.get(name) for name in ("think_model", "think_model_revision")}
    told = {name: params[name] for name in names}
    return {**option_values(gate), "out": gate.out, **served, **told}
