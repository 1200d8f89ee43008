"""The jobs on a portable runner: the same tables as on the local one, through a worker's death."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import pytest

from beam_jobs.night import annotate, discover, publish, segment
from tests.beam_jobs.portable import prism, workers
from tests.beam_jobs.small_night import (
    DAY,
    all_rows,
    answers,
    make_archive,
    night,
    quick_tasks,
    settings_of,
)
from tests.media import programme, write

DEADLINE_S = 240
CLIPS = ("--max-clip-s", "30")
JOBS = ("discover", "segment", "annotate", "publish")
GPU = "type:nvidia-l4;count:1;install-nvidia-driver"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_archive(tmp_path_factory.mktemp("archive"))
    write(folder / DAY / "programme.flac", programme(100))
    return folder


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with prism(tmp_path_factory.mktemp("prism")) as options:
        yield options


def command(job: str, archive: Path, out: Path, checkpoint: Path, *more: str) -> list[str]:
    given = [sys.executable, "-m", f"beam_jobs.{job}", "--source", str(archive), *CLIPS]
    model = ["--model", str(checkpoint), "--tasks", quick_tasks(out), "--run-id", "portable"]
    return [*given, "--out", str(out), *model, *more]


@pytest.mark.portable_runner
def test_a_night_is_the_same_and_survives_its_worker(
    archive: Path, untrained: Path, runner: list[str], tmp_path: Path
) -> None:
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "nights" / "out"
    night(archive, undisturbed, untrained, *CLIPS)
    (tmp_path / "nights").mkdir()
    clips = len(list(undisturbed.glob("ledger/annotate/*/*/*/*.json")))
    assert clips >= 6
    for job in JOBS[:2]:
        subprocess.run(command(job, archive, out, untrained, *runner), check=True)

    asking = subprocess.Popen(
        command("annotate", archive, out, untrained, "--accelerator", GPU, *runner),
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = time.monotonic()
    while not list(out.glob("ledger/annotate/*/*/*/*.json")):
        assert asking.poll() is None
        assert time.monotonic() - begun < DEADLINE_S
        time.sleep(0.02)
    victims = workers(os.getpid())
    assert len(victims) == 2  # listing has a worker, the model's step one of its own
    for victim in victims:
        victim.kill()
    _, error = asking.communicate(timeout=DEADLINE_S)
    assert asking.returncode == 1
    assert error.splitlines()[-1].startswith("af3: the pipeline failed (")
    assert error.splitlines()[-1].endswith("); what is done is kept, run it again")
    kept = len(list(out.glob("ledger/annotate/*/*/*/*.json")))
    assert 0 < kept < clips

    for job in JOBS[2:]:
        done = subprocess.run(
            command(job, archive, out, untrained, *runner), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        if job == "annotate":
            assert f"clips_asked: {clips - kept}\n" in done.stdout
    assert all_rows(out, archive) == all_rows(undisturbed, archive)


@pytest.mark.portable_runner
def test_many_clips_at_once_survive_their_worker(
    archive: Path, untrained: Path, runner: list[str], tmp_path: Path
) -> None:
    """A bundle whose worker died in the middle is done again, and asks only what is missing."""
    out, undisturbed = tmp_path / "nights" / "out", tmp_path / "undisturbed"
    (tmp_path / "nights").mkdir()
    settings = settings_of(archive, out, untrained, *CLIPS)
    discover.run(settings)
    segment.run(settings)
    night(archive, undisturbed, untrained, *CLIPS)
    clips = len(list(undisturbed.glob("ledger/annotate/*/*/*/*.json")))
    together = ("--batching", "continuous", "--batch-tokens", "1000", *runner)

    asking = subprocess.Popen(command("annotate", archive, out, untrained, *together))
    begun = time.monotonic()
    while not list(out.glob("ledger/annotate/*/*/*/*.json")):
        assert asking.poll() is None
        assert time.monotonic() - begun < DEADLINE_S
        time.sleep(0.02)
    for victim in workers(os.getpid()):
        victim.kill()
    assert asking.wait(DEADLINE_S) == 1
    kept = len(list(out.glob("ledger/annotate/*/*/*/*.json")))
    assert 0 < kept < clips
    waiting = [work.clip.clip_uri for work in annotate.missing_work(settings)]
    gone, aside = out / waiting[0], tmp_path / "gone.flac"
    gone.rename(aside)
    expected = {3: len(waiting), 0: 1}  # a clip that cannot be read stops no other
    for code, asked in expected.items():
        done = subprocess.run(
            command("annotate", archive, out, untrained, *together), capture_output=True, text=True
        )
        assert done.returncode == code, done.stderr
        assert f"clips_asked: {asked}\n" in done.stdout
        if not gone.exists():
            aside.rename(gone)
    publish.run(settings)
    assert answers(out) == answers(undisturbed)


def test_only_the_models_step_asks_for_a_gpu(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    settings = settings_of(archive, tmp_path / "out", untrained, "--accelerator", GPU)
    pipeline = beam.Pipeline()
    annotate.build(pipeline, settings)
    proto = pipeline.to_runner_api()
    hints = {
        name: environment.resource_hints.get("beam:resources:accelerator:v1", b"").decode()
        for name, environment in proto.components.environments.items()
    }
    asking = {
        hints[t.environment_id]
        for t in proto.components.transforms.values()
        if t.unique_name.startswith("Ask")
    }
    listing = {
        hints[t.environment_id]
        for t in proto.components.transforms.values()
        if t.unique_name.startswith("Missing") and t.environment_id
    }
    assert GPU in asking
    assert listing == {""}


def test_a_runner_that_is_not_there_is_one_clear_line(
    archive: Path, untrained: Path, tmp_path: Path
) -> None:
    options = ["--runner=PortableRunner", "--job_endpoint=127.0.0.1:1", "--job_server_timeout=3"]
    done = subprocess.run(
        command("discover", archive, tmp_path / "out", untrained, *options),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    assert "127.0.0.1:1" in done.stderr.splitlines()[-1]
