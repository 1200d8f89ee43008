"""The operator's way: log in, open a corpus, backfill three days by clicks, look at the result."""

from __future__ import annotations

from tests.dags.browser import dialog_of, logged_in, open_dag, start_backfill
from tests.dags.site import Run, Site, answered, day, partitions, table_bytes

DAG, CORPUS = "annotate__browsed", "browsed"
DAYS = [day(3), day(4), day(5)]


def backfilled(site: Site) -> list[Run]:
    return [run for run in site.runs(DAG) if run["run_type"] == "backfill"]


def test_three_days_are_backfilled_by_clicks_and_again_without_a_model_call(site: Site) -> None:
    # the night that the schedule starts by itself is of yesterday, where nothing came in
    site.until(lambda: bool(site.runs(DAG)))
    site.finished(DAG, [run["dag_run_id"] for run in site.runs(DAG)])
    before = partitions(site.out(CORPUS), "recordings")

    with logged_in(site.airflow, "operator") as page:
        open_dag(page, site.airflow, DAG)
        start_backfill(page, DAYS[0], DAYS[-1], "Missing Runs")
        site.until(lambda: len(backfilled(site)) == 3)
        first = backfilled(site)
        states = site.finished(DAG, [run["dag_run_id"] for run in first])
        assert set(states.values()) == {"success"}
        page.goto(f"{site.airflow.url}/dags/{DAG}/runs?run_type=backfill")
        page.get_by_text("Success").nth(2).wait_for()

    after = partitions(site.out(CORPUS), "recordings")
    assert sorted(set(after) - set(before)) == DAYS
    assert sorted(str(run["partition_key"]) for run in first) == DAYS
    tables, answers = table_bytes(site.out(CORPUS)), answered(site.out(CORPUS))
    assert len(answers) == 3
    site.until(lambda: site.backfills_are_done(DAG))

    with logged_in(site.airflow, "operator") as page:
        open_dag(page, site.airflow, DAG)
        start_backfill(page, DAYS[0], DAYS[-1], "All Runs")
        site.until(lambda: len(backfilled(site)) == 6)
        states = site.finished(DAG, [run["dag_run_id"] for run in backfilled(site)])
        assert set(states.values()) == {"success"}

    known = {run["dag_run_id"] for run in first}
    again = [run["dag_run_id"] for run in backfilled(site) if run["dag_run_id"] not in known]
    assert table_bytes(site.out(CORPUS)) == tables
    assert answered(site.out(CORPUS)) == answers
    assert [site.facts(DAG, run, "annotate") for run in again] == [{"answers_made": 0}] * 3


def test_a_report_is_a_page(site: Site) -> None:
    run = site.trigger(DAG, day=day(7))
    assert site.finished(DAG, [run]) == {run: "success"}
    with logged_in(site.airflow, "viewer") as page:
        page.goto(f"{site.airflow.url}/dags/{DAG}/runs/{run}/tasks/report/details")
        link = page.get_by_role("link", name="Report", exact=True)
        link.wait_for()
        page.goto(str(link.get_attribute("href")))
        assert page.locator("h1").inner_text() == "report: browsed, 2026-11-07"
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
        answer = page.request.get(f"{site.airflow.url}/af3/report/{DAG}/{run}/report")
        assert answer.status == 401


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
