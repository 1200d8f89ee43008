"""What goes wrong in a running night, and the tables and the ledger after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.beam_jobs.small_night import night, rows
from tests.chat_server import Server
from tests.dags.browser import fail_task, logged_in
from tests.dags.corpora import served_options
from tests.dags.nights_apart import (
    OPTIONS,
    TABLES,
    KilledJob,
    Undisturbed,
    assert_right_and_nothing_twice,
    met_in_the_middle,
)
from tests.dags.site import Site, answered, clips_in, day, is_alive, partitions

pytestmark = [pytest.mark.airflow, pytest.mark.browser]


def test_the_job_itself_is_killed_and_tried_again(
    site: Site, killed_job: KilledJob, undisturbed: Undisturbed
) -> None:
    dag, run = killed_job.dag, killed_job.run
    assert killed_job.state == "success"
    assert "JobLost: annotate ended without a report" in site.log(dag, run, "annotate")
    assert site.task(dag, run, "annotate")["try_number"] == 2
    assert_right_and_nothing_twice(site, killed_job.corpus, killed_job.done, undisturbed)


def test_a_task_failed_in_the_ui_leaves_nothing_running(
    site: Site, model: Server, undisturbed: Undisturbed
) -> None:
    dag = "annotate__failed_by_hand"
    with (
        logged_in(site.airflow, "operator") as page,
        met_in_the_middle(site, model, "failed_by_hand") as (run, done),
    ):
        task_pid = site.task(dag, run, "annotate")["pid"]
        fail_task(page, site.airflow, dag, run, "annotate")
        site.until(lambda: not site.jobs(dag), deadline_s=60)
    site.until(lambda: not is_alive(task_pid), deadline_s=60)
    assert site.finished(dag, [run]) == {run: "failed"}
    assert partitions(site.out("failed_by_hand")) == []
    # cleared, the run goes on from what was done
    body = {"dry_run": False, "task_ids": ["annotate"], "dag_run_id": run}
    body |= {"include_downstream": True, "only_failed": False}
    assert site.client().post(f"/dags/{dag}/clearTaskInstances", json=body).is_success
    site.until(lambda: site.run(dag, run)["state"] in ("running", "queued", "success"))
    assert site.finished(dag, [run]) == {run: "success"}
    assert_right_and_nothing_twice(site, "failed_by_hand", done, undisturbed)


def test_nights_and_a_backfill_on_the_same_days_at_once(
    site: Site, untrained: Path, model: Server
) -> None:
    dag, out = "annotate__crossing", site.out("crossing")
    site.backfill(dag, (day(1), day(2)), "none", backwards=False)
    # by hand in the other order, while the backfill runs
    nights = [site.trigger(dag, day=day(number)) for number in (2, 1)]
    second = {"dag_id": dag, "from_date": f"{day(1)}T00:00:00Z", "to_date": f"{day(2)}T00:00:00Z"}
    refused = site.client().post("/backfills", json=second)
    assert (refused.status_code, "already" in refused.text) == (409, True)
    site.until(lambda: len([r for r in site.runs(dag) if r["run_type"] == "backfill"]) == 2)
    runs = [run["dag_run_id"] for run in site.runs(dag) if run["run_type"] != "scheduled"]
    assert set(nights) < set(runs)
    assert set(site.finished(dag, runs).values()) == {"success"}
    assert_tonight_goes_first(site, dag, set(nights), set(runs) - set(nights))

    # backwards over all runs: nothing is left to ask
    site.until(lambda: site.backfills_are_done(dag))
    before = answered(out)
    site.backfill(dag, (day(1), day(2)), "completed", backwards=True)
    site.until(lambda: site.backfills_are_done(dag))
    assert answered(out) == before

    all_runs = [r["dag_run_id"] for r in site.runs(dag) if r["run_type"] != "scheduled"]
    assert len(all_runs) == 6
    # a day that is finished ends behind its plan
    worked = [run for run in all_runs if site.task(dag, run, "annotate")["state"] != "skipped"]
    asked = [site.facts(dag, run, "annotate").get("clips_asked", 0) for run in worked]
    assert sum(asked) == clips_in(out) == len(before)
    assert [found for found in partitions(out) if found < day(10)] == [day(1), day(2)]
    alone = site.folder / "alone" / "out"
    options = [*OPTIONS, *served_options(model), "--corpus", "crossing"]
    night(site.archive("crossing"), alone, untrained, *options)
    for table in TABLES:
        assert rows(out, table) == rows(alone, table), table


def assert_tonight_goes_first(site: Site, dag: str, nights: set[str], backfilled: set[str]) -> None:
    """Nights by hand weigh more where GPUs are short, and need not wait for a backfill's end."""
    weights = {run: site.task(dag, run, "annotate")["priority_weight"] for run in nights}
    assert set(weights.values()) == {1001}
    weights = {run: site.task(dag, run, "annotate")["priority_weight"] for run in backfilled}
    assert set(weights.values()) == {2}
    starts = {run: site.run(dag, run)["start_date"] for run in nights | backfilled}
    assert min(starts[run] for run in nights) < max(starts[run] for run in backfilled)
