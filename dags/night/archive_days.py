"""The timetable of nights: every run of an archive day carries that day, whatever made it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable
from airflow.utils.strings import get_random_string

if TYPE_CHECKING:
    from airflow.timetables.base import TimeRestriction
    from airflow.utils.types import DagRunType
    from pendulum import DateTime

DAY_FORMAT = "%Y-%m-%d"
SCHEDULED_LATER = datetime.timedelta(microseconds=1)
"""How far a scheduled run stands behind a backfill of its day: Airflow takes the last run of the
last day for the night that it counts on from, and by this we know that it was one."""


class ArchiveDays(CronPartitionTimetable):
    """Airflow's partitions by cron, with one label for each of them.

    A run annotates the archive day before its night. Airflow's pages name a run by its `run_after`.
    Its own timetable gives a scheduled run the time of its night and a backfill its archive day:
    two dates for one day. Here both have the day. Names of runs begin with it too.
    """

    def __init__(self, cron: str, **kwargs: Any) -> None:
        super().__init__(cron, **{**kwargs, "run_offset": -1, "key_format": DAY_FORMAT})

    def generate_run_id(
        self, *, run_type: DagRunType, run_after: DateTime, data_interval: Any, **extra: Any
    ) -> str:
        """`scheduled__2026-11-24__X` or `backfill__2026-11-24__Y`; by hand, the time of it."""
        if day := extra.get("partition_key"):
            return run_type.generate_run_id(suffix=f"{day}__{get_random_string()}")
        return super().generate_run_id(
            run_type=run_type, run_after=run_after, data_interval=data_interval, **extra
        )

    def next_run_info_from_dag_model(self, *, dag_model: Any) -> DagRunInfo | None:
        """The scheduled run that is due: its night has come, and its label is its day."""
        info = super().next_run_info_from_dag_model(dag_model=dag_model)
        if info is None or info.partition_date is None:
            return info
        return info._replace(run_after=info.partition_date + SCHEDULED_LATER)

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The night behind that of the last scheduled run.

        A backfill counts as it does in Airflow's own: one of today leaves tonight's run in place.
        """
        if last_dagrun_info is not None:
            last_dagrun_info = self._with_night(last_dagrun_info)
        return super().next_dagrun_info_v2(
            last_dagrun_info=last_dagrun_info, restriction=restriction
        )

    def iter_partition_dagrun_infos(
        self, *, earliest: datetime.datetime, latest: datetime.datetime
    ) -> Iterable[DagRunInfo]:
        """The days that were chosen for a backfill, the last one whole.

        Airflow's dialog names the midnight that a day begins with: of a schedule at 02:30, Airflow
        itself leaves the last day out.
        """
        end_of_day = datetime.datetime.combine(latest.date(), datetime.time.max, latest.tzinfo)
        return super().iter_partition_dagrun_infos(earliest=earliest, latest=end_of_day)

    def _get_partition_date(self, *, run_date: DateTime) -> DateTime:
        """The night before: its archive day is annotated.

        Airflow's own step back stays where it is at a night whose hour the clock leaves out: it
        would annotate that day twice, and the one before it never.
        """
        night = self._get_prev(run_date.subtract(days=2))
        while (following := self._get_next(night)) < run_date:
            night = following
        return night

    def _with_night(self, info: DagRunInfo) -> DagRunInfo:
        day = info.partition_date
        if day is None or info.run_after <= day:
            return info
        return info._replace(run_after=self._get_next(day))
