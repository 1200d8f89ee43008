"""Years by clicks: a day on which nothing is to be done costs its plan alone."""

from __future__ import annotations

import time

import psutil
import pytest

from tests.dags.browser import logged_in, open_dag, start_backfill
from tests.dags.site import Site, day, partitions

pytestmark = [pytest.mark.airflow, pytest.mark.browser]

DAG = "annotate__years"
FIRST, LAST = "2026-10-14", "2026-11-12"
"""Thirty days, of which two have recordings."""
BEHIND_PLAN = ("approve", "segment", "annotate", "audit", "publish", "report")
MOST_CPU_S = 3.0


def test_a_backfill_of_mostly_empty_days_by_clicks(site: Site) -> None:
    site.unpause(DAG, "index__years")
    with logged_in(site.airflow, "operator") as page:
        open_dag(page, site.airflow, DAG)
        start_backfill(page, FIRST, LAST, "All Runs")

    def ended() -> bool:
        runs = [run for run in site.runs(DAG) if FIRST <= str(run["partition_key"]) <= LAST]
        days = {run["partition_key"] for run in runs}
        return len(days) == 30 and all(run["state"] == "success" for run in runs)

    site.until(ended)
    assert partitions(site.out("years"), "recordings") == [day(3), day(4)]
    # nobody follows a day of nothing
    assert {run["partition_key"] for run in site.runs("index__years")} <= {day(3), day(4)}
    site.until(lambda: site.backfills_are_done(DAG))


def test_a_quiet_day_costs_one_task_and_no_more_than_three_seconds_of_cpu(site: Site) -> None:
    for quiet, why in ((day(12), "empty"), (day(3), "finished")):
        before = _executor_cpu_s(site)
        run, job_cpu_s = site.trigger(DAG, day=quiet), 0.0
        while site.run(DAG, run)["state"] not in ("success", "failed"):
            looked = time.monotonic()
            while time.monotonic() - looked < 1.0:
                job_cpu_s = max(job_cpu_s, sum(map(_cpu_s, site.jobs(DAG))))
                time.sleep(0.02)
        assert site.facts(DAG, run, "plan")["nothing_to_do"] == why
        assert {site.task(DAG, run, task)["state"] for task in BEHIND_PLAN} == {"skipped"}
        task_cpu_s = _executor_cpu_s(site) - before
        print(f"{why}: task {task_cpu_s:.2f} s, job {job_cpu_s:.2f} s")
        assert job_cpu_s > 0.1
        assert task_cpu_s > 0.1
        assert job_cpu_s + task_cpu_s < MOST_CPU_S


def _executor_cpu_s(site: Site) -> float:
    """What the executor's workers took, with the supervisors and tasks that have ended."""
    scheduler = psutil.Process(site.airflow.processes["scheduler"].pid)
    return sum(map(_cpu_s, scheduler.children(recursive=True)))


def _cpu_s(process: psutil.Process) -> float:
    try:
        return float(sum(process.cpu_times()[:4]))  # with its children's
    except psutil.NoSuchProcess:
        return 0.0
