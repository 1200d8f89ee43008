"""The operator's way: log in, open a corpus, backfill days by clicks, look at the result."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import pytest

from tests.dags.browser import dialog_of, logged_in, open_dag, start_backfill
from tests.dags.site import Run, Site, answered, day, partitions, table_bytes

pytestmark = [pytest.mark.airflow, pytest.mark.browser]

DAG, CORPUS = "annotate__browsed", "browsed"
TWO_DAYS = [day(3), day(4)]
THREE_DAYS = [day(7), day(8), day(9)]


@dataclass(frozen=True)
class Backfill:
    """A backfill of some days that was started by clicks and is done, and what was before it."""

    days: list[str]
    runs: list[Run]
    partitions_before: list[str]
    answers_before: dict[str, int]


def backfilled(site: Site, days: list[str]) -> list[Run]:
    found = [run for run in site.runs(DAG) if run["run_type"] == "backfill"]
    return [run for run in found if run["partition_key"] in days]


@pytest.fixture(scope="module", params=[TWO_DAYS, pytest.param(THREE_DAYS, marks=pytest.mark.long)])
def backfill(request: pytest.FixtureRequest, site: Site) -> Backfill:
    days = request.param
    # the night that the schedule starts by itself is of yesterday, where nothing came in
    site.unpause(DAG)
    site.until(lambda: bool(site.runs(DAG)))
    site.finished(DAG, [run["dag_run_id"] for run in site.runs(DAG)])
    before = partitions(site.out(CORPUS), "recordings"), answered(site.out(CORPUS))

    with logged_in(site.airflow, "operator") as page:
        open_dag(page, site.airflow, DAG)
        start_backfill(page, days[0], days[-1], "Missing Runs")
    # an open page draws what moves, on the cores that the nights need
    site.until(lambda: len(backfilled(site, days)) == len(days))
    runs = backfilled(site, days)
    states = site.finished(DAG, [run["dag_run_id"] for run in runs])
    assert set(states.values()) == {"success"}
    with logged_in(site.airflow, "operator") as page:
        page.goto(f"{site.airflow.url}/dags/{DAG}/runs?run_type=backfill")
        page.get_by_text("Success").nth(len(days) - 1).wait_for()
    return Backfill(days, runs, *before)


def test_days_are_backfilled_by_clicks_and_again_without_a_model_call(
    site: Site, backfill: Backfill
) -> None:
    days, after = backfill.days, partitions(site.out(CORPUS), "recordings")
    assert sorted(set(after) - set(backfill.partitions_before)) == days
    assert sorted(str(run["partition_key"]) for run in backfill.runs) == days
    tables, answers = table_bytes(site.out(CORPUS)), answered(site.out(CORPUS))
    assert len(answers) == len(backfill.answers_before) + len(days)
    site.until(lambda: site.backfills_are_done(DAG))

    with logged_in(site.airflow, "operator") as page:
        open_dag(page, site.airflow, DAG)
        start_backfill(page, days[0], days[-1], "All Runs")
    site.until(lambda: len(backfilled(site, days)) == 2 * len(days))
    states = site.finished(DAG, [run["dag_run_id"] for run in backfilled(site, days)])
    assert set(states.values()) == {"success"}

    known = {run["dag_run_id"] for run in backfill.runs}
    again = [run["dag_run_id"] for run in backfilled(site, days) if run["dag_run_id"] not in known]
    assert table_bytes(site.out(CORPUS)) == tables
    assert answered(site.out(CORPUS)) == answers
    found = [site.facts(DAG, run, "plan")["nothing_to_do"] for run in again]
    assert found == ["finished"] * len(days)
    assert {site.task(DAG, run, "annotate")["state"] for run in again} == {"skipped"}


def test_every_run_of_a_day_has_that_day_as_its_label(site: Site, backfill: Backfill) -> None:
    """The schedule's and the backfill's alike, in its name and where the pages name it."""
    runs = {str(run["dag_run_id"]): run for run in site.runs(DAG)}
    assert {run["run_type"] for run in runs.values()} == {"scheduled", "backfill"}
    for name, run in runs.items():
        assert name.startswith(f"{run['run_type']}__{run['partition_key']}__")
        assert run["run_after"].startswith(f"{run['partition_key']}T00:00:00")
    with logged_in(site.airflow, "viewer") as page:
        page.goto(f"{site.airflow.url}/dags/{DAG}/runs")
        for name, run in runs.items():
            links = page.locator(f'a[href$="/dags/{DAG}/runs/{name}"]')
            links.first.wait_for()
            shown = [text.strip() for text in links.all_inner_texts()]
            assert f"{run['partition_key']} 00:00:00" in shown


def test_a_report_is_a_page(site: Site, backfill: Backfill) -> None:
    first = backfill.days[0]
    (run,) = [r["dag_run_id"] for r in backfill.runs if r["partition_key"] == first]
    with logged_in(site.airflow, "viewer") as page:
        page.goto(f"{site.airflow.url}/dags/{DAG}/runs/{quote(run, safe='')}/tasks/report/details")
        link = page.get_by_role("link", name="Report", exact=True)
        link.wait_for()
        page.goto(str(link.get_attribute("href")))
        assert page.locator("h1").inner_text() == f"report: browsed, {first}"
        rows = {
            row.locator("th").inner_text(): row.locator("td").inner_text()
            for row in page.locator("tr").all()
        }
        assert (rows["recordings"], rows["answers made"]) == ("1", "2")
        page.get_by_role("link", name="the night's report").click()
        assert page.locator("h1").inner_text() == CORPUS
        assert page.locator("article audio").count() == 1
    with logged_in(site.airflow, "admin") as page:
        page.context.clear_cookies()
        address = f"{site.airflow.url}/af3/report/{DAG}/{quote(run, safe='')}/report"
        assert page.request.get(address).status == 401


def test_a_viewer_may_look_and_not_trigger(site: Site) -> None:
    with logged_in(site.airflow, "viewer") as page:
        open_dag(page, site.airflow, DAG)
        before = len(site.runs(DAG))
        page.get_by_test_id("trigger-dag-button").click()
        dialog_of(page).get_by_role("button", name="Trigger", exact=True).click()
        page.get_by_text("Forbidden").first.wait_for()
        assert len(site.runs(DAG)) == before
    viewer = site.client("viewer")
    body = {"dag_id": DAG, "from_date": f"{day(1)}T00:00:00Z", "to_date": f"{day(2)}T00:00:00Z"}
    assert viewer.post("/backfills", json=body).status_code == 403
    run = viewer.post(f"/dags/{DAG}/dagRuns", json={"logical_date": None, "conf": {}})
    assert run.status_code == 403
