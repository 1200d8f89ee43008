"""A day that is empty or finished is said so by its plan, and no other is."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.framework.job import run_of
from beam_jobs.framework.ledger import Ledger
from schemas import layout
from schemas.jobs import NIGHTLY, JobName, job_named
from schemas.record_format import stored_bytes
from schemas.records import DayReplacement, RetryRequest
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import DAY, QUICK_TASKS
from tests.chat_server import Server, chat_server
from tests.media import spoken, write

EMPTY_DAY = "2026-11-22"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with chat_server() as running:
        yield running


class Nights:
    """Runs of one day, a job after the other, as Airflow starts them."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.archive, self.out = folder / "arc", folder / "out"
        self.tasks = folder / "tasks.yaml"
        self.tasks.write_text(QUICK_TASKS)
        self.model = ["--model", "af3", "--engine", "openai", "--endpoint", server.endpoint]
        self.runs = itertools.count()
        write(self.archive / DAY / "a.wav", spoken())

    def job(self, name: JobName, run: str, *options: str, day: str = DAY) -> dict[str, Any]:
        given = [str(self.archive)] if name == "plan" else []
        given += ["--out", str(self.out), "--date", day, "--run-id", run, *options]
        given += ["--tasks", str(self.tasks)] if name == "plan" else []
        given += self.model if name == "plan" else []
        given += self.model[-2:] if name == "annotate" else []
        if name == "audit":
            given += ["--max-failed-share=1", "--max-flagged-share=1", "--max-waiting-share=1"]
        return run_of(job_named(name))(settings_for(name, *given), []).facts

    def plan(self, *options: str, day: str = DAY) -> str:
        """Why nothing is to be done, as a new run's plan says it."""
        run = f"p{next(self.runs)}"
        return str(self.job("plan", run, *options, day=day)["nothing_to_do"])

    def night(self, until: JobName = "report") -> bool:
        """A whole run, or its first jobs; gives whether it changed the tables."""
        run, changed = f"n{next(self.runs)}", False
        for each in NIGHTLY:
            facts = self.job(each.name, run)
            changed = bool(facts["is_changed"]) if each.name == "publish" else changed
            if each.name == until:
                break
        return changed


@pytest.fixture
def nights(tmp_path: Path, server: Server) -> Nights:
    return Nights(tmp_path, server)


def test_a_day_is_finished_from_its_report_on_and_a_second_run_changes_nothing(
    nights: Nights,
) -> None:
    assert nights.plan() == ""
    assert nights.night(until="publish") is True
    # whoever follows the tables may not have been told: a run goes on to its end, and tells them
    assert nights.plan() == ""
    assert nights.night() is True
    assert nights.plan() == "finished"
    assert nights.plan("--max-gpu-hours=0", "--gpu-price=3") == "finished"
    assert nights.night() is False
    assert nights.plan() == "finished"


def test_a_day_with_what_is_no_recording_is_finished_too(nights: Nights) -> None:
    (nights.archive / DAY / "notes.wav").write_text("no recording")
    nights.night()
    assert nights.plan() == "finished"


def test_a_day_of_nothing_is_empty(nights: Nights) -> None:
    assert nights.plan(day=EMPTY_DAY) == "empty"
    assert nights.plan(day=EMPTY_DAY) == "empty"
    write(nights.archive / EMPTY_DAY / "late.wav", spoken("the river will be loud"))
    assert nights.plan(day=EMPTY_DAY) == ""


def test_the_last_recording_of_a_day_leaves_the_tables(nights: Nights) -> None:
    nights.night()
    for path in (nights.archive / DAY).iterdir():
        path.unlink()
    write(nights.archive / EMPTY_DAY / "other.wav", spoken("another day"))
    assert nights.plan("--accept-missing") == ""
    assert nights.night() is True
    # what is published is an empty day: it lacks nothing
    assert nights.plan() == "finished"


def _more_came_in(nights: Nights) -> None:
    write(nights.archive / DAY / "b.wav", spoken("the garden will be loud"))


def _same_name_and_size(nights: Nights) -> None:
    path = nights.archive / DAY / "a.wav"
    before = path.stat()
    path.write_bytes(path.read_bytes()[:-2] + b"\x01\x01")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _other_task(nights: Nights) -> None:
    nights.tasks.write_text(QUICK_TASKS + "mood: {kind: question, prompt: How sad is it.}\n")


def _table_is_gone(nights: Nights) -> None:
    [path] = nights.out.glob("tables/captions/*/*/*.parquet")
    path.unlink()


def _runs_are_gone(nights: Nights) -> None:
    [path] = nights.out.glob("tables/runs/*/*/*.parquet")
    path.unlink()


def _publish_was_interrupted(nights: Nights) -> None:
    key = layout.replacement_key("default", DAY, "night")
    store_at(str(nights.out)).write(key, stored_bytes(DayReplacement("night", "r", {})))


def _answers_are_asked_again(nights: Nights) -> None:
    ledger = Ledger(store_at(str(nights.out)))
    manifest = ledger.manifest("default", DAY)
    assert manifest is not None
    [recording] = manifest.recordings
    ledger.put_retry(
        RetryRequest("annotate", recording.recording_id, 7, recording.recording_id, "r", "")
    )


@pytest.mark.parametrize(
    "change",
    [
        _more_came_in,
        _same_name_and_size,
        _other_task,
        _table_is_gone,
        _runs_are_gone,
        _publish_was_interrupted,
        _answers_are_asked_again,
    ],
)
def test_a_day_that_lacks_something_is_not_finished(
    nights: Nights, change: Callable[[Nights], None]
) -> None:
    nights.night()
    assert nights.plan() == "finished"
    change(nights)
    assert nights.plan() == ""


def test_a_day_that_waits_is_not_finished(nights: Nights) -> None:
    served = nights.model
    nights.model = [*served[:-1], "http://127.0.0.1:9/v1"]  # where nothing listens
    assert nights.night() is True
    assert nights.plan() == ""
    # it waits still: whoever follows the tables knows them
    assert nights.night() is False
    assert nights.plan() == ""
    nights.model = served
    assert nights.night() is True
    assert nights.plan() == "finished"


def test_a_quiet_plan_needs_no_beam() -> None:
    code = "import sys, beam_jobs.night.plan; sys.exit('apache_beam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
