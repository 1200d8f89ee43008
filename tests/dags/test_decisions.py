"""Nights that need a decision: their runs end, and hold up no other."""

from __future__ import annotations

import datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.dags.browser import logged_in, open_dag, trigger_with
from tests.dags.site import WORDS, Run, Site, day, partitions
from tests.media import spoken, write

pytestmark = [pytest.mark.airflow, pytest.mark.browser]

UNENDED = {"queued", "running"}


def test_a_night_over_budget_ends_and_is_decided_by_clicks(site: Site) -> None:
    dag, out = "annotate__over_budget", site.out("over_budget")

    def ended(run: str) -> dict[str, str]:
        site.finished(dag, [run])
        return {task: site.task(dag, run, task)["state"] for task in ("approve", "segment")}

    asked = site.trigger(dag, day=day(3))
    assert ended(asked) == {"approve": "failed", "segment": "upstream_failed"}
    assert site.task(dag, asked, "approve")["try_number"] == 1
    too_few = site.trigger(dag, day=day(3), approved_gpu_hours=0)
    assert ended(too_few)["approve"] == "failed"
    assert "where 0 are allowed and 0 approved" in site.log(dag, too_few, "approve")
    assert not partitions(out)
    first, second = site.webhook.about("over_budget")
    lines = first.splitlines()
    assert lines[0] == "af3: over_budget, 2026-11-03: waits for a decision"
    assert lines[1].endswith("of audio in 1 recordings, where 0 are allowed")
    assert lines[2:4] == [
        f"decide: {site.airflow.url}/dags/{dag}",
        "to go on: Trigger, Single Run: Archive day 2026-11-03, Approved GPU hours 0.01",
    ]
    assert second.splitlines()[1].endswith("where 0 are allowed and 0 approved")

    with logged_in(site.airflow, "operator") as page:
        page.goto(f"{site.airflow.url}/dags/{dag}/runs/{quote(asked, safe='')}/tasks/approve")
        for line in lines:
            page.get_by_text(line).first.wait_for()
        page.goto(lines[2].removeprefix("decide: "))
        open_dag(page, site.airflow, dag)
        trigger_with(page, {"day": day(3), "approved_gpu_hours": "0.01"})
    site.until(lambda: len(site.runs(dag)) == 3)
    [decided] = [r["dag_run_id"] for r in site.runs(dag) if r["dag_run_id"] not in (asked, too_few)]
    assert ended(decided) == {"approve": "success", "segment": "success"}
    assert "approved by operator: " in site.log(dag, decided, "approve")
    assert partitions(out) == [day(3)]
    assert len(site.webhook.about("over_budget")) == 2


@pytest.mark.parametrize(
    ("first", "count"),
    [("2026-10-01", 22), pytest.param("2026-04-01", 100, marks=pytest.mark.long)],
)
def test_many_nights_that_need_a_decision_hold_up_no_other(
    site: Site, first: str, count: int
) -> None:
    """Airflow's scheduler looks at twenty running runs a loop: none of these is one for long."""
    dag = "annotate__undecided"
    begin = datetime.date.fromisoformat(first)
    days = [(begin + datetime.timedelta(days=d)).isoformat() for d in range(count)]
    for number, date in enumerate(days):
        words = f"the {WORDS[number // 10]} {WORDS[number % 10]} will be loud"
        write(site.archive("undecided") / date / "short.wav", spoken(words))
    site.backfill(dag, (days[0], days[-1]), "none", backwards=False, max_active_runs=4)
    site.until(lambda: len(_backfilled(site, dag, days)) == count)
    others, two = "annotate__years", [day(3), day(4)]
    site.backfill(others, (day(3), day(4)), "none", backwards=False)
    site.until(lambda: len(_backfilled(site, others, two)) == 2)
    beside = site.finished(others, [r["dag_run_id"] for r in _backfilled(site, others, two)])
    assert set(beside.values()) == {"success"}
    site.until(lambda: _states(site, dag, days) == ["failed"] * count)
    assert not [run for run in site.runs(dag) if run["state"] in UNENDED]
    told = site.webhook.about("af3: undecided, ")
    assert len([text for text in told if text.split()[2].rstrip(":") in days]) == count
    site.until(lambda: site.backfills_are_done(dag))

    # some of them are decided at once
    decision: dict[str, Any] = {"approved_gpu_hours": 1}
    site.backfill(dag, (days[0], days[1]), "failed", backwards=False, **decision)

    def decided() -> list[str]:
        runs = [run for run in _backfilled(site, dag, days) if run["conf"] == decision]
        return [f"{run['partition_key']} {run['state']}" for run in runs]

    site.until(lambda: decided() == [f"{date} success" for date in days[:2]])
    assert partitions(site.out("undecided"), "recordings")[:2] == days[:2]


def _backfilled(site: Site, dag: str, days: list[str]) -> list[Run]:
    found = [run for run in site.runs(dag) if run["partition_key"] in days]
    return sorted(found, key=lambda run: str(run["partition_key"]))


def _states(site: Site, dag: str, days: list[str]) -> list[str]:
    return [str(run["state"]) for run in _backfilled(site, dag, days)]
