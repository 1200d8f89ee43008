"""`make airflow` as a person runs it: it says how to get in, and one Ctrl-C ends all of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
import pytest

from infra.demo_days import DAYS
from tests.dags.site import free_port

DEADLINE_S = 240.0


def belonging_to(home: str) -> list[str]:
    """Living processes that name the home in their command or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get("AIRFLOW_HOME") == home
            if (marked or home in " ".join(process.cmdline())) and process.status() != "zombie":
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def listening_addresses(processes: list[psutil.Process]) -> set[str]:
    """Addresses of this machine at which processes can be reached."""
    found = set()
    for process in processes:
        try:
            sockets = process.net_connections(kind="inet")
        except psutil.NoSuchProcess:
            continue
        found |= {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}
    return found


@pytest.mark.airflow
def test_it_starts_says_how_to_get_in_and_stops_with_one_interrupt() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="af3-") as home:
        environment = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW_PORT": str(port)}
        process = _make_airflow(environment)
        said = _until_ready(process)
        airflow = psutil.Process(process.pid).children(recursive=True)
        assert f"Airflow is ready: http://127.0.0.1:{port}" in said
        users = dict(line.split() for line in said if line.split()[:1] in _USERS)
        assert list(users) == ["admin", "operator", "viewer"]
        login = {"username": "operator", "password": users["operator"]}
        token = httpx.post(f"http://127.0.0.1:{port}/auth/token", json=login, timeout=30)
        assert token.status_code == 201
        assert listening_addresses(airflow) == {"127.0.0.1"}
        days = sorted(path.name for path in Path(home, "data/archive/radio").iterdir())
        assert len(days) == DAYS

        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert belonging_to(home) == []
        assert [p for p in airflow if p.is_running() and p.status() != "zombie"] == []


@pytest.mark.airflow
def test_a_start_can_be_interrupted_and_the_scheduler_waits_for_the_api_server() -> None:
    with tempfile.TemporaryDirectory(prefix="af3-") as home:
        environment = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW_PORT": str(free_port())}
        process = _make_airflow(environment)
        begun = time.monotonic()
        while not Path(home, "triggerer.log").exists():  # the last one before the scheduler
            assert time.monotonic() - begun < DEADLINE_S
            time.sleep(0.1)
        components = {path.stem for path in Path(home).glob("*.log")}
        assert components == {"api-server", "dag-processor", "triggerer"}
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, "")
        assert belonging_to(home) == []


def _make_airflow(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "infra.local_airflow"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


_USERS = (["admin"], ["operator"], ["viewer"])


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    begun, lines = time.monotonic(), []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("Ctrl-C"):
            return lines
        assert time.monotonic() - begun < DEADLINE_S, lines
    raise AssertionError(f"it ended: {lines}")


def test_a_port_that_is_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path), "AIRFLOW_PORT": str(port)}
        done = subprocess.run(
            [sys.executable, "-m", "infra.local_airflow"],
            env=environment,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"make airflow: port {port} is in use; choose another: AIRFLOW_PORT=8081 make airflow\n"
    )
