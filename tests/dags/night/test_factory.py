"""The nightly DAG of a corpus that is annotated by several machines."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.serialization.serialized_objects import DagSerialization

from dags.corpus.corpus import Corpus, Dataflow, Runner
from dags.night.factory import annotate_dag
from dags.night.priority import TonightFirst
from dags.night.watch import watch_dag

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


@pytest.mark.parametrize("timezone", ["UTC", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize("schedule", ["0 0 * * *", "45 2 * * *", "30 23 * * *"])
def test_catchup_runs_every_night_from_the_first_day_on(timezone: str, schedule: str) -> None:
    corpus = Corpus(
        name="radio",
        source="/a",
        out="/b",
        schedule=schedule,
        timezone=timezone,
        first_day="2026-06-07",
    )

    def partitions(catchup: bool) -> list[str]:
        dag = annotate_dag(replace(corpus, catchup=catchup))
        stored: Any = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        last: Any = None
        found: list[str] = []
        for _ in range(3):
            last = stored.next_dagrun_info(last_automated_run_info=last)
            found.append(str(last.partition_key))
        return found

    assert partitions(True) == ["2026-06-07", "2026-06-08", "2026-06-09"]
    zone = zoneinfo.ZoneInfo(timezone)
    today = datetime.datetime.now(zone).date()
    ago = (today - datetime.date.fromisoformat(partitions(False)[0])).days
    assert ago in (1, 2)  # the last night that was due


def test_the_watch_is_one_task_half_an_hour_behind_the_minute_of_the_night() -> None:
    corpus = Corpus(name="radio", source="/a", out="/b", schedule="45 2 * * *", pool="a100")
    dag = watch_dag(replace(corpus, runner=Runner("dataflow", dataflow=DATAFLOW)))
    stored: Any = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert [(task.task_id, task.pool) for task in stored.tasks] == [("watch", "default_pool")]
    assert (stored.catchup, stored.max_active_runs) == (False, 1)
    run_after = stored.next_dagrun_info(last_automated_run_info=None).run_after
    assert run_after.minute == 15
    assert "the last **7** days" in (dag.doc_md or "")
    with pytest.raises(ValueError, match="radio has no schedule"):
        watch_dag(replace(corpus, schedule=None))


def test_days_made_up_for_go_behind_tonight() -> None:
    def weight(run_id: str) -> int:
        ti: Any = SimpleNamespace(run_id=run_id, task=SimpleNamespace(priority_weight=2))
        return TonightFirst().get_weight(ti)

    ids = ("scheduled__1", "manual__1", "watch__2026-11-03__1", "backfill__1")
    assert [weight(run_id) for run_id in ids] == [1002, 1002, 3, 3]
