"""The ad-hoc form as options of the jobs."""

from __future__ import annotations

from dags.night.adhoc import adhoc_arguments

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
