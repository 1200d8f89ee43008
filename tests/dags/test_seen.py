"""A real run as it is seen from outside: OpenLineage events, and metrics in a real Prometheus.

The run is `dag.test()`'s: the whole DAG in one process, without scheduler or server.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from af3core.model.weights.checkpoint import find_checkpoint
from dags.launch.metrics import METRICS
from tests.dags.site import Site, day, partitions, row_count
from tests.monitoring import FOLDER, Monitoring, monitoring, until

pytestmark = [pytest.mark.airflow, pytest.mark.monitoring]

RUN = """
import os, sys
from airflow.configuration import conf
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from dags.corpus.reading import corpora_folder, read_corpus
from dags.night.factory import annotate_dag
# as the process of a task begins (airflow.sdk.execution_time.task_runner.main)
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
corpus = read_corpus(corpora_folder() / "seen.yaml", os.environ)
run = annotate_dag(corpus).test(run_conf={"day": sys.argv[1]})
print("ended:", run.state, [ti.task_id for ti in run.get_task_instances() if ti.state == "success"])
"""
MIDNIGHT = 1_793_664_000
"""2026-11-03 in UTC."""


@dataclass(frozen=True)
class SeenRun:
    """What a run left outside of Airflow."""

    monitoring: Monitoring
    printed: str
    events: list[dict[str, Any]]

    def completed(self, task: str) -> dict[str, Any]:
        """The event of a task that ended well."""
        name = f"annotate__seen.{task}"
        (event,) = (
            e for e in self.events if e["job"]["name"] == name and e["eventType"] == "COMPLETE"
        )
        return event


@pytest.fixture(scope="module")
def seen(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeenRun]:
    folder = tmp_path_factory.mktemp("seen")
    events = folder / "events"
    transport = {"type": "file", "log_file_path": str(events), "append": True}
    with monitoring(folder) as receiving:
        environment = {
            **site.airflow.environment,
            **receiving.airflow_settings,
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
        }
        command = [sys.executable, "-c", RUN, day(3)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert "ended: success" in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
        lines = events.read_text().splitlines()
        yield SeenRun(receiving, done.stdout, [json.loads(line) for line in lines])


def test_the_whole_dag_runs_in_one_process_into_tables(seen: SeenRun, site: Site) -> None:
    assert "'report'" in seen.printed.partition("ended: success")[2]
    out = site.out("seen")
    assert partitions(out) == [day(3)]
    assert (row_count(out, "recordings"), row_count(out, "transcripts")) == (1, 1)


def test_lineage_names_what_was_read_and_written(seen: SeenRun, site: Site) -> None:
    published = seen.completed("publish")
    (archive,) = published["inputs"]
    assert (archive["namespace"], archive["name"]) == ("file", str(site.archive("seen")))
    assert archive["inputFacets"]["inputStatistics"]["fileCount"] == 1
    tables = {Path(each["name"]).parent.name: each for each in published["outputs"]}
    rows = {name: t["outputFacets"]["outputStatistics"]["rowCount"] for name, t in tables.items()}
    assert rows == {
        "answers": 0,
        "captions": 1,
        "failures": 0,
        "recordings": 1,
        "runs": 1,
        "segments": 1,
        "transcripts": 1,
    }
    assert tables["captions"]["name"] == f"{site.out('seen')}/tables/captions/corpus=seen"
    assert tables["captions"]["outputFacets"]["outputStatistics"]["fileCount"] == 1
    fields = {f["name"]: f for f in tables["captions"]["facets"]["schema"]["fields"]}
    assert fields["start_ms"]["type"] == "int64"
    assert fields["start_ms"]["description"] == "start, from the start of the recording"
    assert [f["name"] for f in seen.completed("plan")["inputs"]] == [str(site.archive("seen"))]


def test_lineage_says_by_which_model_and_run(seen: SeenRun, site: Site) -> None:
    facet = seen.completed("publish")["run"]["facets"]["af3_job"]
    checkpoint = find_checkpoint(str(site.checkpoint))
    assert (facet["model"], facet["weightsRevision"]) == (checkpoint.name, checkpoint.revision)
    assert (facet["job"], facet["corpus"], facet["since"], facet["until"]) == (
        "publish",
        "seen",
        day(3),
        day(3),
    )
    assert (facet["exitCode"], facet["piecesWaiting"]) == (0, 0)
    assert 0 <= facet["flaggedShare"] <= 1
    assert facet["runId"].startswith("manual__")


def test_each_panel_of_the_dashboard_has_data(seen: SeenRun) -> None:
    prometheus = seen.monitoring
    until(lambda: bool(prometheus.ask("af3:last_complete_day_seconds")))
    dashboard = json.loads((FOLDER / "dashboard.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            found = prometheus.ask(target["expr"].replace("$corpus", ".*"))
            assert found, f"{panel['title']}: {target['expr']}"
            assert {series["metric"]["corpus"] for series in found} == {"seen"}


def test_prometheus_has_each_metric_with_its_value(seen: SeenRun) -> None:
    prometheus = seen.monitoring
    until(lambda: bool(prometheus.ask('af3_job_seconds{task="report"}')))
    for metric in METRICS:
        series = prometheus.ask(metric.prometheus_name)
        assert {s["metric"]["run_type"] for s in series} == {"manual"}, metric.name
    assert prometheus.value("af3_complete_day_seconds") == MIDNIGHT
    heard = prometheus.value("af3_audio_in_seconds")
    assert 1 < heard < 30
    annotated, skipped = "af3_audio_annotated_seconds", "af3_audio_skipped_seconds"
    assert prometheus.value(f"{annotated} + {skipped}") == pytest.approx(heard)
    assert prometheus.value("af3_audio_failed_seconds") == 0
    assert prometheus.value("af3_real_time_factor") > 0
    assert 0 < prometheus.value("af3_gpu_busy_share") < 1
    codes = {s["metric"]["task"]: s["value"][1] for s in prometheus.ask("af3_job_exit_code")}
    jobs = ("plan", "segment", "annotate", "audit", "publish", "report")
    assert codes == dict.fromkeys(jobs, "0")


def test_a_corpus_that_never_runs_by_itself_is_never_behind(seen: SeenRun) -> None:
    """The day of the test lies long back, but its run was started by hand."""
    until(lambda: bool(seen.monitoring.ask("af3:last_complete_day_seconds")))
    behind = "(time() - af3:last_complete_day_seconds) / 86400"
    assert seen.monitoring.value(behind) > 3
    assert seen.monitoring.alerts().keys() & {"Af3CorpusBehind", "Af3AudioFailed"} == set()
