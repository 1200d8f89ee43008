"""The decision that a night needs: it is over its budget, or its archive lacks too much.

A run that needs one ends. Who decides starts the day again, with the decision as parameters: a run
that waited would hold a place among those that Airflow looks at.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperator, Param
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowFailException

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Alerts
from dags.night.notices import FailureNotice, send
from schemas.night_budget import Decision, hours_to_approve, missing_beyond_limits, over_budget

DECIDED_LATER = ("--accept-missing",)
"""Options of `plan` in front of the decision: it goes on and says what is missing. A run that ends
there publishes nothing, and the next plan finds the same missing."""

HOURS_TITLE, MISSING_TITLE = "Approved GPU hours", "Accept missing recordings"


class NightNeedsApproval(AirflowFailException):
    """The night waits for a decision: trying again is pointless, a new run carries it."""


class UndecidedNotice(FailureNotice):
    """Says nothing of a night that waits: `approve` has said it, and it is no failure."""

    def __call__(self, context: Any) -> None:
        if not isinstance(context.get("exception"), NightNeedsApproval):
            super().__call__(context)


class NightApproval(BaseOperator):
    """Goes through where nothing is to be decided, or was decided; else tells who is to decide,
    once, and ends the run.

    An attempt that Airflow loses is tried again like that of any other task.
    """

    def __init__(self, *, corpus: str, alerts: Alerts, **kwargs: Any) -> None:
        kwargs |= {
            "on_failure_callback": UndecidedNotice(corpus, alerts),
            "on_success_callback": None,  # it leaves no work waiting
        }
        super().__init__(**kwargs)
        self.corpus = corpus
        self.alerts = alerts

    def execute(self, context: Any) -> dict[str, Any]:
        """Give back what was decided, and by whom.

        Raises:
            NightNeedsApproval: it is to be decided yet.
            ConfigurationError: `plan` has no report: somebody marked it, or its result is deleted.
        """
        report = context["ti"].xcom_pull(task_ids="plan")
        if report is None:
            raise ConfigurationError("plan of this run has left no report; clear plan")
        plan, decision = report["facts"], decision_of(context["params"])
        if text := approval_text(plan, decision):
            day = report["since"] if "day" in context["params"] else ""
            how = how_to_decide(plan, decision, day, _address(context["ti"].dag_id))
            notice = f"af3: {self.corpus}, {report['since']}: waits for a decision\n{text}\n{how}"
            send(self.alerts.webhook, self.alerts.email, notice, level=logging.INFO)
            raise NightNeedsApproval(f"{text}\n{how}")
        used = decided(plan, decision)
        if not used:
            self.log.info("nothing to decide: %.2f GPU hours", plan["gpu_hours"])
            return {}
        by = getattr(context["dag_run"], "triggering_user_name", None) or "nobody known"
        for each in used:
            self.log.info("approved by %s: %s", by, each)
        return {"approved": used, "approved_by": by}


def decision_form() -> dict[str, Param]:
    """The decision in the trigger form."""
    return {
        "approved_gpu_hours": Param(
            None,
            type=["null", "number"],
            minimum=0,
            title=HOURS_TITLE,
            description="Annotate up to so many GPU hours, over the budget too.",
        ),
        "accept_missing": Param(
            False,
            type="boolean",
            title=MISSING_TITLE,
            description="Take recordings that the archive lacks out of the tables, however many.",
        ),
    }


def decision_of(params: Any) -> Decision:
    """What the parameters of a run decide; a run of an earlier release has none. Pure."""
    hours = params.get("approved_gpu_hours")
    return Decision(None if hours is None else float(hours), bool(params.get("accept_missing")))


def approval_text(plan: dict[str, Any], decision: Decision) -> str:
    """What is to be decided, a line each; empty where nothing is. Pure."""
    open_ones = (over_budget(plan, decision), missing_beyond_limits(plan, decision))
    return "\n".join(text for text in open_ones if text)


def decided(plan: dict[str, Any], decision: Decision) -> list[str]:
    """What would have been to be decided, and was. Pure."""
    used = []
    if over_budget(plan) and not over_budget(plan, decision):
        used.append(
            f"{plan['gpu_hours']:.3g} GPU hours, up to {decision.approved_gpu_hours:g}, where"
            f" {plan['max_gpu_hours']:g} are allowed"
        )
    if missing_beyond_limits(plan) and decision.accept_missing:
        used.append(f"{plan['missing']} missing recordings leave the tables")
    return used


def how_to_decide(plan: dict[str, Any], decision: Decision, day: str, address: str) -> str:
    """Where somebody decides and what they enter there, a line each. Pure.

    Args:
        plan: the facts of `plan`'s report.
        decision: what was decided already.
        day: of the run; empty where its form has other parameters, which stay as they are.
        address: of the DAG's page.
    """
    entries = [f"Archive day {day}" if day else "the same values"]
    if over_budget(plan):
        hours = max(hours_to_approve(plan), decision.approved_gpu_hours or 0.0)
        entries.append(f"{HOURS_TITLE} {hours:g}")
    if missing_beyond_limits(plan):
        entries.append(f"{MISSING_TITLE} on")
    lines = [f"decide: {address}", f"to go on: Trigger, Single Run: {', '.join(entries)}"]
    if day:
        lines.append(
            "many days at once: Trigger, Backfill, Missing and Errored Runs, with Override"
            " parameters on existing runs"
        )
    lines.append("else do nothing: what is published stays as it is")
    return "\n".join(lines)


def _address(dag_id: str) -> str:
    base = str(conf.get("api", "base_url", fallback="")).rstrip("/")
    return f"{base}/dags/{quote(dag_id, safe='')}"
