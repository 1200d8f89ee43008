"""A job's report as those outside of Airflow see it: metrics and lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dags.launch.metrics import TaskRun, send
from schemas.reports import JobReport

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


class SeenFromOutside:
    """What an operator that collects a job's report shows of it."""

    _seen: JobReport | None = None

    def show(self, report: JobReport, context: Any) -> None:
        """Send the report's metrics, and keep it for OpenLineage: well ended or not."""
        self._seen = report
        send(report, _task_run(context))

    def get_openlineage_facets_on_complete(
        self, task_instance: Any
    ) -> OperatorLineage[Any, Any] | None:
        """What Airflow's OpenLineage provider asks for at the end of a task, failed ones too."""
        if self._seen is None:
            return None
        from dags.launch.lineage import lineage_of

        return lineage_of(self._seen)


def _task_run(context: Any) -> TaskRun:
    run, part = context.get("dag_run"), context["ti"].map_index
    return TaskRun(
        run_type=str(getattr(run.run_type, "value", run.run_type)) if run else "",
        begun=run.start_date if run else None,
        part=part if part is not None and part >= 0 else None,
    )
