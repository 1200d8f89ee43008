"""The nightly DAG of a corpus that is annotated by several machines."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.serialization.serialized_objects import DagSerialization

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Corpus, Dataflow, Runner
from dags.night.factory import annotate_dag
from dags.night.priority import TonightFirst

DATAFLOW = Dataflow("my-project", "europe-west4", "gs://bucket/templates")
RUNNERS = [Runner(parts=3), Runner("dataflow", parts=3, dataflow=DATAFLOW)]


def dag_of(runner: Runner) -> DAG:
    return annotate_dag(Corpus("radio", "gs://a/in", "gs://a/out", pool="a100", runner=runner))


@pytest.mark.parametrize("runner", RUNNERS)
def test_annotate_alone_is_split_and_each_part_is_a_task_like_the_whole(runner: Runner) -> None:
    dag = dag_of(runner)
    split = dag.get_task("annotate")
    assert [task.task_id for task in dag.tasks if isinstance(task, MappedOperator)] == ["annotate"]
    assert isinstance(split, MappedOperator)
    whole: Any = dag_of(Runner()).get_task("annotate")
    for name in ("pool", "retries", "retry_delay", "retry_policy", "weight_rule", "owner"):
        assert getattr(split, name) == getattr(whole, name), name
    assert split.pool == "a100"
    parts: list[Any] = [split.unmap({"part": part}) for part in range(3)]
    assert [part.part_name for part in parts] == ["part 1 of 3", "part 2 of 3", "part 3 of 3"]
    assert {part.job if runner.kind == "local" else part.job_module for part in parts} == {
        "annotate"
    }


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_scheduler_knows_every_part(runner: Runner) -> None:
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag_of(runner)))
    task: Any = stored.get_task("annotate")
    assert (task.get_parse_time_mapped_ti_count(), task.pool) == (3, "a100")
    assert isinstance(task.weight_rule, TonightFirst)
    assert task.map_index_template == "{{ task.part_name }}"
    assert [t.task_id for t in stored.tasks if t.outlets] == ["publish"]


def test_runs_at_once_and_the_decision_are_the_corpus_and_the_forms() -> None:
    dag = annotate_dag(Corpus("radio", "/in", "/out", max_active_runs=4))
    assert dag.max_active_runs == 4
    assert list(dag.params) == ["day", "approved_gpu_hours", "accept_missing"]
    assert dag.params.dump() == {"day": None, "approved_gpu_hours": None, "accept_missing": False}
    approve: Any = dag.get_task("approve")
    assert (approve.retries, list(approve.on_failure_callback)) == (0, [])
    with pytest.raises(ConfigurationError, match=r"^max_active_runs 0: must be 1 or more"):
        Corpus("radio", "/in", "/out", max_active_runs=0)
