"""The nights' timetable: Airflow's own nights, with the archive day as the label of every run."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.serialization.encoders import encode_timetable
from airflow.timetables.base import DagRunInfo, TimeRestriction
from airflow.timetables.trigger import CronPartitionTimetable
from airflow.utils.types import DagRunType

from dags.night.archive_days import SCHEDULED_LATER, ArchiveDays

BEGUN = pendulum.datetime(2026, 1, 1)
CHANGES_OF_CLOCKS = [
    pendulum.datetime(2026, month, number)
    for month, number in ((3, 6), (3, 27), (4, 3), (4, 22), (9, 4), (10, 23), (10, 30))
]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Africa/Cairo", "America/Santiago"]


def nights(cron: str, zone: str) -> ArchiveDays:
    return ArchiveDays(cron, timezone=zone)


def model_of(info: DagRunInfo) -> SimpleNamespace:
    """What Airflow keeps of the run that is due next."""
    return SimpleNamespace(
        next_dagrun=None,
        next_dagrun_create_after=info.run_after,
        next_dagrun_partition_date=info.partition_date,
        next_dagrun_partition_key=info.partition_key,
        next_dagrun_data_interval=None,
        next_dagrun_data_interval_start=None,
        next_dagrun_data_interval_end=None,
    )


def after(
    timetable: CronPartitionTimetable,
    last: DagRunInfo | None,
    start: pendulum.DateTime = BEGUN,
) -> DagRunInfo:
    """The night behind a run, where each of them is caught up with."""
    found = timetable.next_dagrun_info_v2(
        last_dagrun_info=last, restriction=TimeRestriction(start, None, catchup=True)
    )
    assert found is not None
    return found


def chain(timetable: ArchiveDays, begun: pendulum.DateTime) -> Iterator[DagRunInfo]:
    """Nights one after the other, each counted on from the run that Airflow stored before."""
    last = None
    for _ in range(6):
        due = after(timetable, last, begun)
        yield due
        last = timetable.next_run_info_from_dag_model(dag_model=model_of(due))
        assert last is not None
        assert last.partition_date is not None
        assert last.run_after - last.partition_date == SCHEDULED_LATER


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", ["0 0 * * *", "30 2 * * *"])
@pytest.mark.parametrize("begun", CHANGES_OF_CLOCKS)
def test_every_day_has_its_night_whatever_the_clock_does(
    zone: str, cron: str, begun: pendulum.DateTime
) -> None:
    """Airflow's own steps skip a day where a clock leaves out the hour of its night."""
    found = list(chain(nights(cron, zone), begun))
    days = [datetime.date.fromisoformat(str(info.partition_key)) for info in found]
    assert days == [days[0] + datetime.timedelta(days=number) for number in range(6)]
    for info, day in zip(found, days, strict=True):
        assert info.run_after.in_timezone(zone).date() == day + datetime.timedelta(days=1)


def test_where_clocks_stay_nights_are_airflows_own() -> None:
    theirs = CronPartitionTimetable(
        "30 1 * * *", timezone="Asia/Tokyo", run_offset=-1, key_format="%Y-%m-%d"
    )
    last = None
    for due in chain(nights("30 1 * * *", "Asia/Tokyo"), BEGUN):
        last = after(theirs, last, BEGUN)
        assert due == last


def test_a_backfill_of_today_leaves_tonights_run_in_place() -> None:
    ours = nights("0 0 * * *", "UTC")
    (today,) = ours.iter_partition_dagrun_infos(
        earliest=datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC),
        latest=datetime.datetime(2026, 11, 24, 23, tzinfo=datetime.UTC),
    )
    due = after(ours, today)
    assert (due.partition_key, str(due.run_after)) == ("2026-11-24", "2026-11-25 00:00:00+00:00")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("cron", ["0 0 * * *", "30 2 * * *", "59 23 * * *"])
@pytest.mark.parametrize("first", CHANGES_OF_CLOCKS)
def test_a_backfill_has_every_day_that_was_chosen(
    zone: str, cron: str, first: pendulum.DateTime
) -> None:
    """The dialog names midnights: Airflow's own leaves the last day out behind a later hour."""
    last = first.add(days=4)
    found = nights(cron, zone).iter_partition_dagrun_infos(earliest=first, latest=last)
    days = [(first + datetime.timedelta(days=number)).to_date_string() for number in range(5)]
    assert [info.partition_key for info in found] == days


def test_a_run_of_an_earlier_release_is_counted_on_from_its_night() -> None:
    ours = nights("0 0 * * *", "UTC")
    day = pendulum.datetime(2026, 11, 23)
    before = DagRunInfo(day.add(days=1), None, day, "2026-11-23")
    assert after(ours, before).partition_key == "2026-11-24"


@pytest.mark.parametrize("kind", [DagRunType.SCHEDULED, DagRunType.BACKFILL_JOB])
def test_the_name_of_a_run_begins_with_its_day(kind: DagRunType) -> None:
    ours = nights("0 0 * * *", "UTC")
    given: dict[str, Any] = {
        "run_type": kind,
        "run_after": pendulum.datetime(2026, 11, 25),
        "data_interval": None,
    }
    names = {ours.generate_run_id(**given, partition_key="2026-11-24") for _ in range(9)}
    assert len(names) == 9
    assert {name[:-10] for name in names} == {f"{kind.value}__2026-11-24"}
    assert {DagRunType.from_run_id(name) for name in names} == {kind}


def test_a_run_by_hand_is_named_by_its_time() -> None:
    name = nights("0 0 * * *", "UTC").generate_run_id(
        run_type=DagRunType.MANUAL,
        run_after=pendulum.datetime(2026, 11, 25, 9, 30),
        data_interval=None,
    )
    assert name.startswith("manual__2026-11-25T09:30:00+00:00__")


def test_airflow_stores_it_and_finds_it_again() -> None:
    ours = nights("30 1 * * *", "Europe/Berlin")
    stored = encode_timetable(ours)
    assert stored["__type"] == "dags.night.archive_days.ArchiveDays"
    found = decode_timetable(stored)
    assert isinstance(found, ArchiveDays)
    assert found.serialize() == ours.serialize()


NIGHTS_OF_A_SCHEDULER = """
import datetime, json
from airflow.utils.db import initdb
initdb()
from airflow.dag_processing.collection import update_dag_parsing_results_in_db
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.backfill import ReprocessBehavior, _create_backfill
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.session import create_session
from sqlalchemy import select
from dags.corpus.corpus import Corpus
from dags.night.factory import annotate_dag

dag = LazyDeserializedDAG.from_dag(annotate_dag(Corpus("radio", "/in", "/out")))
now = datetime.datetime.now(datetime.UTC)
today = now.replace(hour=0, minute=0, second=0, microsecond=0)

def parse_and_schedule():
    with create_session() as session:
        update_dag_parsing_results_in_db("tests", None, [dag], {}, None, set(), session)
    with create_session() as session:
        model = session.get(DagModel, "annotate__radio")
        if model.next_dagrun_create_after <= now:
            SchedulerJobRunner(job=Job())._create_dag_runs([model], session)

with create_session() as session:
    session.add(DagBundleModel(name="tests"))
parse_and_schedule()
with create_session() as session:
    for run in session.scalars(select(DagRun)):
        run.state, run.start_date = "success", now
_create_backfill(
    dag_id="annotate__radio", from_date=today - datetime.timedelta(days=1), to_date=today,
    max_active_runs=1, reverse=False, dag_run_conf=None, triggering_user_name="operator",
    reprocess_behavior=ReprocessBehavior.COMPLETED,
)
parse_and_schedule()
parse_and_schedule()
with create_session() as session:
    due = session.get(DagModel, "annotate__radio")
    runs = [(r.run_type, r.partition_key, r.run_after.isoformat(timespec="seconds"), r.run_id)
            for r in session.scalars(select(DagRun).order_by(DagRun.id))]
    print("FOUND", json.dumps([str(today.date()), due.next_dagrun_partition_key, runs]))
"""


def test_a_scheduler_counts_on_from_its_nights_whatever_was_backfilled(tmp_path: Path) -> None:
    """Airflow's own code over its database: one label for a day, no night twice, none left out."""
    environment = os.environ | {"AIRFLOW_HOME": str(tmp_path)}
    environment |= {"AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [sys.executable, "-c", NIGHTS_OF_A_SCHEDULER],
        env=environment,
        capture_output=True,
        text=True,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")] or [""]
    assert line, done.stderr[-3000:]
    today, due, runs = json.loads(line.removeprefix("FOUND "))
    yesterday = str(datetime.date.fromisoformat(today) - datetime.timedelta(days=1))
    assert due == today
    assert [(kind, day) for kind, day, _, _ in runs] == [
        ("scheduled", yesterday),
        ("backfill", yesterday),
        ("backfill", today),
    ]
    for kind, day, label, name in runs:
        assert label == f"{day}T00:00:00+00:00"
        assert name.startswith(f"{kind}__{day}__")
