"""The operator that runs one Beam job of a night on Dataflow, from a flex template.

A template's pipeline is one element, the whole job, which leaves its report in the bucket
(`beam_jobs.framework.dataflow`). No Beam on the Airflow worker, and no worker held while the job
runs: the triggerer waits. The job's name follows from the run, so that a retry after a lost worker
finds the job that runs already. All attempts leave their report at one place: one that was written
before the job was created is an earlier attempt's. Both times are Google's, and no worker's.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow.providers.google.cloud.hooks.gcs import GCSHook, _parse_gcs_url
from airflow.providers.google.cloud.operators.dataflow import DataflowStartFlexTemplateOperator
from airflow.providers.google.cloud.triggers.dataflow import TemplateJobStartTrigger
from airflow.sdk.exceptions import TaskDeferred
from googleapiclient.errors import HttpError

from dags.corpus.arguments import part_name, run_name
from dags.corpus.corpus import Dataflow
from dags.launch.attempts import is_last_attempt
from dags.launch.errors import JobLost, JobMisconfigured, check_report
from dags.launch.job_operator import (
    Arguments,
    Context,
    emit_partition,
    rendered,
)
from dags.launch.seen import SeenFromOutside
from dags.launch.stops import asked_aside
from schemas import layout
from schemas.layout import WHOLE, Part
from schemas.record_format import RecordError
from schemas.reports import JobReport

_ALREADY_EXISTS = 409
_NAME_LENGTH = 63
_ANSWER_S = 2.0
"""A task that is told to stop has five seconds for it."""


class FlexTemplateJobOperator(SeenFromOutside, DataflowStartFlexTemplateOperator):
    """Launch `TEMPLATES/JOB.json` with the job's options and wait in the triggerer.

    Args:
        job: its name in `schemas.jobs`.
        arguments: gives the job's options for a context, Beam's included, as Airflow renders
            templates.
        dataflow: where the templates lie and run.
        partition: gives the partition key of the task's outlets.
        part, parts: which part of the job's work this task does, and how many there are.
    """

    template_fields = ("job_module", "arguments", "project_id", "location")

    def __init__(
        self,
        *,
        job: str,
        arguments: Arguments,
        dataflow: Dataflow,
        partition: Callable[[Context], str] | None = None,
        part: int = 0,
        parts: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            body={},
            project_id=dataflow.project,
            location=dataflow.region,
            gcp_conn_id=dataflow.connection,
            deferrable=True,
            append_job_name=False,
            **kwargs,
        )
        self.job_module = job
        self.arguments: Arguments | Sequence[str] = arguments
        self.dataflow = dataflow
        self.partition = partition
        self.part, self.parts = part, parts
        self._task_instance: Any = None

    @property
    def part_name(self) -> str:
        """For the UI's list of parts."""
        return part_name((self.part, self.parts))

    def execute(self, context: Context) -> Any:
        """Launch and defer; a job of this name that runs already is waited for instead."""
        ti = self._task_instance = context["ti"]
        part = (self.part, self.parts)
        name = job_name(ti.dag_id, ti.task_id, ti.run_id, part)
        template = f"{self.dataflow.templates}/{self.job_module}.json"
        self.body = launch_body(name, template, rendered(self.arguments))
        try:
            return super().execute(context)
        except TaskDeferred as deferred:
            deferred.kwargs = _created(self.job or {})
            raise
        except HttpError as error:
            if error.resp.status != _ALREADY_EXISTS:
                raise
        self.log.info("going on with the job %s, which runs already", name)
        job = self._active_job(name)
        trigger = self._trigger(str(job["id"]))
        return self.defer(trigger=trigger, method_name="execute_complete", kwargs=_created(job))

    def on_kill(self) -> None:
        """Cancel the job where somebody ended the task. The next attempt of another one finds it by
        its name. While the triggerer waits, Airflow calls its trigger instead, for such ends alone.
        """
        if self._task_instance is not None and asked_aside(self._task_instance, _ANSWER_S):
            super().on_kill()

    def execute_complete(
        self, context: Context, event: dict[str, Any], created: str = ""
    ) -> dict[str, Any]:
        """Read the job's report from beside the tables; the job's console page is the link.

        Args:
            event: how Dataflow says that the job ended.
            created: when Dataflow created the job; empty where a release deferred the task that
                did not keep it.

        Raises:
            JobError: the job failed; its type says whether another attempt may help.
        """
        report = self._report(context, created)
        if event["status"] != "success" and (report is None or not report.exit_code):
            raise JobLost(f"{self.job_module}: {event['message']}")
        if report is None:
            raise JobLost(f"{self.job_module} ended without a report")
        self.show(report, context)
        check_report(report, lambda: is_last_attempt(context))
        emit_partition(self, self.partition, context)
        return {**report.to_json(), "dataflow_job_id": event.get("job_id")}

    def _report(self, context: Context, created: str) -> JobReport | None:
        """The report that the job left; None where there is none, or an earlier attempt's."""
        given = {name: value for name, _, value in map(_split, rendered(self.arguments))}
        run = run_name(context["ti"].run_id)
        key = layout.report_key(given["corpus"], run, self.job_module, (self.part, self.parts))
        bucket, path = _parse_gcs_url(f"{given['out'].rstrip('/')}/{key}")
        hook = GCSHook(gcp_conn_id=self.gcp_conn_id)
        found = hook.get_conn().bucket(bucket).get_blob(path)
        if found is None:
            return None
        if created and found.updated < datetime.datetime.fromisoformat(created):
            self.log.info("gs://%s/%s is an earlier attempt's report", bucket, path)
            return None
        try:
            return JobReport.from_bytes(found.download_as_bytes())
        except RecordError as error:
            if error.needed_release:
                raise
            self.log.warning("gs://%s/%s: %s", bucket, path, error)
            return None

    def _active_job(self, name: str) -> Mapping[str, Any]:
        jobs = self.hook.get_conn().projects().locations().jobs()
        request = jobs.list(
            projectId=self.project_id, location=self.location, filter="ACTIVE", name=name
        )
        found = request.execute(num_retries=3).get("jobs", [])
        if not found:
            raise JobLost(f"Dataflow says that {name} runs, and lists no such job; try again")
        return dict(found[0])

    def _trigger(self, job_id: str) -> TemplateJobStartTrigger:
        return TemplateJobStartTrigger(
            project_id=self.project_id,
            job_id=job_id,
            location=self.location,
            gcp_conn_id=self.gcp_conn_id,
            poll_sleep=self.poll_sleep,
            impersonation_chain=self.impersonation_chain,
            cancel_timeout=self.cancel_timeout,
            drain_pipeline=self.drain_pipeline,
            cancel_on_kill=self.cancel_on_kill,
        )


def _created(job: Mapping[str, Any]) -> dict[str, Any]:
    """What a deferred task is told of its job; Dataflow's replies have the time of each."""
    return {"created": str(job.get("createTime") or "")}


def job_name(dag_id: str, task: str, run_id: str, part: Part = WHOLE) -> str:
    """Dataflow's name of a task's job: the same for every attempt, another per part. Pure."""
    which = run_id if part == WHOLE else f"{run_id} {part_name(part)}"
    digest = hashlib.sha256(which.encode()).hexdigest()[:8]
    readable = re.sub(r"[^a-z0-9]+", "-", f"{dag_id}-{task}".lower()).strip("-")
    return f"{readable[: _NAME_LENGTH - 9].rstrip('-')}-{digest}"


def launch_body(job: str, template: str, arguments: Sequence[str]) -> dict[str, Any]:
    """The request of `flexTemplates.launch`. Pure.

    A template's parameters are a mapping: tasks of `--only` are joined by commas.

    Raises:
        JobMisconfigured: a question of `ask` cannot be passed on.
    """
    parameters: dict[str, str] = {}
    for option in arguments:
        name, given, value = _split(option)
        value = value if given else "true"
        key = name.replace("-", "_")
        if key == "ask":
            raise JobMisconfigured("templates take no key ask: put the question into a task file")
        parameters[key] = f"{parameters[key]},{value}" if key in parameters else value
    return {
        "launchParameter": {
            "jobName": job,
            "containerSpecGcsPath": template,
            "parameters": parameters,
        }
    }


def _split(option: str) -> tuple[str, str, str]:
    return option.removeprefix("--").partition("=")
