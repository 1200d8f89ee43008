"""The DAG of the gate: every benchmark with the new checkpoint, then the verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from airflow.sdk import DAG, BaseOperator, Param

from dags.corpus.arguments import run_name, runner_options
from dags.evaluation.arguments import accept_arguments, evaluate_arguments
from dags.evaluation.gate import Gate
from dags.launch.job_operator import Context
from dags.launch.parameters import refuse_unknown
from dags.night.docs import task_docs
from dags.night.factory import FIRST_DAY, operator_on
from dags.night.notices import FailureNotice
from dags.night.priority import TONIGHT_FIRST
from dags.night.retries import retry_arguments
from schemas.options.night import (
    DEFAULT_PROMPT_FORM,
    DEFAULT_SERVED_AUDIO_S,
    DtypeName,
    PromptFormName,
    ServerName,
)

NAME = "evaluate_model"
_DOCS = """
Asks a checkpoint the benchmarks of the gate and accepts it where none of its figures is worse than
the last accepted model's by more than **{max_drop:g}** points; the first model has nothing to be
held against. Nights whose model is not accepted end at `plan`, unless their corpus file says
`model: {{allow_unaccepted: true}}`.

Fill in the form as the corpus files have it: weights, engine and number format are what is
accepted. What was asked already is not asked again.

| benchmark | data | items | form | judge |
|---|---|---|---|---|
{rows}

Evaluations and accepted models lie in `{out}`.
"""


def evaluate_dag(gate: Gate) -> DAG:
    """The DAG `evaluate_model`; it is started by hand."""
    with DAG(
        dag_id=NAME,
        description="Evaluate a checkpoint, and accept it where it is no worse than the last one",
        schedule=None,
        start_date=FIRST_DAY,
        default_args={
            "owner": gate.owner,
            "pre_execute": refuse_unknown,
            "on_failure_callback": FailureNotice(NAME, gate.alerts),
            **retry_arguments(gate.retries),
        },
        params=form(),
        doc_md=docs(gate),
        tags=["af3", "evaluate"],
    ) as dag:
        evaluated = [_evaluate(gate, name) for name in gate.benchmarks]
        evaluated >> _job(
            gate, "accept", lambda params, run_id: accept_arguments(gate, params, run_id)
        )
    return dag


def form() -> dict[str, Param]:
    """The typed form of the trigger dialog."""
    return {
        "model": Param(
            "nano",
            type="string",
            minLength=1,
            examples=["nano", "nvidia/audio-flamingo-3-hf"],
            title="Model",
            description="nano (a toy), a folder, a hub id, or gs://bucket/prefix.",
        ),
        "model_revision": _text("Revision", "Commit of a hub id; without it, the newest."),
        "think_model": _text(
            "Think model", "Whole checkpoint that answers where the model is to think."
        ),
        "think_model_revision": _text("Its revision", "Commit of its hub id."),
        "engine": Param("af3", enum=["af3", "transformers", "openai"], title="Engine"),
        "endpoint": _text("Endpoint", "Of engine openai, such as http://gpu:8000/v1."),
        "server": Param("auto", enum=[*get_args(ServerName)], title="Kind of server"),
        "max_audio_s": Param(
            DEFAULT_SERVED_AUDIO_S,
            type="number",
            minimum=30,
            title="Seconds that a served model hears",
        ),
        "dtype": Param("float32", enum=[*get_args(DtypeName)], title="Number format"),
        "prompt_form": Param(
            DEFAULT_PROMPT_FORM,
            enum=[*get_args(PromptFormName)],
            title="Prompt form",
            description="As transformers' processor has it (hf), or as the authors' own code.",
        ),
    }


def docs(gate: Gate) -> str:
    """The page of the DAG, in Markdown."""
    rows = [
        f"| `{name}` | `{chosen.data or 'built in'}` | {chosen.limit or 'all'} |"
        f" {'thinking' if chosen.thinking else 'published'} | {chosen.judge or '–'} |"
        for name, chosen in gate.benchmarks.items()
    ]
    return _DOCS.format(max_drop=gate.max_drop, rows="\n".join(rows), out=gate.out)


def _text(title: str, description: str) -> Param:
    return Param(None, type=["null", "string"], title=title, description=description)


def _evaluate(gate: Gate, benchmark: str) -> BaseOperator:
    return _job(
        gate,
        "evaluate",
        lambda params, run_id: evaluate_arguments(gate, benchmark, params, run_id),
        task_id=f"evaluate__{benchmark}",
        pool=gate.pool,
    )


def _job(
    gate: Gate, job: str, told: Callable[[dict[str, Any], str], list[str]], **kwargs: Any
) -> BaseOperator:
    def arguments(context: Context, **_: Any) -> list[str]:
        run_id = run_name(context["ti"].run_id)
        return told(dict(context["params"]), run_id) + runner_options(gate.runner, job)

    operator, given = operator_on(gate.runner)
    given |= {"task_id": job, "job": job, "arguments": arguments, "weight_rule": TONIGHT_FIRST}
    given |= {"doc_md": task_docs(job)}
    return operator(**given | kwargs)
