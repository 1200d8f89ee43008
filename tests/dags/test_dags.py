"""The DAG files as Airflow reads them: which DAGs, in which order, and how lightly."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ORDER = ["plan", "approve", "segment", "annotate", "audit", "publish", "report"]
READ = """
import json, socket, sys

def no_network(*_):
    raise AssertionError("a DAG file asked for the network")

from airflow.dag_processing.dagbag import DagBag
socket.socket.connect = no_network
bag = DagBag(sys.argv[1])
json.dump({
    "errors": bag.import_errors,
    "dags": {name: [task.task_id for task in dag.topological_sort()]
             for name, dag in bag.dags.items()},
    "edges": {name: sorted([task.task_id, after] for task in dag.tasks
                           for after in task.downstream_task_ids)
              for name, dag in bag.dags.items()},
    "outlets": {name: [task.task_id for task in dag.tasks if task.outlets]
                for name, dag in bag.dags.items()},
    "pools": {task.task_id: task.pool for task in bag.dags["annotate__demo_radio"].tasks},
    "docs": bag.dags["annotate__demo_radio"].doc_md,
    "heavy": [name for name in ("torch", "transformers", "apache_beam", "librosa")
              if name in sys.modules],
}, sys.stdout)
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh process without network reads from `dags/`."""
    home = tmp_path_factory.mktemp("airflow")
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AF3_HOME": "/media/demo"}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(ROOT / "dags")],
        env=environment | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index('{"errors"') :])
    return found


def test_every_file_is_read_without_error(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert sorted(read["dags"]) == [
        "annotate__demo_radio",
        "annotate__demo_tapes",
        "annotate_adhoc",
        "export__demo_radio",
        "export__demo_tapes",
        "index__demo_radio",
        "index__demo_tapes",
        "quality__demo_radio",
        "quality__demo_tapes",
        "watch__demo_radio",
        "watch__demo_tapes",
        "withdraw",
    ]


@pytest.mark.parametrize("dag", ["annotate__demo_radio", "annotate_adhoc"])
def test_the_tasks_are_one_chain(read: dict[str, Any], dag: str) -> None:
    assert read["dags"][dag] == ORDER
    assert read["edges"][dag] == sorted([list(pair) for pair in itertools.pairwise(ORDER)])


def test_publish_alone_emits_the_tables(read: dict[str, Any]) -> None:
    emitting = {dag: tasks for dag, tasks in read["outlets"].items() if tasks}
    assert emitting == {"annotate__demo_radio": ["publish"], "annotate__demo_tapes": ["publish"]}


def test_annotate_alone_takes_a_gpu(read: dict[str, Any]) -> None:
    assert [task for task, pool in read["pools"].items() if pool == "gpu"] == ["annotate"]


def test_reading_needs_no_model_no_beam_and_no_network(read: dict[str, Any]) -> None:
    assert read["heavy"] == []


def test_the_page_of_a_dag_shows_its_settings_and_the_dialogs_trap(read: dict[str, Any]) -> None:
    assert "| `limits.max_gpu_hours` | `2.0` |" in read["docs"]
    assert "| `only` | `caption, transcript, speaker` |" in read["docs"]
    assert "| `source` | `/media/demo/archive/radio` |" in read["docs"]
    assert '"Override parameters on existing runs" is ticked' in read["docs"]
