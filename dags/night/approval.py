"""The decision that a night waits for: it is over its budget, or its archive lacks too much."""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.configuration import conf

from dags.corpus.corpus import Alerts
from dags.night.notices import send
from schemas.night_budget import over_budget

OVER_BUDGET, MISSING = "A night over its budget", "A night whose archive lacks recordings"
"""What a decision is about."""

DECIDED_LATER = ("--accept-missing",)
"""Options of `plan` in front of the decision: it goes on and says what is missing. A run that is
rejected publishes nothing, and the next plan finds the same missing."""


class NightApproval(ApprovalOperator):
    """Goes through where nothing is to be decided; else tells who is to decide, and waits in
    Airflow's UI.
    """

    def __init__(self, *, corpus: str, alerts: Alerts, **kwargs: Any) -> None:
        # a "Reject" is an answer: asking again would not take it for one
        kwargs |= {"retries": 0}
        super().__init__(subject=OVER_BUDGET, fail_on_reject=True, **kwargs)
        self.corpus = corpus
        self.alerts = alerts

    def execute(self, context: Any) -> Any:
        report = context["ti"].xcom_pull(task_ids="plan")
        plan = report["facts"]
        text = approval_text(plan)
        if not text:
            self.log.info("nothing to decide: %.2f GPU hours", plan["gpu_hours"])
            return None
        self.body = text
        self.subject = OVER_BUDGET if plan["over_budget"] else MISSING
        where = f"{conf.get('api', 'base_url', fallback='')}/required_actions"
        notice = f"af3: {self.corpus}, {report['since']}: {text}\ndecide: {where}"
        send(self.alerts.webhook, self.alerts.email, notice, level=logging.INFO)
        return super().execute(context)


def approval_text(plan: dict[str, Any]) -> str:
    """What is to be decided, in Markdown; empty where nothing is. Pure."""
    parts = []
    if excess := over_budget(plan, "**"):
        parts.append(
            f"{excess}. *Approve* annotates all of it; *Reject* ends the run and publishes nothing."
        )
    if plan.get("missing_beyond_limits"):
        parts.append(_missing(plan))
    return "\n\n".join(parts)


def _missing(plan: dict[str, Any]) -> str:
    return (
        f"**{plan['missing']} recordings are missing**:"
        f" {'; '.join(plan['missing_beyond_limits'])}. *Approve* takes them out of the tables;"
        " *Reject* ends the run, and what is published stays: see that the archive is whole, and"
        " run the day again."
    )
