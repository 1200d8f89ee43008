"""A real statsd_exporter and a real Prometheus, with the files of infra/monitoring."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.servers import needs

FOLDER = Path(__file__).parents[1] / "infra" / "monitoring"
DEADLINE_S = 60.0
_POLL_S = 0.2


def program(name: str, remedy: str) -> str:
    """The path of a program, in the environment or on the machine; skips a test that misses it."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is missing: {remedy}")
    return found


def promtool() -> str:
    return program("promtool", "apt-get install prometheus, or make monitoring-tools as root")


@dataclass(frozen=True)
class Monitoring:
    """Where metrics are sent to, and where they are asked for."""

    statsd_port: int
    exporter: str
    prometheus: str

    @property
    def airflow_settings(self) -> dict[str, str]:
        """What makes Airflow send its metrics here."""
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.statsd_port),
            "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        }

    def ask(self, question: str) -> list[dict[str, Any]]:
        """The series that PromQL gives now."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": question})
        assert answer.is_success, answer.text
        return list(answer.json()["data"]["result"])

    def value(self, question: str) -> float:
        """The value of the one series that PromQL gives."""
        (series,) = self.ask(question)
        return float(series["value"][1])

    def alerts(self) -> dict[str, dict[str, Any]]:
        """The alerts that fire, by name."""
        found = httpx.get(f"{self.prometheus}/api/v1/alerts").raise_for_status().json()
        firing = (each for each in found["data"]["alerts"] if each["state"] == "firing")
        return {each["labels"]["alertname"]: each for each in firing}


def until(condition: Callable[[], bool]) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < DEADLINE_S, "it did not come to pass"
        time.sleep(_POLL_S)


@contextmanager
def monitoring(folder: Path) -> Iterator[Monitoring]:
    """Both programs with the product's mapping and rules; only addresses and intervals differ."""
    needs("monitoring")
    exporter = program("statsd_exporter", "make monitoring-tools (needs Go)")
    prometheus = program("prometheus", "apt-get install prometheus, or make monitoring-tools")
    statsd_port = _free_port(socket.SOCK_DGRAM)
    ports = [_free_port(socket.SOCK_STREAM) for _ in range(2)]
    site = Monitoring(statsd_port, *(f"http://127.0.0.1:{port}" for port in ports))
    shutil.copy(FOLDER / "rules.yml", folder)
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{ports[0]}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    commands = [
        [
            exporter,
            f"--web.listen-address=127.0.0.1:{ports[0]}",
            f"--statsd.listen-udp=127.0.0.1:{statsd_port}",
            "--statsd.listen-tcp=",
            f"--statsd.mapping-config={FOLDER / 'statsd-mapping.yml'}",
        ],
        [
            prometheus,
            f"--web.listen-address=127.0.0.1:{ports[1]}",
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
        ],
    ]
    with (folder / "log").open("wb") as log:
        processes = [subprocess.Popen(c, stdout=log, stderr=subprocess.STDOUT) for c in commands]
        try:
            for address in (site.exporter, f"{site.prometheus}/-/ready"):
                until(lambda a=address: _answers(a, processes, folder / "log"))  # type: ignore[misc]
            yield site
        finally:
            for process in processes:
                process.kill()
                process.wait()


def _answers(address: str, processes: list[subprocess.Popen[bytes]], log: Path) -> bool:
    assert all(process.poll() is None for process in processes), log.read_text("utf-8")
    try:
        return httpx.get(address, timeout=5.0).is_success
    except httpx.HTTPError:
        return False


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])
