"""Alerts: what they say, and that a channel which fails stops nothing."""

from __future__ import annotations

import html
from types import SimpleNamespace

import pytest

from dags.corpus.corpus import Alerts
from dags.launch.errors import JobLost, JobRefused
from dags.night import notices
from dags.night.notices import FailureNotice, WaitingNotice, failure_text, send
from tests.dags.mail_server import receiving_mail
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
    ti.dag_id = "annotate__radio"
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


def test_texts_reach_webhook_and_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "af3: radio, 2026-11-03: task plan failed\nValueError: 1 < 2 & <b>\nlog: http://ui/log"
    with listening() as webhook, receiving_mail() as mail:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", mail.connection)
        assert send(webhook.url, ("ops@example.org", "two@example.org"), text)
        assert webhook.texts == [text]
        (message,) = mail.messages
        assert message["Subject"] == "af3: radio, 2026-11-03: task plan failed"
        assert message["From"] == "af3@example.org"
        assert message["To"] == "ops@example.org, two@example.org"
        content = message.get_body(("html",))
        assert content is not None
        assert html.unescape(content.get_content()).strip() == f"<pre>{text}</pre>"
        # one of two channels is enough
        assert send("http://127.0.0.1:9/", ("ops@example.org",), text)
        assert not send("http://127.0.0.1:9/", (), text)
    assert send(None, (), text)


def test_a_failed_night_is_kept_for_its_recovery_where_that_is_possible(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[tuple[str, str]] = []
    monkeypatch.setattr(notices, "note_failed_day", lambda name, day: kept.append((name, day)))

    def failed(dag_id: str, error: object = JobLost("gone"), **params: str) -> None:
        ti = SimpleNamespace(task_id="plan", run_id="r", map_index=-1, dag_id=dag_id)
        FailureNotice("radio", Alerts())({"ti": ti, "params": params, "exception": error})

    failed("annotate__radio", day="2026-11-03")
    failed("index__radio", day="2026-11-04")
    failed("annotate__radio")
    failed("annotate__radio", None, day="2026-11-05")  # killed: the DAG processor speaks
    assert kept == [("tables__radio", "2026-11-03")]


def test_a_dead_webhook_and_a_missing_mail_server_stop_nothing_and_no_address_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="dags.night.notices")
    assert not send("http://127.0.0.1:9/secret", ("ops@example.org",), "text")
    assert "the webhook of the alerts cannot be reached: ConnectError" in caplog.text
    assert "the mail of the alerts cannot be sent" in caplog.text
    assert "secret" not in caplog.text
