"""The decision over budget, in words."""

from __future__ import annotations

from dags.night.approval import approval_text


def test_what_is_to_be_decided() -> None:
    plan = {
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
