"""The nightly DAG of a corpus that is annotated by several machines."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.serialization.helpers import serialize_template_field
from airflow.serialization.serialized_objects import DagSerialization

from dags.corpus.corpus import Alerts, Corpus, Dataflow, Runner
from dags.night.factory import annotate_dag
from dags.night.priority import TonightFirst

DATAFLOW = Dataflow("my-project", "europe-west4", "gs://bucket/templates")
FIELDS = {
    "local": ("job", "arguments", "python"),
    "dataflow": ("job_module", "arguments", "project_id", "location"),
}
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


@pytest.mark.parametrize("runner", RUNNERS)
def test_rendered_templates_show_what_a_part_is_told(runner: Runner) -> None:
    """As a worker renders them: callables become the options of the job."""
    split: Any = dag_of(runner).get_task("annotate")
    task = split.unmap({"part": 1})
    run = SimpleNamespace(partition_key="2026-11-03")
    context = {"ti": SimpleNamespace(run_id="r"), "dag_run": run, "params": {}, "task": task}
    task.render_template_fields(context)
    shown: dict[str, Any] = {
        name: serialize_template_field(getattr(task, name), name) for name in FIELDS[runner.kind]
    }
    assert tuple(shown) == task.template_fields
    assert "annotate" in shown.values()
    assert shown["arguments"][:4] == [
        "--out=gs://a/out",
        "--corpus=radio",
        "--since=2026-11-03",
        "--until=2026-11-03",
    ]
    assert shown["arguments"][-1] == "--part=1/3"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_dag_that_did_not_change_is_stored_alike_by_every_process(runner: Runner) -> None:
    """What stands for a callable names no address in memory: each parse would be a new version."""
    one, other = (DagSerialization.to_dict(dag_of(runner)) for _ in range(2))
    assert one == other
    assert " at 0x" not in json.dumps(one)


def test_a_dag_is_found_by_its_corpus_and_its_owner_is_written_to() -> None:
    corpus = Corpus("radio", "/in", "/out", owner="sound", alerts=Alerts(email=("a@b.org",)))
    dag = annotate_dag(corpus)
    assert dag.tags == {"af3", "annotate", "corpus:radio"}
    assert dag.owner_links == {"sound": "mailto:a@b.org"}
    assert dag_of(Runner()).owner_links == {}


def test_every_task_says_what_it_is_for() -> None:
    docs = {task.task_id: str(task.doc_md) for task in dag_of(Runner()).tasks}
    assert docs["segment"].startswith("Decode once, cut at pauses, write clips.")
    assert "slot of a pool of GPUs" in docs["annotate"]
    assert "may go on" in docs["approve"]
    assert all(docs.values())
