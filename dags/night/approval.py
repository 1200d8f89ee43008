"""The decision that a night over budget waits for."""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.configuration import conf

from dags.corpus.corpus import Alerts
from dags.night.notices import send


class BudgetApproval(ApprovalOperator):
    """Goes through within the budget; else tells who is to decide, and waits in Airflow's UI."""

    def __init__(self, *, corpus: str, alerts: Alerts, **kwargs: Any) -> None:
        # a "Reject" is an answer: asking again would not take it for one
        kwargs |= {"retries": 0}
        super().__init__(subject="A night over its budget", fail_on_reject=True, **kwargs)
        self.corpus = corpus
        self.alerts = alerts

    def execute(self, context: Any) -> Any:
        report = context["ti"].xcom_pull(task_ids="plan")
        plan = report["facts"]
        if not plan["over_budget"]:
            self.log.info("within the budget: %.2f GPU hours", plan["gpu_hours"])
            return None
        self.body = approval_text(plan)
        where = f"{conf.get('api', 'base_url', fallback='')}/required_actions"
        text = f"af3: {self.corpus}, {report['since']}: {self.body}\ndecide: {where}"
        send(self.alerts.webhook, self.alerts.email, text, level=logging.INFO)
        return super().execute(context)


def approval_text(plan: dict[str, Any]) -> str:
    """What is to be decided, in Markdown. Pure."""
    hours = (plan["to_cut_ms"] + plan["to_ask_ms"]) / 3_600_000
    return (
        f"**{plan['gpu_hours']:.3g} GPU hours** (cost: {plan['cost']:.2f}) are estimated for"
        f" {hours:.3g} h of audio in {plan['recordings']} recordings, where"
        f" {plan['max_gpu_hours']:g} are allowed. *Approve* annotates all of it; *Reject* ends the"
        " run and publishes nothing."
    )
