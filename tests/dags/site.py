"""A real Airflow with PostgreSQL, corpora of small archives, and its API."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pyarrow.parquet as pq
import yaml

from infra.local_airflow import LocalAirflow
from tests.dags.webhook import Webhook
from tests.media import programme, spoken, write
from tests.servers import needs

DEADLINE_S = 300.0
TASKS = """\
caption: {kind: caption, prompt: Describe the audio., max_new_tokens: 4}
transcript: {kind: transcript, prompt: Transcribe the speech., max_new_tokens: 4}
"""
WORDS = (
    "storm",
    "river",
    "garden",
    "london",
    "tomorrow",
    "loud",
    "music",
    "weather",
    "train",
    "sea",
)
FAST = {
    "CORE__PARALLELISM": "6",
    # a file that changes is read at once
    "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    # each published day of each corpus would be indexed, exported and measured
    "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
}
FAST_HEARTBEATS = {
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "25",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    # shorter, a scheduler that waited for a busy machine takes itself for dead: its tasks are reset
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
}
API_KEY = "sk-0123456789abcdefghijklmnop"
"""Of a served model; test_secrets looks for it in all that Airflow keeps."""
Run = dict[str, Any]


@dataclass
class Site:
    """Airflow below a folder, with the corpora that tests put there before it starts."""

    folder: Path
    checkpoint: Path
    webhook: Webhook
    host: str = "127.0.0.1"
    more_settings: Mapping[str, str] = field(default_factory=dict)
    airflow: LocalAirflow = field(init=False)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        needs("airflow")
        settings = {f"AIRFLOW__{name}": value for name, value in (FAST | FAST_HEARTBEATS).items()}
        settings |= {"AF3_CORPORA": str(self.folder / "corpora"), "OMP_NUM_THREADS": "1"}
        settings["AF3_API_KEY"] = API_KEY
        settings |= self.more_settings
        self.airflow = LocalAirflow(self.folder / "home", free_port(self.host), self.host, settings)
        (self.folder / "corpora").mkdir(parents=True)
        (self.folder / "tasks.yaml").write_text(TASKS)

    @property
    def gate_file(self) -> Path:
        """What a test writes, and names by AF3_EVALUATION, where nights ask for accepted models."""
        return self.folder / "evaluation.yaml"

    def add_corpus(self, name: str, **keys: Any) -> Path:
        """Write a corpus file; gives the folder for its recordings."""
        corpus = {
            "source": str(self.archive(name)),
            "out": str(self.out(name)),
            "tasks": str(self.folder / "tasks.yaml"),
            "date_from": "path",
            # the recordings were made just now, and are finished
            "settle_min": 0,
            "schedule": None,
            "model": {"name": str(self.checkpoint), "allow_unaccepted": True},
            "retries": {"count": 3, "delay_s": 1, "max_delay_s": 2},
            # an untrained model loops and is unsure
            "limits": {"max_flagged_share": 1.0, **keys.pop("limits", {})},
            **keys,
        }
        self.corpus_file(name).write_text(yaml.safe_dump(corpus))
        self.archive(name).mkdir(parents=True)
        return self.archive(name)

    def corpus_file(self, name: str) -> Path:
        return self.folder / "corpora" / f"{name}.yaml"

    def archive(self, corpus: str) -> Path:
        return self.folder / "archive" / corpus

    def out(self, corpus: str) -> Path:
        return self.folder / "out" / corpus

    def client(self, user: str = "admin") -> httpx.Client:
        """The REST API as a user; a login each time would be most of what Airflow does here."""
        if user not in self._clients:
            self._clients[user] = httpx.Client(
                base_url=f"{self.airflow.url}/api/v2",
                headers={"Authorization": f"Bearer {self.airflow.token(user)}"},
                timeout=60,
            )
        return self._clients[user]

    def unpause(self, *dags: str) -> None:
        """Let DAGs run; one that has a schedule begins with its last night."""

        def is_done(dag: str) -> bool:
            return self.client().patch(f"/dags/{dag}", json={"is_paused": False}).is_success

        for dag in dags:
            # Airflow may not have read it yet
            self.until(lambda dag=dag: is_done(dag))  # type: ignore[misc]

    def trigger(self, dag: str, **conf: Any) -> str:
        """Start a run by hand with the form's values; gives its id."""
        self.unpause(dag)
        body = {"logical_date": None, "conf": conf}
        return str(self._ok(self.client().post(f"/dags/{dag}/dagRuns", json=body))["dag_run_id"])

    def backfill(
        self,
        dag: str,
        days: tuple[str, str],
        behavior: str,
        backwards: bool,
        max_active_runs: int = 1,
        **conf: Any,
    ) -> int:
        """Start a backfill; gives its number. `conf` are parameters in the place of those that
        earlier runs had.
        """
        self.unpause(dag)
        body = {
            "dag_id": dag,
            "from_date": f"{days[0]}T00:00:00Z",
            "to_date": f"{days[1]}T00:00:00Z",
            "reprocess_behavior": behavior,
            "run_backwards": backwards,
            "max_active_runs": max_active_runs,
        }
        if conf:
            body |= {"dag_run_conf": conf}
        return int(self._ok(self.client().post("/backfills", json=body))["id"])

    def backfills_are_done(self, dag: str) -> bool:
        """True where Airflow takes a new backfill of the DAG."""
        found = self._ok(self.client().get("/backfills", params={"dag_id": dag}))["backfills"]
        return all(backfill["completed_at"] for backfill in found)

    def runs(self, dag: str) -> list[Run]:
        """All runs of a DAG; Airflow gives a hundred at once."""
        found: list[Run] = []
        while True:
            page = {"limit": 100, "offset": len(found)}
            answer = self._ok(self.client().get(f"/dags/{dag}/dagRuns", params=page))
            found += answer["dag_runs"]
            if not answer["dag_runs"] or len(found) >= answer["total_entries"]:
                return found

    def run(self, dag: str, run_id: str) -> Run:
        return self._ok(self.client().get(f"/dags/{dag}/dagRuns/{run_id}"))

    def finished(self, dag: str, run_ids: Iterable[str]) -> dict[str, str]:
        """Wait until runs have ended; gives their states."""
        wanted = list(run_ids)
        self.until(lambda: all(self.run(dag, r)["state"] in ("success", "failed") for r in wanted))
        for run_id in wanted:
            self._show_failures(dag, run_id)
        return {run_id: self.run(dag, run_id)["state"] for run_id in wanted}

    def _show_failures(self, dag: str, run_id: str) -> None:
        """Print the logs of failed tasks: pytest shows them where a test fails."""
        path = f"/dags/{dag}/dagRuns/{run_id}/taskInstances"
        for task in self._ok(self.client().get(path))["task_instances"]:
            if task["state"] == "failed":
                name, attempt, part = task["task_id"], task["try_number"], task["map_index"]
                print(f"--- {dag} {run_id} {name} {part}")
                print(self.log(dag, run_id, name, attempt, part))

    def task(self, dag: str, run_id: str, task: str) -> dict[str, Any]:
        return self._ok(self.client().get(f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}"))

    def parts(self, dag: str, run_id: str, task: str) -> list[dict[str, Any]]:
        """The tasks that a task is split into, in order."""
        path = f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/listMapped"
        found = self._ok(self.client().get(path))["task_instances"]
        return sorted(found, key=lambda part: int(part["map_index"]))

    def facts(self, dag: str, run_id: str, task: str) -> dict[str, Any]:
        """The facts of a task's report, as it lies in XCom."""
        path = f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/xcomEntries/return_value"
        return dict(self._ok(self.client().get(path))["value"]["facts"])

    def log(self, dag: str, run_id: str, task: str, attempt: int = 1, part: int = -1) -> str:
        """A task's log, a line an event."""
        path = f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/logs/{attempt}"
        content = self._ok(self.client().get(path, params={"map_index": part}))["content"]
        lines = []
        for entry in content:
            lines.append(str(entry.get("event", "")))
            for error in entry.get("error_detail") or []:
                lines.append(f"{error['exc_type']}: {error['exc_value']}")
        return "\n".join(lines)

    def until(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
        """Wait for it. The longer that takes, the more rarely it is looked at: a look is work for
        the API server, on the cores that the nights need.
        """
        begun = time.monotonic()
        while not condition():
            waited_s = time.monotonic() - begun
            assert waited_s < deadline_s, "it did not come to pass"
            time.sleep(min(2.0, max(0.25, 0.05 * waited_s)))

    def jobs(self, dag: str) -> list[psutil.Process]:
        """Living processes of a DAG's jobs."""
        found = []
        for process in psutil.process_iter():
            try:
                launch = process.environ().get("AF3_LAUNCH", "")
                if f"/{dag}/" in launch and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def _ok(self, response: httpx.Response) -> dict[str, Any]:
        assert response.is_success, response.text
        return dict(response.json())


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as listening:
        listening.bind((host, 0))
        return int(listening.getsockname()[1])


def day(number: int) -> str:
    return f"2026-11-{number:02d}"


def short_recording(folder: Path, number: int, name: str = "short.wav") -> None:
    """A few seconds for a day, another content each."""
    words = " ".join(WORDS[(number + k) % len(WORDS)] for k in range(6))
    write(folder / day(number) / name, spoken(f"the {words} number {WORDS[number % 10]}"))


def long_recording(folder: Path, number: int, seconds: float) -> Path:
    """Sentences with pauses for a day; never twice the same content."""
    return write(folder / day(number) / "long.flac", programme(seconds))


def partitions(out: Path, table: str = "transcripts") -> list[str]:
    """The published days."""
    return sorted(path.name.removeprefix("date=") for path in out.glob(f"tables/{table}/*/date=*"))


def table_bytes(out: Path) -> dict[str, bytes]:
    """Every published object, but the records of runs and what the index adds in its own time."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in out.glob("tables/*/*/*/*.parquet")
        if not {"runs", "text_embeddings"} & set(path.parts)
    }


def answered(out: Path) -> dict[str, int]:
    """Ledger objects of answers, with the time at which each was written."""
    found = {}
    for path in out.glob("ledger/annotate/*/*/*/*.json"):
        if not path.name.startswith("."):
            found[path.name] = path.stat().st_mtime_ns
    return found


def clips_in(out: Path) -> int:
    """Clips of all segmented recordings."""
    paths = out.glob("ledger/segment/*/*.json")
    return sum(len(json.loads(path.read_bytes())["clips"]) for path in paths)


def row_count(out: Path, table: str) -> int:
    paths = out.glob(f"tables/{table}/*/*/*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in paths)


def is_alive(pid: int) -> bool:
    try:
        return os.path.exists(f"/proc/{pid}") and psutil.Process(pid).status() != "zombie"
    except psutil.NoSuchProcess:
        return False
