"""Who is told, and how; and what is said of a failed task, and of one that left work waiting.

What is said of late days is the watch's (`dags.night.watch_notices`).
"""

from __future__ import annotations

import html
import logging
from dataclasses import dataclass
from typing import Any

import httpx

from dags.corpus.arguments import part_name
from dags.corpus.corpus import Alerts, is_day
from dags.night.watch_memory import note_failed_day
from schemas.layout import Part

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class FailureNotice:
    """Airflow's callback for a task that has failed for good: says what, why, and where to look.

    The watch says when a night that failed is published.
    """

    corpus: str
    alerts: Alerts
    parts: int = 1

    def __call__(self, context: Any) -> None:
        ti = context["ti"]
        key = getattr(context.get("dag_run"), "partition_key", None)
        day = key or context.get("params", {}).get("day") or ti.run_id
        text = failure_text(
            self.corpus, self._task(ti), day, context.get("exception"), getattr(ti, "log_url", "")
        )
        send(self.alerts.webhook, self.alerts.email, text)
        is_night = ti.dag_id == f"annotate__{self.corpus}" and is_day(day)
        if is_night and speaks_for_itself(context):
            note_failed_day(f"tables__{self.corpus}", day)

    def _task(self, ti: Any) -> str:
        part: Part = (ti.map_index, self.parts)
        return ti.task_id if ti.map_index < 0 else f"{ti.task_id} ({part_name(part)})"


def speaks_for_itself(context: Any) -> bool:
    """Whether the callback runs in its task's own process, which knows the error.

    Of a process that was killed the DAG processor speaks, and that has no state store: Airflow
    3.3.2 leaves what it asks for one without an answer, for ever.
    """
    return isinstance(context.get("exception"), BaseException)


@dataclass(frozen=True)
class WaitingNotice:
    """Airflow's callback for a task that is done but for pieces that wait: the night goes on."""

    corpus: str
    alerts: Alerts

    def __call__(self, context: Any) -> None:
        ti = context["ti"]
        report = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index)
        if isinstance(report, dict) and report.get("waiting"):
            text = waiting_text(self.corpus, ti.task_id, report, getattr(ti, "log_url", ""))
            send(self.alerts.webhook, self.alerts.email, text)


def waiting_text(corpus: str, task: str, report: dict[str, Any], log_url: str) -> str:
    """The notice of pieces that wait, a fact a line. Pure."""
    return "\n".join(
        [
            f"af3: {corpus}, {report['since']}: task {task} left work waiting",
            str(report["message"]),
            f"log: {log_url}",
            "next: mend the cause; the next run of this day does what waits, or clear the task",
        ]
    )


def failure_text(
    corpus: str, task: str, day: str, error: BaseException | None, log_url: str
) -> str:
    """The notice of a failed task, a fact a line. Pure."""
    return "\n".join(
        [
            f"af3: {corpus}, {day}: task {task} failed",
            failure_reason(error),
            f"log: {log_url}",
            "next: mend the cause, then clear the task; what is done is not done again",
        ]
    )


def failure_reason(error: BaseException | None) -> str:
    """Why a task failed, by its type and message."""
    return f"{type(error).__name__}: {error}" if error else "its process was killed"


def send(
    webhook: str | None, email: tuple[str, ...], text: str, level: int = logging.ERROR
) -> bool:
    """Log the text, post it to the webhook, mail it; a channel that fails stops no other.

    The webhook gets JSON with the key `text`, the form of Slack, Mattermost and Google Chat; mail
    goes through Airflow's connection `smtp_default`.

    Returns:
        False where there are channels and none took it: it may be said again later.
    """
    log.log(level, "%s", text)
    taken = []
    if webhook:
        taken.append(_post(webhook, text))
    if email:
        taken.append(_mail(email, text))
    return any(taken) or not taken


def _post(webhook: str, text: str) -> bool:
    """The address is a secret: it is in no log line, httpx's own included."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        answer = httpx.post(webhook, json={"text": text}, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.error("the webhook of the alerts cannot be reached: %s", type(error).__name__)
        return False
    if answer.is_error:
        log.error("the webhook of the alerts answers %d", answer.status_code)
    return not answer.is_error


def _mail(to: tuple[str, ...], text: str) -> bool:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    subject = text.splitlines()[0]
    content = f"<pre>{html.escape(text)}</pre>"
    try:
        with SmtpHook() as hook:
            hook.send_email_smtp(to=list(to), subject=subject, html_content=content)
    except Exception as error:
        # whatever the mail server does, the notice stands in the log
        log.error("the mail of the alerts cannot be sent: %s", error)
        return False
    return True
