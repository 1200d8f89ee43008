"""Alerts: what they say, and that a channel which fails stops nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest

from dags.corpus.corpus import Alerts
from dags.launch.errors import JobLost, JobRefused
from dags.night.notices import (
    FailureNotice,
    WaitingNotice,
    failure_text,
    late_night,
    late_text,
    send,
)
from tests.dags.webhook import listening


def test_a_failure_says_what_why_where_and_what_next() -> None:
    text = failure_text("radio", "audit", "2026-11-03", JobRefused("too many"), "http://ui/log")
    assert text.splitlines() == [
        "af3: radio, 2026-11-03: task audit failed",
        "JobRefused: too many",
        "log: http://ui/log",
        "next: mend the cause, then clear the task; what is done is not done again",
    ]


def test_a_failure_of_a_part_says_which(caplog: pytest.LogCaptureFixture) -> None:
    ti = SimpleNamespace(task_id="annotate", run_id="r", map_index=1, log_url="http://ui/log")
    FailureNotice("radio", Alerts(), parts=4)({"ti": ti, "exception": JobLost("gone")})
    assert "af3: radio, r: task annotate (part 2 of 4) failed\nJobLost: gone" in caplog.text


def test_a_task_that_left_work_waiting_says_so(caplog: pytest.LogCaptureFixture) -> None:
    report = {"since": "2026-11-03", "waiting": {"StorageError": 2}, "message": "2 pieces wait"}

    def notice(result: object) -> list[str]:
        ti = SimpleNamespace(task_id="segment", map_index=-1, log_url="http://ui/log")
        ti.xcom_pull = lambda task_ids, map_indexes: result
        caplog.clear()
        WaitingNotice("radio", Alerts())({"ti": ti})
        return [line for record in caplog.records for line in record.getMessage().splitlines()]

    assert notice(report) == [
        "af3: radio, 2026-11-03: task segment left work waiting",
        "2 pieces wait",
        "log: http://ui/log",
        "next: mend the cause; the next run of this day does what waits, or clear the task",
    ]
    assert notice(report | {"waiting": {}}) == []
    assert notice(None) == []


def test_a_killed_process_has_no_exception() -> None:
    text = failure_text("radio", "plan", "2026-11-03", None, "")
    assert text.splitlines()[1] == "its process was killed"


def test_a_late_night_names_its_run() -> None:
    assert late_text("radio", "scheduled__1", 6.0).splitlines()[0] == (
        "af3: radio: run scheduled__1 is not done after 6 h"
    )


def test_texts_reach_the_webhook_of_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AF3_CORPORA", str(tmp_path))
    with listening() as webhook:
        corpus = f"source: /a\nout: /b\nalerts: {{webhook: {webhook.url}}}\n"
        (tmp_path / "radio.yaml").write_text(corpus)
        send(webhook.url, (), "one")
        asyncio.run(late_night("radio", 6.0, context={"dag_run": {"dag_run_id": "r"}}))
        assert webhook.texts == ["one", late_text("radio", "r", 6.0)]


def test_a_dead_webhook_and_a_missing_mail_server_stop_nothing_and_no_address_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="dags.night.notices")
    send("http://127.0.0.1:9/secret", ("ops@example.org",), "text")
    assert "the webhook of the alerts cannot be reached: ConnectError" in caplog.text
    assert "the mail of the alerts cannot be sent" in caplog.text
    assert "secret" not in caplog.text
