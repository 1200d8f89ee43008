"""The DAG of the gate, what its jobs are told, and what nights are told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from beam_jobs.framework.command_line import read_group
from beam_jobs.framework.job import job_parser
from dags.corpus.corpus import Corpus, Dataflow, Model, Runner
from dags.evaluation.arguments import acceptance_options
from dags.evaluation.factory import evaluate_dag
from dags.evaluation.gate import Chosen, Gate
from dags.launch.flex_template import job_name
from dags.night.factory import annotate_dag
from infra.images import templates
from schemas.jobs import JOBS, job_named
from schemas.options.evaluation import BenchmarkChoice, Judge, MaxDrop
from schemas.options.evaluation import Gate as GateOptions

ROOT = Path(__file__).parents[3]
DATAFLOW = Dataflow("my-project", "europe-west4", "gs://bucket/templates")
RUNNERS = [
    Runner(gpu_options={"direct_num_workers": "1"}),
    Runner("dataflow", gpu_options={"direct_num_workers": "1"}, dataflow=DATAFLOW),
]
BENCHMARKS = {
    "mmar": Chosen(data="/data/MMAR", limit=50, judge="gpt-4o", judge_endpoint="http://judge/v1"),
    "nothing": Chosen(),
}
FORM = {
    "model": "gs://models/af3-int8",
    "model_revision": None,
    "engine": "af3",
    "endpoint": None,
    "dtype": "bfloat16",
}


def gate(runner: Runner = RUNNERS[0], **benchmarks: Chosen) -> Gate:
    return Gate(
        "gs://tables/evaluated", BENCHMARKS | benchmarks, max_drop=0.5, pool="a100", runner=runner
    )


def told(dag: DAG, task: str, params: dict[str, Any]) -> list[str]:
    """What a task's job is told in a run."""
    operator: Any = dag.get_task(task)
    run = SimpleNamespace(run_id="manual__1")
    dag_run = SimpleNamespace(partition_key="2026-11-22", run_after=None)
    return list(operator.arguments({"ti": run, "params": params, "dag_run": dag_run}))


@pytest.mark.parametrize("runner", RUNNERS)
def test_each_benchmark_is_a_task_with_a_gpu_and_the_verdict_waits_for_all(runner: Runner) -> None:
    dag = evaluate_dag(gate(runner))
    assert dag.dag_id == "evaluate_model"
    assert sorted(dag.task_ids) == ["accept", "evaluate__mmar", "evaluate__nothing"]
    assert dag.get_task("accept").upstream_task_ids == {"evaluate__mmar", "evaluate__nothing"}
    assert {task.task_id: task.pool for task in dag.tasks} == {
        "accept": "default_pool",
        "evaluate__mmar": "a100",
        "evaluate__nothing": "a100",
    }
    jobs = {t.job if runner.kind == "local" else t.job_module for t in dag.tasks}  # type: ignore
    assert jobs == {"accept", "evaluate"} <= {job.name for job in JOBS if job.on_dataflow}
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert sorted(stored.task_ids) == sorted(dag.task_ids)
    assert sorted(dag.params) == [
        "dtype",
        "endpoint",
        "engine",
        "max_audio_s",
        "model",
        "model_revision",
        "prompt_form",
        "server",
        "think_model",
        "think_model_revision",
    ]


def test_a_benchmark_is_asked_as_the_file_says() -> None:
    given = told(evaluate_dag(gate(slow=Chosen(data="/d", thinking=True))), "evaluate__slow", FORM)
    assert given == [
        "--out=gs://tables/evaluated",
        "--corpus=slow",
        "--benchmark=slow",
        "--data=/d",
        "--thinking",
        "--limit=0",
        "--model=gs://models/af3-int8",
        "--engine=af3",
        "--dtype=bfloat16",
        "--max-audio-s=600",
        "--prompt-form=hf",
        "--server=auto",
        "--device=auto",
        "--batch-tokens=65536",
        "--judge-server=auto",
        "--run-id=manual__1",
        "--direct_num_workers=1",
    ]


def test_a_pair_is_asked_and_accepted_as_a_pair() -> None:
    pair = {"think_model": "gs://models/think", "think_model_revision": None}
    dag = evaluate_dag(gate())
    for task in ("evaluate__mmar", "accept"):
        assert "--think-model=gs://models/think" in told(dag, task, FORM | pair)
        assert not [one for one in told(dag, task, FORM) if "think" in one]


def test_the_jobs_understand_what_they_are_told() -> None:
    dag = evaluate_dag(gate())
    parser = job_parser(job_named("evaluate"))
    known, beams = parser.parse_known_args(told(dag, "evaluate__mmar", FORM))
    asked = read_group(BenchmarkChoice, known)
    assert (asked.benchmark, asked.data, asked.limit, asked.thinking) == (
        "mmar",
        "/data/MMAR",
        50,
        False,
    )
    judge = read_group(Judge, known)
    assert (judge.judge, judge.judge_endpoint) == ("gpt-4o", "http://judge/v1")
    assert beams == ["--direct_num_workers=1"]

    parser = job_parser(job_named("accept"))
    known, beams = parser.parse_known_args(told(dag, "accept", FORM))
    assert read_group(GateOptions, known).benchmarks == ("mmar", "nothing")
    assert read_group(MaxDrop, known).max_drop == 0.5
    assert (known.out, known.model, known.dtype) == (
        "gs://tables/evaluated",
        "gs://models/af3-int8",
        "bfloat16",
    )
    assert beams == []


def test_dataflow_takes_what_the_jobs_are_told() -> None:
    dag = evaluate_dag(gate(RUNNERS[1]))
    for task, job in (("evaluate__mmar", "evaluate"), ("accept", "accept")):
        known = {
            parameter["name"] for parameter in templates.metadata(job_named(job))["parameters"]
        }
        options = [option.removeprefix("--").partition("=") for option in told(dag, task, FORM)]
        assert {name.replace("-", "_") for name, _, _ in options} <= known
        assert all(value for _, _, value in options)


def test_benchmarks_of_a_run_are_jobs_of_their_own_on_dataflow() -> None:
    names = {job_name("evaluate_model", f"evaluate__{name}", "manual__1") for name in BENCHMARKS}
    assert len(names) == 2
    assert all(name.startswith("evaluate-model-evaluate-") for name in names)


def test_plan_alone_asks_for_an_accepted_model() -> None:
    corpus = Corpus("radio", "/media/radio", "/media/annotated", model=Model(dtype="bfloat16"))
    dag = annotate_dag(corpus, acceptance_options(gate(), corpus))
    asking = [
        task
        for task in ("plan", "segment", "annotate", "audit", "publish", "report")
        if "--accepted-in=gs://tables/evaluated" in told(dag, task, {})
    ]
    assert asking == ["plan"]


def test_a_site_without_a_gate_and_a_corpus_that_passes_by_ask_for_nothing() -> None:
    corpus = Corpus("radio", "/a", "/b")
    trusting = Corpus("radio", "/a", "/b", model=Model(allow_unaccepted=True))
    assert acceptance_options(None, corpus) == ()
    assert acceptance_options(gate(), trusting) == ()
    options = told(annotate_dag(trusting, acceptance_options(gate(), trusting)), "plan", {})
    assert not [option for option in options if "accepted" in option]


def test_the_page_of_the_dag_says_what_is_held_against_what() -> None:
    docs = evaluate_dag(gate(slow=Chosen(data="/d", thinking=True))).doc_md or ""
    assert "| `mmar` | `/data/MMAR` | 50 | published | gpt-4o |" in docs
    assert "| `slow` | `/d` | all | thinking | – |" in docs
    assert "| `nothing` | `built in` | all | published | – |" in docs
    assert "by more than **0.5** points" in docs


READ = """
import sys
from types import SimpleNamespace
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
run = SimpleNamespace(run_id="r")
night = SimpleNamespace(partition_key="2026-11-22", run_after=None)
context = {"ti": run, "params": {}, "dag_run": night}
asking = [name for name, dag in sorted(bag.dags.items()) if name.startswith("annotate__")
          and "--accepted-in=/e" in dag.get_task("plan").arguments(context)]
errors = sorted(path.rpartition("/")[2] for path in bag.import_errors)
print("FOUND", sorted(bag.dags), asking, errors)
"""


def found_by_airflow(tmp_path: Path, text: str) -> str:
    """What Airflow reads from `dags/` at a site with this file."""
    (tmp_path / "evaluation.yaml").write_text(text)
    corpora = tmp_path / "corpora"
    corpora.mkdir()
    (corpora / "gated.yaml").write_text("source: /a\nout: /b\n")
    (corpora / "trusting.yaml").write_text("source: /a\nout: /b\nmodel: {allow_unaccepted: true}\n")
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AF3_CORPORA": str(corpora),
        "AF3_EVALUATION": str(tmp_path / "evaluation.yaml"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
    }
    done = subprocess.run(
        [sys.executable, "-c", READ, str(ROOT / "dags")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return next(line for line in done.stdout.splitlines() if line.startswith("FOUND"))


def test_the_files_of_a_site_with_a_gate(tmp_path: Path) -> None:
    found = found_by_airflow(tmp_path, "out: /e\nbenchmarks: {nothing: {}}\n")
    assert "'evaluate_model'" in found
    assert "'annotate__trusting'" in found
    assert found.endswith("] ['annotate__gated'] []")


def test_behind_a_wrong_file_of_the_gate_no_night_begins(tmp_path: Path) -> None:
    found = found_by_airflow(tmp_path, "out: /e\n")
    assert "annotate__" not in found
    assert "'export__gated'" in found
    assert found.endswith("[] ['annotate.py', 'evaluate.py']")
