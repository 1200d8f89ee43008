"""The ad-hoc form as options of the jobs."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from af3core.errors import ConfigurationError
from dags.night.adhoc import adhoc_arguments, adhoc_dag, form

FORM = {
    "source": "/media/film",
    "out": "/media/annotated",
    "tasks": ["transcript", "music"],
    "model": "nvidia/audio-flamingo-3-hf",
    "dtype": "bfloat16",
    "since": None,
    "until": "2026-11-09",
    "max_gpu_hours": 1.5,
    "dry_run": False,
}


def test_the_form_is_what_the_jobs_are_told() -> None:
    arguments = adhoc_arguments("plan", FORM, "manual-1")
    assert set(arguments) >= {
        "--source=/media/film",
        "--out=/media/annotated",
        "--corpus=adhoc",
        "--since=0001-01-01",
        "--until=2026-11-09",
        "--model=nvidia/audio-flamingo-3-hf",
        "--dtype=bfloat16",
        "--only=transcript",
        "--only=music",
        "--max-gpu-hours=1.5",
        "--run-id=manual-1",
    }


@pytest.mark.parametrize("key", ["source", "out"])
@pytest.mark.parametrize("place", ["annotated", "./annotated", "", "~/annotated", "s3://a/b"])
def test_a_relative_folder_is_refused_by_the_form_and_by_the_task(key: str, place: str) -> None:
    """It would lie below the folder in which Airflow was started."""
    with pytest.raises(ParamValidationError):
        form()[key].resolve(place)
    with pytest.raises(ConfigurationError, match=f"{key} '{place}' is no absolute path: it would"):
        adhoc_arguments("plan", FORM | {key: place}, "manual-1")
    for whole in ("/media/annotated", "gs://bucket/annotated"):
        assert form()[key].resolve(whole) == whole


def test_its_pool_is_a_setting_of_the_site(monkeypatch: pytest.MonkeyPatch) -> None:
    def pools() -> dict[str, Any]:
        return {task.task_id: task.pool for task in adhoc_dag().tasks}

    assert pools()["annotate"] == "gpu"
    monkeypatch.setenv("AF3_ADHOC_POOL", "a100")
    assert (pools()["annotate"], pools()["plan"]) == ("a100", "default_pool")
