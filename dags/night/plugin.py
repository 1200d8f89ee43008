"""What Airflow's own processes load: the order of runs that wait for a GPU."""

from __future__ import annotations

from typing import ClassVar

from airflow.plugins_manager import AirflowPlugin

from dags.night.priority import TonightFirst


class Af3Plugin(AirflowPlugin):
    """Registered by the package's entry point `airflow.plugins`."""

    name = "af3"
    priority_weight_strategies: ClassVar = [TonightFirst]
