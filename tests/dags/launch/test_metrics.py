"""What a report says in numbers, and that Airflow's StatsD client sends it with its tags."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from dags.launch.metrics import TaskRun, samples, send
from schemas.reports import JobReport

DUE = datetime.datetime(2026, 11, 4, 1, 0, tzinfo=datetime.UTC)
RUN = TaskRun("scheduled", DUE)
OF_ALL = {"af3.queue_seconds", "af3.job_seconds", "af3.job_exit_code", "af3.pieces_waiting"}


def report(job: str, facts: dict[str, Any], **more: Any) -> JobReport:
    known: dict[str, Any] = {
        "run_id": "r",
        "corpus": "radio",
        "since": "2026-11-03",
        "until": "2026-11-03",
        "started_at": "2026-11-04T01:30:00.000+00:00",
        "seconds": 100.0,
        "exit_code": 0,
    }
    return JobReport(job=job, facts=facts, **(known | more))


def values(of: JobReport, run: TaskRun = RUN) -> dict[str, float]:
    return {sample.name: sample.value for sample in samples(of, run)}


def test_every_job_says_how_long_it_queued_and_ran_and_how_it_ended() -> None:
    waiting = {"StorageError": 2, "ServerUnavailable": 1}
    assert values(report("segment", {}, exit_code=3, waiting=waiting)) == {
        "af3.queue_seconds": 1800.0,
        "af3.job_seconds": 100.0,
        "af3.job_exit_code": 3,
        "af3.pieces_waiting": 3,
    }


def test_the_audit_says_what_became_of_the_audio_whether_it_passed_or_not() -> None:
    counts = {
        "duration_ms": 3_600_000,
        "annotated_ms": 2_700_000,
        "skipped_ms": 900_000,
        "failed_ms": 360_000,
        "answers": 200,
        "flagged_answers": 30,
    }
    for exit_code in (0, 1):
        found = values(report("audit", counts, exit_code=exit_code))
        assert {name: v for name, v in found.items() if name not in OF_ALL} == {
            "af3.audio_in_seconds": 3600.0,
            "af3.audio_annotated_seconds": 2700.0,
            "af3.audio_skipped_seconds": 900.0,
            "af3.audio_failed_seconds": 360.0,
            "af3.flagged_share": 0.15,
        }


def test_a_share_of_nothing_is_no_value() -> None:
    nothing = {"duration_ms": 0, "answers": 0, "flagged_answers": 0}
    assert "af3.flagged_share" not in values(report("audit", nothing))
    assert set(values(report("annotate", {"answers_made": 0}))) == OF_ALL


def test_annotate_says_how_fast_the_model_was_and_how_busy_by_part() -> None:
    facts = {"asked_ms": 1_000_000, "model_ms": 50_000, "answers_made": 7}
    found = list(samples(report("annotate", facts), TaskRun("backfill", DUE, part=2)))
    assert {s.name: s.value for s in found} | dict.fromkeys(OF_ALL) == {
        "af3.real_time_factor": 20.0,
        "af3.gpu_busy_share": 0.5,
        **dict.fromkeys(OF_ALL),
    }
    (speed,) = (s for s in found if s.name == "af3.real_time_factor")
    assert speed.tags == {"corpus": "radio", "run_type": "backfill", "part": "2"}


@pytest.mark.parametrize(
    ("of", "is_complete"),
    [
        (report("report", {"recordings_waiting": 0, "recordings": 5}), True),
        (report("report", {"recordings_waiting": 1}), False),
        (report("report", {"recordings_waiting": 0, "listing": {"growing": 1}}), False),
        (report("report", {"recordings_waiting": 0}, exit_code=1), False),
        (report("report", {"recordings_waiting": 0}, since="2026-11-01"), False),
        (report("report", {}), False),  # of an earlier release
        (report("plan", {"recordings": 0, "nothing_to_do": "empty"}), True),
        (report("plan", {"recordings": 3, "nothing_to_do": "finished"}), True),
        (report("plan", {"recordings": 3, "nothing_to_do": ""}), False),
        # an archive that is away: its run ends, and somebody is to decide
        (report("plan", {"recordings": 0, "failures": 0, "nothing_to_do": ""}), False),
        (report("plan", {"nothing_to_do": "finished", "source_unavailable": 1}), False),
        (report("publish", {"recordings_waiting": 0}), False),
    ],
)
def test_a_day_is_complete_once_it_is_published_whole_or_is_empty(
    of: JobReport, is_complete: bool
) -> None:
    found = values(of).get("af3.complete_day_seconds")
    assert found == (1_793_664_000.0 if is_complete else None)


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Where StatsD's datagrams of this process arrive."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        settings = {
            "STATSD_ON": "True",
            "STATSD_HOST": "127.0.0.1",
            "STATSD_PORT": str(listening.getsockname()[1]),
            "STATSD_INFLUXDB_ENABLED": "True",
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__{name}", value)
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)
        yield listening
    monkeypatch.undo()
    stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)


def test_airflow_sends_them_with_their_tags(received: socket.socket) -> None:
    send(report("plan", {}), RUN)
    datagrams = {received.recv(1000).decode() for _ in OF_ALL}
    tags = "corpus=radio,run_type=scheduled,task=plan"
    assert datagrams == {
        f"airflow.af3.queue_seconds,{tags}:1800.0|g",
        f"airflow.af3.job_seconds,{tags}:100.0|g",
        f"airflow.af3.job_exit_code,{tags}:0|g",
        f"airflow.af3.pieces_waiting,{tags}:0|g",
    }


def test_what_cannot_be_sent_fails_no_task(caplog: pytest.LogCaptureFixture) -> None:
    send(report("plan", {}, started_at="yesterday"), RUN)
    assert "metrics of plan could not be sent" in caplog.text
    caplog.clear()
    send(report("plan", {}, corpus="", started_at=""), RUN)  # it ended before it knew its options
    assert caplog.text == ""
