"""The watch in a running Airflow: nights that were missed, cancelled and failed become whole."""

from __future__ import annotations

import datetime
import time

import pytest

from dags.night import watch_decisions
from tests.dags.browser import fail_run, logged_in, row_of_run
from tests.dags.corpora import days_ago
from tests.dags.mail_server import MailServer
from tests.dags.site import Site, partitions

pytestmark = [pytest.mark.airflow, pytest.mark.browser]

NIGHT, WATCH = "annotate__watched", "watch__watched"
MISSED, CANCELLED = days_ago(2), days_ago(3)
LOOK_TAKES_S = 90.0


def published(site: Site) -> list[str]:
    """The days that had recordings: that of last night is published too, and empty."""
    return [day for day in partitions(site.out("watched")) if day <= MISSED]


def look(site: Site) -> str:
    """Let the watch look once; gives the log of its task."""
    run = site.trigger(WATCH)
    assert site.finished(WATCH, [run]) == {run: "success"}
    return site.log(WATCH, run, "watch")


def test_missed_cancelled_and_failed_nights_are_made_whole_and_said(
    site: Site, mail: MailServer
) -> None:
    stuck = cancelled_and_cleared_backfill(site)
    # switched on, the watch looks at once; the nightly run of yesterday has ended
    leave_time_before_the_next_look()
    site.unpause(WATCH)
    site.until(lambda: bool(site.runs(WATCH)))
    first = min(site.runs(WATCH), key=lambda run: str(run["run_after"]))
    assert site.finished(WATCH, [first["dag_run_id"]]) == {first["dag_run_id"]: "success"}
    # one day is left: another look is to come
    (again,) = [run for run in site.runs(WATCH) if run["run_type"] == "operator_triggered"]
    assert (again["state"], again["dag_run_id"][:14]) == ("queued", "watch__again__")
    # whenever its ten minutes end, it would look in the middle of what follows
    assert site.client().delete(f"/dags/{WATCH}/dagRuns/{again['dag_run_id']}").is_success
    facts = site.facts(WATCH, first["dag_run_id"], "watch")
    assert [(day["date"], day["objects"], day["missing"]) for day in facts["days"]] == [
        (CANCELLED, 1, 1),
        (MISSED, 1, 1),
        (days_ago(1), 0, 0),
    ]

    # the oldest first, by a run of its own: that of the backfill is never started
    made = f"watch__{CANCELLED}__1"
    assert site.finished(NIGHT, [made]) == {made: "success"}
    assert published(site) == [CANCELLED]
    assert site.run(NIGHT, stuck)["state"] == "queued"
    (text,) = site.webhook.about(f"af3: watched, {CANCELLED}: is late")
    lines = text.splitlines()
    assert lines[0].endswith("is late: 1 of 1 objects are not published")
    assert lines[1] == f"cause: its run {stuck} is of a cancelled backfill: Airflow never starts it"
    assert lines[3].startswith("next: mark that run failed; the day itself is run by a run")
    assert lines[4] == f"link: {site.airflow.url}/dags/{NIGHT}/runs/{made}"
    (text,) = site.webhook.about(f"af3: watched, {MISSED}: is late")
    assert (
        "cause: it has no run: no scheduler ran, others go first, or the run was deleted\n" in text
    )

    # the next look finds a failed run of the other day, and clears it
    failed = site.trigger(NIGHT, day=MISSED)
    path = f"/dags/{NIGHT}/dagRuns/{failed}"
    assert site.client().patch(path, json={"state": "failed"}).is_success
    assert f"{MISSED}: clearing its run {failed}" in look(site)
    site.until(lambda: site.run(NIGHT, failed)["state"] != "failed")
    assert site.finished(NIGHT, [failed]) == {failed: "success"}
    assert published(site) == [CANCELLED, MISSED]

    # all is well: it is said once, and nothing is started
    look(site)
    before = [run["dag_run_id"] for run in site.runs(NIGHT)]
    look(site)
    assert [run["dag_run_id"] for run in site.runs(NIGHT)] == before
    assert_said_once(site, mail, made)
    look_at_the_cancelled_day(site, stuck, made)


def leave_time_before_the_next_look() -> None:
    """Further looks come at full ten minutes of the clock: begin well before the next."""
    now = datetime.datetime.now(datetime.UTC)
    left_s = (watch_decisions.next_look(now) - now).total_seconds()
    if left_s < LOOK_TAKES_S:
        time.sleep(left_s + 1)


def assert_said_once(site: Site, mail: MailServer, made: str) -> None:
    """By webhook and by mail alike."""
    for day in (CANCELLED, MISSED):
        assert len(site.webhook.about(f"af3: watched, {day}: is published, and lacks")) == 1
        subjects = [m["Subject"] for m in mail.about(f"af3: watched, {day}")]
        assert subjects == [text.splitlines()[0] for text in site.webhook.about(f"watched, {day}")]
    (message,) = mail.about(f"{CANCELLED}: is late")
    assert (message["To"], message["From"]) == ("ops@example.org", "af3@example.org")
    content = message.get_body(("html",))
    assert content is not None
    assert f"link: {site.airflow.url}/dags/{NIGHT}/runs/{made}" in content.get_content()


def look_at_the_cancelled_day(site: Site, stuck: str, made: str) -> None:
    """As an operator sees it: the run that the watch made, and the stuck one, which is put aside
    by clicks as the notice says.
    """
    with logged_in(site.airflow, "operator") as page:
        shown = row_of_run(page, site.airflow, NIGHT, made)
        assert (f"watch__{CANCELLED}__1" in shown, "Success" in shown) == (True, True)
        shown = row_of_run(page, site.airflow, NIGHT, stuck)
        assert (f"{CANCELLED} 00:00:00" in shown, "Queued" in shown) == (True, True)
        fail_run(page, site.airflow, NIGHT, stuck)
        assert "Failed" in row_of_run(page, site.airflow, NIGHT, stuck)
    assert site.run(NIGHT, stuck)["state"] == "failed"
    assert published(site) == [CANCELLED, MISSED]


def cancelled_and_cleared_backfill(site: Site) -> str:
    """Leaves a run of the cancelled day in the queue for ever; gives its id."""
    body = {
        "dag_id": NIGHT,
        "from_date": f"{CANCELLED}T00:00:00Z",
        "to_date": f"{CANCELLED}T00:00:00Z",
        "max_active_runs": 1,
    }
    # still switched off, so that nothing starts meanwhile
    backfill = site.client().post("/backfills", json=body)
    assert backfill.is_success, backfill.text
    (run,) = site.runs(NIGHT)
    assert (run["run_type"], run["state"]) == ("backfill", "queued")
    cancelled = site.client().put(f"/backfills/{backfill.json()['id']}/cancel")
    assert cancelled.is_success, cancelled.text
    stuck = str(run["dag_run_id"])
    assert site.run(NIGHT, stuck)["state"] == "failed"
    cleared = site.client().post(f"/dags/{NIGHT}/dagRuns/{stuck}/clear", json={"dry_run": False})
    assert cleared.is_success, cleared.text
    site.unpause(NIGHT)

    def last_night_is_over() -> bool:
        nights = [run for run in site.runs(NIGHT) if run["run_type"] == "scheduled"]
        return [run["state"] for run in nights] == ["success"]

    site.until(last_night_is_over)
    return stuck
