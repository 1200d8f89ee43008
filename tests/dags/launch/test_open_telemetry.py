"""A report's values by OpenTelemetry: Airflow's client, and a receiver of its protocol (OTLP)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from tests.dags.site import free_port

TASK = """
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils
from dags.launch.metrics import TaskRun, send
from schemas.reports import JobReport
# as the process of a task begins (airflow.sdk.execution_time.task_runner.main)
stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
facts = {"asked_ms": 1_000_000, "model_ms": 50_000, "answers_made": 7}
at = "2026-11-04T01:30:00.000+00:00"
report = JobReport("annotate", "r", "radio", "", "", at, 100.0, 3, facts=facts, waiting={"Lost": 2})
send(report, TaskRun("backfill", part=1))
"""
Received = list[tuple[str, ExportMetricsServiceRequest]]


@contextmanager
def collector() -> Iterator[tuple[str, Received]]:
    """Receives by OTLP over HTTP while the body runs: its address, and what came with its path."""
    received: Received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, ExportMetricsServiceRequest.FromString(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.server_address[1]}", received
        finally:
            listening.shutdown()
            thread.join()


def end_a_task(address: str) -> subprocess.CompletedProcess[str]:
    """A process that sends a report's values as the last that it does."""
    settings = {
        "AIRFLOW__METRICS__OTEL_ON": "True",
        "OTEL_EXPORTER_OTLP_ENDPOINT": address,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }
    command = [sys.executable, "-c", TASK]
    return subprocess.run(command, env=os.environ | settings, capture_output=True, text=True)


def test_the_last_that_a_task_does_has_arrived_when_its_process_has_ended() -> None:
    with collector() as (address, received):
        done = end_a_task(address)
        assert done.returncode == 0, done.stderr
    assert {path for path, _ in received} == {"/v1/metrics"}
    found = {}
    for _, request in received:
        for metric in request.resource_metrics[0].scope_metrics[0].metrics:
            (point,) = metric.gauge.data_points
            tags = {a.key: a.value.string_value for a in point.attributes}
            found[metric.name] = (point.as_double or point.as_int, tags)
    tags = {"corpus": "radio", "run_type": "backfill", "part": "1"}
    of_task = tags | {"task": "annotate"}
    assert found == {
        "airflow.af3.real_time_factor": (20.0, tags),
        "airflow.af3.gpu_busy_share": (0.5, tags),
        "airflow.af3.job_seconds": (100.0, of_task),
        "airflow.af3.job_exit_code": (3, of_task),
        "airflow.af3.pieces_waiting": (2, of_task),
    }


def test_a_collector_that_is_away_fails_no_task() -> None:
    assert end_a_task(f"http://127.0.0.1:{free_port()}").returncode == 0
