"""Who is told, and what: a failed task, and a night that is late."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

import httpx

from dags.corpus.arguments import part_name
from dags.corpus.corpus import Alerts
from dags.corpus.reading import corpora_folder, read_named
from schemas.layout import Part

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class FailureNotice:
    """Airflow's callback for a task that has failed for good: says what, why, and where to look."""

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

    def _task(self, ti: Any) -> str:
        part: Part = (ti.map_index, self.parts)
        return ti.task_id if ti.map_index < 0 else f"{ti.task_id} ({part_name(part)})"


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
    why = f"{type(error).__name__}: {error}" if error else "its process was killed"
    return "\n".join(
        [
            f"af3: {corpus}, {day}: task {task} failed",
            why,
            f"log: {log_url}",
            "next: mend the cause, then clear the task; what is done is not done again",
        ]
    )


def late_text(corpus: str, run: str, late_after_h: float) -> str:
    """The notice of a run that is not done in time. Pure."""
    return "\n".join(
        [
            f"af3: {corpus}: run {run} is not done after {late_after_h:g} h",
            "next: look at its running task; the log shows audio done, rate and time left",
        ]
    )


async def late_night(corpus: str, late_after_h: float, context: Any = None) -> None:
    """Airflow's callback for a missed deadline; runs in the triggerer.

    Addresses are read from the corpus file: what is passed here, Airflow keeps in its database.
    """
    run = ((context or {}).get("dag_run") or {}).get("dag_run_id", "")
    alerts = read_named(corpus, corpora_folder()).alerts
    text = late_text(corpus, run, late_after_h)
    await asyncio.to_thread(send, alerts.webhook, alerts.email, text)


def send(
    webhook: str | None, email: tuple[str, ...], text: str, level: int = logging.ERROR
) -> None:
    """Log the text, post it to the webhook, mail it; a channel that fails stops no other.

    The webhook gets JSON with the key `text`, the form of Slack, Mattermost and Google Chat; mail
    goes through Airflow's connection `smtp_default`.
    """
    log.log(level, "%s", text)
    if webhook:
        _post(webhook, text)
    if email:
        _mail(email, text)


def _post(webhook: str, text: str) -> None:
    """The address is a secret: it is in no log line, httpx's own included."""
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        answer = httpx.post(webhook, json={"text": text}, timeout=TIMEOUT_S)
        if answer.is_error:
            log.error("the webhook of the alerts answers %d", answer.status_code)
    except httpx.HTTPError as error:
        log.error("the webhook of the alerts cannot be reached: %s", type(error).__name__)


def _mail(to: tuple[str, ...], text: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    subject = text.splitlines()[0]
    try:
        with SmtpHook() as hook:
            hook.send_email_smtp(to=list(to), subject=subject, html_content=f"<pre>{text}</pre>")
    except Exception as error:
        # whatever the mail server does, the notice stands in the log
        log.error("the mail of the alerts cannot be sent: %s", error)
