"""Nights in a running Airflow: what is published, what is stopped, who is told."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.beam_jobs.small_night import rows
from tests.dags.site import Site, day, partitions, row_count, table_bytes

pytestmark = pytest.mark.airflow

BEGUN_AT_ONCE = ("one_corrupt", "eight_corrupt", "misconfigured", "waiting")


@pytest.fixture(scope="module")
def begun(site: Site) -> dict[str, str]:
    """Runs by corpus, of nights that need nothing of each other: each waits much for Airflow."""
    return {corpus: site.trigger(f"annotate__{corpus}", day=day(3)) for corpus in BEGUN_AT_ONCE}


def test_a_corrupt_recording_of_ten_is_a_failure_row(site: Site, begun: dict[str, str]) -> None:
    dag, run = "annotate__one_corrupt", begun["one_corrupt"]
    assert site.finished(dag, [run]) == {run: "success"}
    out = site.out("one_corrupt")
    assert (row_count(out, "recordings"), row_count(out, "failures")) == (9, 1)
    (path,) = out.glob("tables/failures/*/*/*.parquet")
    (failure,) = pq.read_table(path, partitioning=None).to_pylist()
    assert failure["error_class"] == "NotMedia"
    assert failure["object_uri"].endswith("2026-11-03/recording_1.wav")
    facts = site.facts(dag, run, "report")
    assert (facts["recordings"], facts["failures"]) == (9, {"NotMedia": 1})
    assert site.webhook.about("one_corrupt") == []


def test_eight_corrupt_recordings_of_ten_are_stopped_by_the_audit(
    site: Site, begun: dict[str, str]
) -> None:
    dag, run = "annotate__eight_corrupt", begun["eight_corrupt"]
    assert site.finished(dag, [run]) == {run: "failed"}
    states = {t: site.task(dag, run, t)["state"] for t in ("annotate", "audit", "publish")}
    assert states == {"annotate": "success", "audit": "failed", "publish": "upstream_failed"}
    assert site.task(dag, run, "audit")["try_number"] == 1
    assert partitions(site.out("eight_corrupt")) == []
    reason = (
        "audit: AuditFailed: not published: 8 of 10 recordings failed, more than the 25% allowed."
        " Failures: 8 NotMedia, such as "
    )
    assert reason in site.log(dag, run, "audit")
    site.until(lambda: bool(site.webhook.about("eight_corrupt")))
    (notice,) = site.webhook.about("eight_corrupt")
    assert notice.startswith("af3: eight_corrupt, 2026-11-03: task audit failed\nJobRefused: ")
    assert reason in notice
    assert f"{site.airflow.url}/dags/{dag}/runs/" in notice


def test_a_wrong_checkpoint_fails_at_once_with_its_remedy(
    site: Site, begun: dict[str, str]
) -> None:
    dag, run = "annotate__misconfigured", begun["misconfigured"]
    assert site.finished(dag, [run]) == {run: "failed"}
    assert site.task(dag, run, "plan")["try_number"] == 1
    assert "JobMisconfigured" in site.log(dag, run, "plan")
    assert "/no/such/checkpoint" in site.log(dag, run, "plan")


def test_what_waits_is_tried_again_and_told_and_holds_up_no_night(
    site: Site, begun: dict[str, str]
) -> None:
    """The model's server is away: exit code 3, within what the corpus lets wait."""
    dag, run = "annotate__waiting", begun["waiting"]
    assert site.finished(dag, [run]) == {run: "success"}
    tasks = ("segment", "annotate", "audit", "publish", "report")
    tries = {task: site.task(dag, run, task)["try_number"] for task in tasks}
    assert tries == {"segment": 1, "annotate": 2, "audit": 1, "publish": 1, "report": 1}
    line = "annotate: 1 pieces wait (1 ServerUnavailable); all else is done, run it again"
    assert f"JobWaits: annotate: PiecesWait: {line}" in site.log(dag, run, "annotate")
    site.until(lambda: bool(site.webhook.about("af3: waiting")))
    (notice,) = site.webhook.about("af3: waiting")
    assert notice.splitlines()[:2] == [
        "af3: waiting, 2026-11-03: task annotate left work waiting",
        line,
    ]
    (recording,) = rows(site.out("waiting"), "recordings")
    assert (recording["status"], recording["annotated_ms"]) == ("partial", 0)
    assert {part["reason"] for part in recording["skipped"]} == {"not_annotated"}


def test_a_published_day_is_indexed_derived_and_exported_and_its_week_measured(site: Site) -> None:
    dag = "annotate__in_process"
    keys = {"derive": day(3), "export": day(3)}
    site.unpause(*(f"{job}__in_process" for job in (*keys, "index")))
    run = site.trigger(dag, day=day(3))
    assert site.finished(dag, [run]) == {run: "success"}
    for job, key in keys.items():
        consumer = f"{job}__in_process"
        site.until(lambda consumer=consumer: bool(site.runs(consumer)))  # type: ignore[misc]
        (found,) = site.runs(consumer)
        assert (found["partition_key"], found["run_type"]) == (key, "asset_triggered")
        assert set(site.finished(consumer, [found["dag_run_id"]]).values()) == {"success"}
    # once for the tables, once for what was derived of them
    site.until(lambda: len(site.runs("index__in_process")) == 2)
    indexed = site.runs("index__in_process")
    assert {found["partition_key"] for found in indexed} == {day(3)}
    ended = site.finished("index__in_process", [found["dag_run_id"] for found in indexed])
    assert set(ended.values()) == {"success"}
    out = site.out("in_process")
    state = json.loads((out / "indexes" / "search.json").read_text())
    assert list(state["partitions"]) == [f"corpus=in_process/date={day(3)}"]
    assert list((out / f"tables/events/corpus=in_process/date={day(3)}").glob("*.parquet"))
    (described,) = rows(out, "descriptions")
    assert (described["voice"], described["speed"]) == ("espeak:en-us+f3", 1.5)
    assert (out / described["sound_uri"]).read_bytes()[:4] == b"OggS"
    derive = site.runs("derive__in_process")[0]["dag_run_id"]
    jobs = ("events", "summarise", "describe")
    pools = {job: site.task("derive__in_process", derive, job)["pool"] for job in jobs}
    assert pools == {"events": "gpu", "summarise": "gpu", "describe": "default_pool"}
    exported = out / f"exports/corpus=in_process/from={day(3)},until={day(3)}/af3"
    assert (exported / "train-00000.json").is_file()
    quality = "quality__in_process"
    assert site.runs(quality) == []  # once a week, not once for each day
    site.backfill(quality, (day(2), day(8)), "none", backwards=False)
    site.until(lambda: bool(site.runs(quality)))
    (weekly,) = [run for run in site.runs(quality) if run["run_type"] == "backfill"]
    assert weekly["partition_key"] == "2026-11-02"
    assert set(site.finished(quality, [weekly["dag_run_id"]]).values()) == {"success"}
    assert (out / "quality/corpus=in_process/from=2026-11-02,until=2026-11-08.json").is_file()


def test_a_dry_run_by_the_form_plans_and_ends(site: Site) -> None:
    before = table_bytes(site.out("adhoc"))
    conf = {"source": str(_finished_long_ago(site)), "out": str(site.out("adhoc"))}
    run = site.trigger("annotate_adhoc", **conf)
    assert site.finished("annotate_adhoc", [run]) == {run: "success"}
    assert site.facts("annotate_adhoc", run, "plan")["recordings"] == 10
    assert site.task("annotate_adhoc", run, "segment")["state"] == "skipped"
    shown = site.task("annotate_adhoc", run, "plan")["rendered_fields"]
    assert (shown["job"], shown["python"]) == ("plan", None)
    assert {f"--out={conf['out']}", "--corpus=adhoc", "--dtype=float32"} <= set(shown["arguments"])
    assert table_bytes(site.out("adhoc")) == before == {}


def _finished_long_ago(site: Site) -> Path:
    """An archive that the form's plan need not look at twice: it gives new files two minutes."""
    archive = shutil.copytree(site.archive("browsed"), site.archive("adhoc"))
    month_ago_s = time.time() - 30 * 86_400
    for path in archive.rglob("*.wav"):
        os.utime(path, (month_ago_s, month_ago_s))
    return archive


def test_the_form_refuses_what_is_no_task(site: Site) -> None:
    conf = {"source": "/a", "out": "/b", "tasks": ["song"]}
    response = site.client().post(
        "/dags/annotate_adhoc/dagRuns", json={"logical_date": None, "conf": conf}
    )
    assert (response.status_code, "'song' is not one of" in response.text) == (400, True)


def test_the_form_refuses_a_relative_folder(site: Site) -> None:
    conf = {"source": "/a", "out": "annotated"}
    response = site.client().post(
        "/dags/annotate_adhoc/dagRuns", json={"logical_date": None, "conf": conf}
    )
    told = "'annotated' does not match '^(/|gs://)'"
    assert (response.status_code, told in response.text) == (400, True)


def test_a_parameter_that_is_none_is_refused_by_the_first_task(site: Site) -> None:
    """Airflow 3.3 lets it pass: the run would annotate yesterday."""
    dag = "annotate__served"
    run = site.trigger(dag, dya=day(3))
    assert site.finished(dag, [run]) == {run: "failed"}
    plan = site.task(dag, run, "plan")
    assert (plan["state"], plan["try_number"]) == ("failed", 1)
    assert "parameter 'dya' is none of this DAG's: did you mean day?" in site.log(dag, run, "plan")


def test_a_wrong_corpus_file_is_an_import_error_and_others_run(site: Site) -> None:
    errors = site.client().get("/importErrors").json()["import_errors"]
    assert [error["filename"] for error in errors] == ["wrong_corpora.py"]
    assert (
        f"{site.folder}/corpora/broken.yaml:2: unknown key 'ouut'; known are source, out"
        in errors[0]["stack_trace"]
    )
    dags = {dag["dag_id"] for dag in site.client().get("/dags?limit=100").json()["dags"]}
    assert {"annotate__browsed", "annotate__watched", "watch__watched"} <= dags
    assert "annotate__broken" not in dags
