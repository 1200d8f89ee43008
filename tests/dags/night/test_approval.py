"""The decision that a night needs, in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Alerts
from dags.night.approval import (
    NightApproval,
    approval_text,
    decided,
    decision_of,
    how_to_decide,
)
from schemas.night_budget import UNDECIDED, Decision, hours_to_approve

OVER: dict[str, Any] = {
    "over_budget": True,
    "gpu_hours": 12.504,
    "max_gpu_hours": 8.0,
    "cost": 31.25,
    "to_cut_ms": 720_000_000,
    "to_ask_ms": 180_000_000,
    "recordings": 310,
}
GONE = "12 of 40 recordings of 2026-11-21 are gone from the archive (such as /arc/a.wav)"
MISSING = {"over_budget": False, "missing": 12, "missing_beyond_limits": [GONE]}
PAGE = "http://airflow:8080/dags/annotate__radio"


def test_what_is_to_be_decided_over_budget() -> None:
    said = (
        "12.5 GPU hours (cost: 31.25) are estimated for 250 h of audio in 310 recordings, where 8"
        " are allowed"
    )
    assert approval_text(OVER, UNDECIDED) == said
    # less than the night needs: both figures are said
    assert approval_text(OVER, Decision(12.5)) == f"{said} and 12.5 approved"
    assert approval_text(OVER, Decision(12.51)) == ""
    assert approval_text(OVER, Decision(accept_missing=True)) == said


def test_what_is_to_be_decided_where_recordings_are_missing() -> None:
    assert approval_text(MISSING, Decision(100.0)) == f"12 recordings are missing: {GONE}"
    assert approval_text(MISSING, Decision(accept_missing=True)) == ""


def test_how_it_is_decided() -> None:
    both = OVER | MISSING | {"over_budget": True}
    assert how_to_decide(both, UNDECIDED, "2026-11-21", PAGE).splitlines() == [
        "decide: http://airflow:8080/dags/annotate__radio",
        "to go on: Trigger, Single Run: Archive day 2026-11-21, Approved GPU hours 12.51,"
        " Accept missing recordings on",
        "many days at once: Trigger, Backfill, Missing and Errored Runs, with Override parameters"
        " on existing runs",
        "else do nothing: what is published stays as it is",
    ]
    assert how_to_decide(MISSING, UNDECIDED, "", PAGE).splitlines()[1] == (
        "to go on: Trigger, Single Run: the same values, Accept missing recordings on"
    )
    # what was approved for its hours stays where the missing ones are to be decided still
    assert "Approved GPU hours 20," in how_to_decide(both, Decision(20.0), "2026-11-21", PAGE)


@pytest.mark.parametrize(("hours", "least"), [(0.0, 0.01), (0.011, 0.02), (12.5, 12.5)])
def test_the_hours_that_are_named_are_enough(hours: float, least: float) -> None:
    plan = OVER | {"gpu_hours": hours}
    assert hours_to_approve(plan) == least
    plan["max_gpu_hours"] = 0.0
    assert approval_text(plan, Decision(least)) == ""
    assert approval_text(plan, Decision(0.0)).endswith(" where 0 are allowed and 0 approved")


def test_nothing_is_to_be_decided() -> None:
    plan = {"over_budget": False, "missing": 2, "missing_beyond_limits": []}
    assert approval_text(plan, UNDECIDED) == ""
    # the report of a job of 0.2.0
    assert approval_text({"over_budget": False}, UNDECIDED) == ""
    assert decided(plan, Decision(20.0, True)) == []


def test_what_was_decided() -> None:
    both = OVER | MISSING | {"over_budget": True}
    assert decided(both, Decision(20.0, True)) == [
        "12.5 GPU hours, up to 20, where 8 are allowed",
        "12 missing recordings leave the tables",
    ]
    assert decision_of({"approved_gpu_hours": 3, "accept_missing": True}) == Decision(3.0, True)
    # a run that an earlier release began
    assert decision_of({"day": "2026-11-21"}) == UNDECIDED


def test_a_plan_that_somebody_marked_has_no_report() -> None:
    approve: Any = NightApproval(task_id="approve", corpus="radio", alerts=Alerts())
    ti = SimpleNamespace(xcom_pull=lambda task_ids: None)
    with pytest.raises(ConfigurationError, match=r"^plan of this run has left no report; clear"):
        approve.execute({"ti": ti, "params": {}})
