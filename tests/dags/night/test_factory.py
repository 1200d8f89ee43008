"""The nightly DAG of a corpus that is annotated by several machines."""

from __future__ import annotations

import datetime
import json
import zoneinfo
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.serialization.helpers import serialize_template_field
from airflow.serialization.serialized_objects import DagSerialization

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Alerts, Corpus, Dataflow, Runner
from dags.night.approval import NightNeedsApproval
from dags.night.factory import annotate_dag
from dags.night.priority import TonightFirst
from dags.night.watch import watch_dag

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
    assert vars(split.retry_policy) == vars(whole.retry_policy)
    for name in ("pool", "retries", "retry_delay", "weight_rule", "owner"):
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
    with pytest.raises(ConfigurationError, match=r"^max_active_runs 0: must be 1 or more"):
        Corpus("radio", "/in", "/out", max_active_runs=0)


def test_an_attempt_of_the_decision_that_airflow_loses_is_tried_again_and_its_end_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dag = annotate_dag(Corpus("radio", "/in", "/out"))
    approve: Any = dag.get_task("approve")
    assert approve.retries == dag.get_task("segment").retries
    (notice,) = approve.on_failure_callback
    ti = SimpleNamespace(task_id="approve", run_id="r", map_index=-1, log_url="", dag_id="")
    notice({"ti": ti, "exception": NightNeedsApproval("12 GPU hours")})
    assert caplog.text == ""  # `approve` has told who is to decide
    notice({"ti": ti, "exception": ConnectionError("the API server is away")})
    assert "af3: radio, r: task approve failed" in caplog.text
    assert list(approve.on_success_callback) == []


def test_a_run_by_hand_keeps_its_day_behind_midnight() -> None:
    dag = annotate_dag(Corpus("radio", "/in", "/out", timezone="Europe/Berlin"))
    triggered = datetime.datetime(2026, 11, 24, 22, 59, tzinfo=datetime.UTC)
    run = SimpleNamespace(partition_key=None, run_after=triggered)
    for task in ("plan", "segment", "report"):
        context = {"ti": SimpleNamespace(run_id="r"), "dag_run": run, "params": {}}
        operator: Any = dag.get_task(task)
        assert "--since=2026-11-23" in operator.arguments(context)


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


@pytest.mark.parametrize("runner", RUNNERS)
def test_rendered_templates_show_what_a_part_is_told(runner: Runner) -> None:
    """As a worker renders them: callables become the options of the job."""
    split: Any = dag_of(runner).get_task("annotate")
    task = split.unmap({"part": 1})
    run = SimpleNamespace(partition_key="2026-11-03", run_after=None)
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
