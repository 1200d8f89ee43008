"""The gate in a running Airflow: a checkpoint is evaluated and accepted, another one is refused."""

from __future__ import annotations

import json

import pytest

from tests.dags.site import Site, day, partitions

pytestmark = pytest.mark.airflow


def last_log(site: Site, dag: str, run: str, task: str) -> str:
    """The log of the attempt that decided.

    A busy machine may lose one before it begins, and a scheduler that takes over from a killed one
    (`test_faults`) resets what it takes for that one's: such an attempt gives way to the next.
    """
    attempt = int(site.task(dag, run, task)["try_number"])
    earlier = [site.log(dag, run, task, number) for number in range(1, attempt)]
    failed = [log for log in earlier if "Task failed with exception" in log]
    assert all("goes on under another attempt of this task" in log for log in failed), "tried again"
    return site.log(dag, run, task, attempt)


def test_only_what_is_accepted_annotates_nights(site: Site) -> None:
    gated = "annotate__gated"
    before = site.trigger(gated, day=day(3))
    assert site.finished(gated, [before]) == {before: "failed"}
    out = site.folder / "evaluated"
    commands = f"af3 evaluate --out {out} and af3 accept --out {out}"
    reason = f" is not accepted in {out}: no model is; run {commands} with it"
    log = last_log(site, gated, before, "plan")
    assert "JobMisconfigured: plan: NotAccepted: --model nano (" in log
    assert reason in log

    run = site.trigger("evaluate_model", model="nano")
    assert site.finished("evaluate_model", [run]) == {run: "success"}
    asked = site.facts("evaluate_model", run, "evaluate__mmar")
    assert (asked["benchmark"], asked["items"]) == ("mmar", 3)
    accepted = site.facts("evaluate_model", run, "accept")
    assert (asked["figure"], accepted["figures"]) == (100.0, {"mmar": 100.0, "nothing": 100.0})
    (model,) = json.loads((out / "evaluations" / "accepted.json").read_text())["models"]
    assert (model["identity"]["model"], model["identity"]["dtype"]) == ("nano", "float32")

    # nano is accepted, and random weights are worse: the site's other corpora pass the gate by
    after = site.trigger(gated, day=day(3))
    worse = site.trigger("evaluate_model", model=str(site.checkpoint))
    assert site.finished(gated, [after]) == {after: "success"}
    assert partitions(site.out("gated")) == [day(3)]
    assert site.finished("evaluate_model", [worse]) == {worse: "failed"}
    log = last_log(site, "evaluate_model", worse, "accept")
    assert "JobRefused: accept: NotAcceptable: " in log
    assert "mmar is 0.00 (accuracy), 100.00 points worse than the 100.00 of nano (" in log
    unaccepted = "annotate__gated_unaccepted"
    refused = site.trigger(unaccepted, day=day(3))
    assert site.finished(unaccepted, [refused]) == {refused: "failed"}
    assert "the last accepted one is nano (" in last_log(site, unaccepted, refused, "plan")
    assert partitions(site.out("gated_unaccepted")) == []
