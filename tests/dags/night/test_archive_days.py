"""The nights' timetable: Airflow's own nights, with the archive day as the label of every run."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
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
