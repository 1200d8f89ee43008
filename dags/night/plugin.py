"""What Airflow's own processes load: the nights' timetable, the order of runs that wait for a
GPU, and report pages."""

from __future__ import annotations

import sys
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from dags.launch.report_pages import ROUTE, make_app
from dags.night.archive_days import ArchiveDays
from dags.night.priority import TonightFirst


def _pages() -> list[dict[str, Any]]:
    """Only where pages are served: every task's process loads the plugin too."""
    if not any("api" in argument for argument in sys.argv):
        return []
    return [{"app": make_app(), "url_prefix": ROUTE, "name": "af3 reports"}]


class Af3Plugin(AirflowPlugin):
    """Registered by the package's entry point `airflow.plugins`."""

    name = "af3"
    timetables = [ArchiveDays]  # noqa: RUF012
    priority_weight_strategies = [TonightFirst]  # noqa: RUF012
    fastapi_apps = _pages()
