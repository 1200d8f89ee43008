"""The pictures of the README's tour, from the demo corpora: `make screenshots`."""

from __future__ import annotations

import datetime
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import httpx
from playwright.sync_api import Page

from infra.demo_days import make_demo_days
from infra.local_airflow import LocalAirflow
from tests.dags.browser import dialog_of, fill_in_backfill, logged_in, open_dag
from tests.dags.site import free_port

FOLDER = Path(__file__).parents[2] / "dags" / "screenshots"
DAG = "annotate__demo_radio"
SETTLE_MS = 3000


def main() -> None:
    """Start Airflow with the demo corpora, walk the tour, take the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="af3-") as folder:
        home = Path(folder)
        airflow = LocalAirflow(home, free_port())
        yesterday = datetime.date.today() - datetime.timedelta(days=1)
        days = make_demo_days(home / "data" / "archive", yesterday)
        try:
            airflow.start()
            with logged_in(airflow, "operator") as page:
                walk(page, airflow, days)
        finally:
            airflow.stop()


def walk(page: Page, airflow: LocalAirflow, days: list[str]) -> None:
    """The tour: corpora, backfill, progress, a decision, a report."""
    page.set_viewport_size({"width": 1280, "height": 800})
    _wait_for_runs(airflow, 1)
    open_dag(page, airflow, DAG)
    dialog = fill_in_backfill(page, days[1], days[3], "Missing Runs")
    dialog.get_by_text("3 runs will be triggered").wait_for()
    _take(page, "backfill")
    dialog.get_by_role("button", name="Run Backfill").click()
    runs = _wait_for_runs(airflow, 4)
    page.goto(f"{airflow.url}/dags/{DAG}")
    _take(page, "corpus")
    run = quote(runs[-1], safe="")
    page.goto(f"{airflow.url}/dags/{DAG}/runs/{run}/tasks/plan")
    _take(page, "plan")
    open_dag(page, airflow, "annotate__demo_tapes")
    page.get_by_test_id("trigger-dag-button").click()
    form = dialog_of(page)
    form.locator("input[name=element_day]").fill(days[-1])
    form.locator("input[name=element_approved_gpu_hours]").fill("0.01")
    _take(page, "approval")
    page.goto(f"{airflow.url}/af3/report/{DAG}/{run}/report")
    _take(page, "report")


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(SETTLE_MS)
    page.screenshot(path=FOLDER / f"{name}.png")


def _wait_for_runs(airflow: LocalAirflow, count: int) -> list[str]:
    """Until so many runs have ended; gives their ids, oldest first."""
    login = {"username": "operator", "password": airflow.passwords["operator"]}
    token = httpx.post(f"{airflow.url}/auth/token", json=login, timeout=30).json()
    client = httpx.Client(headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=30)
    while True:
        runs = client.get(f"{airflow.url}/api/v2/dags/{DAG}/dagRuns").json()["dag_runs"]
        ended = [run["dag_run_id"] for run in runs if run["state"] in ("success", "failed")]
        if len(ended) >= count:
            return ended
        time.sleep(1)


if __name__ == "__main__":
    main()
