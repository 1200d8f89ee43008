"""Jobs on Dataflow: the request, the name, a job that runs already, and which report is whose.

Dataflow is not here: Google's own client library answers from recorded forms of its replies. The
bucket of the reports is a real server's.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpMockSequence

from af3core.storage.address import open_store
from af3core.storage.store import Store
from dags.corpus.arguments import job_arguments, part_option
from dags.corpus.corpus import Corpus, Dataflow, Runner
from dags.launch.errors import JobLost, JobMisconfigured
from dags.launch.flex_template import FlexTemplateJobOperator, job_name, launch_body
from schemas import layout
from schemas.record_format import stored_json
from schemas.reports import JobReport
from tests.storage_server import BUCKET, bucket

DATAFLOW = Dataflow("my-project", "europe-west4", "gs://bucket/templates")
RUN = "backfill__2026-11-03T00:00:00+00:00__x"
NAME = "annotate-radio-annotate-d5e1f1a5"
OUT = f"gs://{BUCKET}/out"
CREATED = "2026-11-04T01:02:03.456789Z"
JOB = {"id": "job-1", "name": NAME, "projectId": "my-project", "createTime": CREATED}
LAUNCHED = json.dumps({"job": JOB})
CONFLICT = json.dumps({"error": {"code": 409, "message": "There is already an active job"}})


@pytest.fixture(autouse=True)
def _connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket's server takes whoever asks."""
    connection = {"conn_type": "google_cloud_platform", "extra": {"is_anonymous": True}}
    monkeypatch.setenv("AIRFLOW_CONN_GOOGLE_CLOUD_DEFAULT", json.dumps(connection))


class Task:
    """What the operator reads of a task instance."""

    dag_id, run_id, task_id, map_index = "annotate__radio", RUN, "annotate", -1
    try_number, max_tries = 2, 1

    def xcom_push(self, key: str, value: Any) -> None:
        """The job's link goes to XCom in a run."""


def operator(
    *answers: tuple[dict[str, str], str], part: int = 0, parts: int = 1
) -> FlexTemplateJobOperator:
    """The operator over Google's client library, with the service's answers in order."""
    corpus = Corpus("radio", f"gs://{BUCKET}/in", OUT, runner=Runner("dataflow", dataflow=DATAFLOW))
    task = FlexTemplateJobOperator(
        task_id="annotate",
        job="annotate",
        arguments=lambda **_: [
            *job_arguments("annotate", corpus, "2026-11-03", "2026-11-03", "r"),
            *part_option((part, parts)),
        ],
        dataflow=DATAFLOW,
        part=part,
        parts=parts,
    )
    task.render_template_fields({})
    http = HttpMockSequence([(dict(status), body) for status, body in answers])
    service = build("dataflow", "v1b3", http=http, static_discovery=True)
    task.hook.get_conn = lambda: service  # type: ignore[method-assign]
    return task


def test_a_jobs_name_is_the_same_for_every_attempt_and_another_for_another_run() -> None:
    assert job_name("annotate__radio", "annotate", RUN) == job_name(
        "annotate__radio", "annotate", RUN
    )
    assert job_name("annotate__radio", "annotate", RUN) != job_name(
        "annotate__radio", "annotate", "scheduled__1"
    )
    parts = {job_name("annotate__radio", "annotate", RUN, (part, 3)) for part in range(3)}
    assert len(parts | {job_name("annotate__radio", "annotate", RUN)}) == 4
    long = job_name("annotate__" + "x" * 80, "annotate", RUN)
    assert len(long) <= 63
    assert long.startswith("annotate-x")


def test_the_request_names_template_and_parameters() -> None:
    arguments = ["--out=gs://a/out", "--max-clip-s=600", "--only=caption", "--only=transcript"]
    assert launch_body("af3-1", "gs://bucket/templates/annotate.json", arguments) == {
        "launchParameter": {
            "jobName": "af3-1",
            "containerSpecGcsPath": "gs://bucket/templates/annotate.json",
            "parameters": {
                "out": "gs://a/out",
                "max_clip_s": "600",
                "only": "caption,transcript",
            },
        }
    }


def test_a_question_of_the_corpus_file_is_refused() -> None:
    with pytest.raises(JobMisconfigured, match="put the question into a task file"):
        launch_body("af3-1", "gs://b/t.json", ["--ask=mood=Is it sad?"])


def test_an_option_without_a_value_is_a_parameter_that_is_true() -> None:
    body = launch_body("af3-1", "gs://b/t.json", ["--no_use_public_ips", "--ask_nothing="])
    assert body["launchParameter"]["parameters"] == {"no_use_public_ips": "true", "ask_nothing": ""}


def test_the_launched_job_is_waited_for_in_the_triggerer() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        operator(({"status": "200"}, LAUNCHED)).execute({"ti": Task(), "task_instance": Task()})
    assert deferred.value.trigger.job_id == "job-1"
    assert deferred.value.trigger.cancel_on_kill is True
    assert deferred.value.kwargs == {"created": CREATED}


@pytest.mark.parametrize(
    ("states", "cancelled"),
    [
        ({"annotate": "failed"}, ["job-1"]),
        ({"annotate": "restarting"}, ["job-1"]),
        ({"annotate": "running"}, []),
        (None, []),
    ],
)
def test_a_worker_that_lost_airflow_cancels_no_job(states: Any, cancelled: list[str]) -> None:
    class Told(Task):
        def get_task_states(self, **_: Any) -> Any:
            if states is None:
                raise ConnectionError
            return {RUN: states}

    task, found = operator(({"status": "200"}, LAUNCHED)), []
    task.hook.cancel_job = lambda job_id, **_: found.append(job_id)  # type: ignore[method-assign]
    with pytest.raises(TaskDeferred):
        task.execute({"ti": Told(), "task_instance": Told()})
    task.on_kill()
    assert found == cancelled


@pytest.fixture
def store() -> Iterator[Store]:
    """Where the jobs' reports lie."""
    with bucket():
        yield open_store(OUT)


def leave_report(store: Store, exit_code: int, part: layout.Part = layout.WHOLE) -> None:
    """As a job does at its end."""
    at = "2026-11-04T01:02:04+00:00"
    report = JobReport("annotate", "r", "radio", "", "", at, 1.0, exit_code, "PiecesWait", "1 wait")
    run = "backfill__2026-11-03T00-00-00-00-00__x"
    key = layout.report_key("radio", run, "annotate", part)
    store.write(key, json.dumps(stored_json(report)).encode())


def launched(at: datetime.datetime, **which: int) -> tuple[FlexTemplateJobOperator, dict[str, Any]]:
    """An operator that launched its job then, and what it is told once the job has ended."""
    reply = json.dumps({"job": JOB | {"createTime": at.isoformat()}})
    task = operator(({"status": "200"}, reply), **which)
    with pytest.raises(TaskDeferred) as deferred:
        task.execute({"ti": Task(), "task_instance": Task()})
    return task, deferred.value.kwargs or {}


@pytest.mark.storage_server
def test_a_part_is_a_job_of_its_own_that_is_told_which_it_is_and_leaves_its_report(
    store: Store,
) -> None:
    before = datetime.datetime.now(datetime.UTC)
    bodies = []
    for part in (0, 1):
        task, known = launched(before, part=part, parts=2)
        bodies.append(task.body["launchParameter"])
        with pytest.raises(JobLost, match="annotate ended without a report"):
            task.execute_complete({"ti": Task(), "task": task}, {"status": "success"}, **known)
        leave_report(store, 0, (part, 2))
        ended = {"status": "success", "job_id": "job-1"}
        result = task.execute_complete({"ti": Task(), "task": task}, ended, **known)
        assert (result["exit_code"], result["dataflow_job_id"]) == (0, "job-1")
    assert [body["parameters"]["part"] for body in bodies] == ["0/2", "1/2"]
    assert len({body["jobName"] for body in bodies}) == 2


@pytest.mark.storage_server
@pytest.mark.parametrize("exit_code", [0, 1, 3])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("success", "annotate ended without a report"),
        ("error", "annotate: job-1 has failed its execution"),
    ],
)
def test_the_report_of_an_earlier_attempt_is_not_this_ones(
    status: str, said: str, exit_code: int, store: Store
) -> None:
    """All attempts of a task leave theirs at the same place; this one's job was lost."""
    leave_report(store, exit_code)
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(milliseconds=1)
    task, known = launched(soon)
    event = {"status": status, "message": "job-1 has failed its execution"}
    with pytest.raises(JobLost, match=said):
        task.execute_complete({"ti": Task(), "task": task}, event, **known)


@pytest.mark.storage_server
def test_a_task_that_was_deferred_by_an_earlier_release_takes_the_report_that_lies_there(
    store: Store,
) -> None:
    leave_report(store, 0)
    task, _ = launched(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1))
    assert (
        task.execute_complete({"ti": Task(), "task": task}, {"status": "success"})["exit_code"] == 0
    )


def test_a_job_of_the_same_run_that_is_active_is_waited_for() -> None:
    listed = json.dumps({"jobs": [{"id": "job-0", "name": NAME, "createTime": CREATED}]})
    task = operator(({"status": "409"}, CONFLICT), ({"status": "200"}, listed))
    with pytest.raises(TaskDeferred) as deferred:
        task.execute({"ti": Task(), "task_instance": Task()})
    assert deferred.value.trigger.job_id == "job-0"
    assert deferred.value.kwargs == {"created": CREATED}


def test_a_job_that_is_said_to_run_and_is_not_listed_is_tried_again() -> None:
    task = operator(({"status": "409"}, CONFLICT), ({"status": "200"}, "{}"))
    with pytest.raises(JobLost, match="lists no such job; try again"):
        task.execute({"ti": Task(), "task_instance": Task()})


def test_another_error_of_the_service_is_the_tasks() -> None:
    task = operator(({"status": "403"}, json.dumps({"error": {"message": "no"}})))
    with pytest.raises(HttpError):
        task.execute({"ti": Task(), "task_instance": Task()})
