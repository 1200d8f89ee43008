"""The decision over budget, in words."""

from __future__ import annotations

from dags.night.approval import approval_text


def test_what_is_to_be_decided_over_budget() -> None:
    plan = {
        "over_budget": True,
        "gpu_hours": 12.5,
        "max_gpu_hours": 8.0,
        "cost": 31.25,
        "to_cut_ms": 720_000_000,
        "to_ask_ms": 180_000_000,
        "recordings": 310,
    }
    assert approval_text(plan) == (
        "**12.5 GPU hours** (cost: 31.25) are estimated for 250 h of audio in 310 recordings,"
        " where 8 are allowed. *Approve* annotates all of it; *Reject* ends the run and publishes"
        " nothing."
    )


def test_what_is_to_be_decided_where_recordings_are_missing() -> None:
    gone = "12 of 40 recordings of 2026-11-21 are gone from the archive (such as /arc/a.wav)"
    plan = {"over_budget": False, "missing": 12, "missing_beyond_limits": [gone]}
    assert approval_text(plan) == (
        "**12 recordings are missing**: 12 of 40 recordings of 2026-11-21 are gone from the archive"
        " (such as /arc/a.wav). *Approve* takes them out of the tables; *Reject* ends the run, and"
        " what is published stays: see that the archive is whole, and run the day again."
    )


def test_nothing_is_to_be_decided() -> None:
    plan = {"over_budget": False, "missing": 2, "missing_beyond_limits": []}
    assert approval_text(plan) == ""
    # the report of a job of 0.2.0
    assert approval_text({"over_budget": False}) == ""
