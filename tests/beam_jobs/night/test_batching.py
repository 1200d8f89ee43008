"""Many clips at once: the same words as clip after clip, whatever breaks in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from af3core.errors import StorageError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.engine_registry import load_engine
from af3core.model.engines.openai_engine import OpenAIEngine
from af3core.model.request import Sound
from af3core.model.runtime.runner import Runner
from beam_jobs.framework import room
from beam_jobs.framework.budget import Budget
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, asking, discover, publish, segment
from schemas.options.night import BatchingName
from schemas.records import AnnotatedClip
from tests.beam_jobs.small_night import DAY, answers, night, quick_tasks, settings_of
from tests.chat_server import chat_server
from tests.media import programme, spoken, write

DEADLINE_S = 240
CLIPS = ("--max-clip-s", "30")
TOGETHER = (*CLIPS, "--batching", "continuous")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of several clips, and short ones."""
    folder = tmp_path_factory.mktemp("batching") / "arc"
    write(folder / DAY / "long.flac", programme(150))
    for number in range(3):
        write(folder / DAY / f"{number}.wav", spoken()[number * 1600 :])
    return folder


@pytest.fixture(scope="module")
def clip_by_clip(archive: Path, untrained: Path) -> Path:
    """The night as it is on a CPU."""
    out = archive.parent / "clip" / "out"
    (archive.parent / "clip").mkdir()
    night(archive, out, untrained, *CLIPS)
    return out


@pytest.fixture(scope="module")
def cut(archive: Path, untrained: Path) -> Path:
    """The night up to its clips."""
    out = archive.parent / "cut" / "out"
    (archive.parent / "cut").mkdir()
    settings = settings_of(archive, out, untrained, *CLIPS)
    discover.run(settings)
    segment.run(settings)
    return out


@pytest.fixture
def out(cut: Path, tmp_path: Path) -> Path:
    """Clips that wait to be asked about."""
    (tmp_path / "night").mkdir()
    shutil.copytree(cut, tmp_path / "night" / "out")
    return tmp_path / "night" / "out"


def settings_for(archive: Path, out: Path, checkpoint: Path, *more: str) -> JobSettings:
    return settings_of(archive, out, checkpoint, *TOGETHER, *more)


def clips_of(out: Path) -> int:
    return len(list((out / "ledger" / "annotate").rglob("*.json")))


def claims_of(out: Path) -> list[Path]:
    return [path for path in (out / "claims" / "annotate").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("batching", "crosses"), [("auto", False), ("clip", False), ("continuous", True)]
)
def test_a_cpu_asks_clip_after_clip_unless_it_is_told_otherwise(
    archive: Path, untrained: Path, batching: BatchingName, crosses: bool
) -> None:
    settings = settings_of(
        archive, archive.parent / "out", untrained, "--device=cpu", f"--batching={batching}"
    )
    assert asking.crosses_clips(settings) is crosses
    plain = settings_of(archive, archive.parent / "out", untrained, "--device=cpu")
    assert settings.task_hashes() == plain.task_hashes()


def test_a_gpu_asks_many_clips_at_once(archive: Path, untrained: Path) -> None:
    settings = settings_of(archive, archive.parent / "out", untrained, "--device=cuda")
    assert asking.crosses_clips(settings)


def test_the_tables_are_those_of_clip_after_clip(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path
) -> None:
    settings = settings_for(archive, out, untrained)
    engine = load_engine(settings.engine)
    assert isinstance(engine, Af3Engine)
    engine.answer([])
    done = annotate.run(settings)
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)
    clips = clips_of(clip_by_clip)
    assert done.facts["clips_asked"] == clips >= 8
    assert clips_of(out) == clips
    assert claims_of(out) == []
    # one clip of four steps after the other takes four times as many
    assert engine.stats.steps < 3 * clips
    # the clips' time is that of the model, which they share
    assert done.facts["model_ms"] < 1000 * DEADLINE_S
    assert annotate.run(settings).lines == ["all clips are annotated already"]


def test_what_is_decoded_stays_within_its_bytes(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for one clip of thirty seconds, whose segments and whole are heard."""
    budget = Budget(room.sound_bytes(2 * 30_000))
    monkeypatch.setattr(room, "heard", budget)
    settings = settings_for(archive, out, untrained)
    annotate.run(settings)
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)
    assert 0 < budget.peak <= room.sound_bytes(2 * 30_000)


def test_no_clip_is_claimed_for_which_there_is_no_room(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this process cannot work on yet is left to others: the model rests at the first clip."""
    monkeypatch.setattr(room, "heard", Budget(room.sound_bytes(2 * 30_000)))
    settings = settings_for(archive, out, untrained)
    answer, claimed = Af3Engine.answer_beside, list[int]()

    def resting(self: Af3Engine, requests: Any) -> Any:
        if not claimed:
            time.sleep(1)
            claimed.append(len(claims_of(out)))
        return answer(self, requests)

    monkeypatch.setattr(Af3Engine, "answer_beside", resting)
    annotate.run(settings)
    assert clips_of(out) == clips_of(clip_by_clip) >= 8
    # sixty seconds hold one clip of thirty and the four short ones, or two of thirty
    assert 1 <= claimed[0] <= 5 < clips_of(out)


def test_a_clip_that_is_gone_and_one_that_breaks_the_model_stop_no_other(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(archive, out, untrained)
    gone, breaks = sorted((out / "clips").rglob("*.flac"))[:2]
    shutil.move(gone, out.parent / "gone.flac")
    broken, encode = asking_sound(breaks).samples, Runner.encode

    def break_on_one(self: Runner, sounds: list[Sound]) -> object:
        # its first segment: which clip it is differs from run to run, and so how it is divided
        if any(np.array_equal(s.samples, broken[: len(s.samples)]) for s in sounds):
            raise RuntimeError("device-side assert triggered")
        return encode(self, sounds)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "encode", break_on_one)
        done = annotate.run(settings)
    assert done.waiting["ClipMissing"] == 1
    assert done.exit_code == 3
    failures = [
        failure
        for path in (out / "ledger" / "annotate").rglob("*.json")
        for failure in json.loads(path.read_bytes()).get("failures", [])
    ]
    assert {failure["message"] for failure in failures} == {
        "the model failed: RuntimeError: device-side assert triggered"
    }
    shutil.move(out.parent / "gone.flac", gone)
    again = annotate.run(settings)
    assert again.exit_code == 0
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)


def test_clips_without_sound_and_without_memory_stop_no_other(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged clip is a failure for good; one that the memory does not hold waits."""
    settings = settings_for(archive, out, untrained)
    damaged, large = sorted((out / "clips").rglob("*.flac"))[:2]
    data, heard, encode = damaged.read_bytes(), asking_sound(large).samples, Runner.encode
    damaged.write_bytes(b"no FLAC")

    def short_of_memory(self: Runner, sounds: list[Sound]) -> object:
        if any(np.array_equal(s.samples, heard[: len(s.samples)]) for s in sounds):
            raise MemoryError("CUDA out of memory")
        return encode(self, sounds)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "encode", short_of_memory)
        done = annotate.run(settings)
    assert (done.waiting, done.exit_code) == ({"MachineModelError": 1}, 3)
    assert done.facts["clips_asked"] == clips_of(clip_by_clip)
    failed = [
        failure["error_class"]
        for path in (out / "ledger" / "annotate").rglob("*.json")
        for failure in json.loads(path.read_bytes()).get("failures", [])
    ]
    assert set(failed) == {"InvalidAudio"}
    assert annotate.run(settings).facts["clips_asked"] == 1
    assert annotate.run(settings).lines == ["all clips are annotated already"]
    damaged.write_bytes(data)


def asking_sound(path: Path) -> Sound:
    import soundfile

    samples, _ = soundfile.read(path, dtype="float32")
    return Sound(samples)


def test_a_bundle_that_fails_is_done_again_and_asks_nothing_twice(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug ends the job once all that ran beside it is kept."""
    settings = settings_for(archive, out, untrained)
    put, puts, counting = Ledger.put_annotated, list[str](), threading.Lock()

    def broken(self: Ledger, kept: AnnotatedClip) -> None:
        with counting:
            puts.append(kept.clip_id)
            is_third = len(puts) == 3
        if is_third:
            raise ValueError("a bug")
        put(self, kept)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "put_annotated", broken)
        with pytest.raises(Exception, match="a bug"):
            annotate.run(settings)
    clips = clips_of(clip_by_clip)
    kept = clips_of(out)
    assert kept == len(puts) - 1
    assert claims_of(out) == []
    again = annotate.run(settings)
    assert again.facts.get("clips_asked", 0) == clips - kept
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)


def test_a_ledger_that_refuses_a_write_leaves_its_clip_waiting(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(archive, out, untrained)
    put, refused, counting = Ledger.put_annotated, list[str](), threading.Lock()

    def full(self: Ledger, kept: AnnotatedClip) -> None:
        with counting:
            is_refused = not refused
            refused.append(kept.clip_id)
        if is_refused:
            raise StorageError("the bucket: out of quota; try again")
        put(self, kept)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "put_annotated", full)
        done = annotate.run(settings)
    assert (done.waiting, done.exit_code) == ({"StorageError": 1}, 3)
    assert clips_of(out) == clips_of(clip_by_clip) - 1
    assert annotate.run(settings).facts["clips_asked"] == 1
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)


def test_a_claim_that_another_run_took_over_leaves_one_answer(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was stopped finds its claims gone, and its clips answered by its follower."""
    settings = settings_for(archive, out, untrained, "--run-id", "stopped")
    follower = settings_for(archive, out, untrained, "--run-id", "follower")
    ask, taken = asking.ask_questions, list[bool]()

    def stopped(*arguments: Any) -> asking.Asked:
        asked = ask(*arguments)
        if not taken:
            taken.append(True)
            shutil.rmtree(out / "claims" / "annotate")
            annotate.run(follower)
        return asked

    monkeypatch.setattr(annotate, "ask_questions", stopped)
    annotate.run(settings)
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)
    assert clips_of(out) == clips_of(clip_by_clip)


def test_two_runs_share_the_clips(
    archive: Path, out: Path, clip_by_clip: Path, untrained: Path
) -> None:
    reports = [out.parent / f"{name}.json" for name in ("one", "two")]
    processes = [
        subprocess.Popen(
            [*command(out, untrained), "--run-id", report.stem, "--report", str(report)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for report in reports
    ]
    for process in processes:
        _, error = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, error
    facts: list[dict[str, Any]] = [json.loads(path.read_text())["facts"] for path in reports]
    assert sum(fact.get("clips_asked", 0) for fact in facts) == clips_of(clip_by_clip)
    publish.run(settings_for(archive, out, untrained))
    assert answers(out) == answers(clip_by_clip)
    assert claims_of(out) == []


@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_what_is_answered_outlives_the_process(
    archive: Path,
    out: Path,
    clip_by_clip: Path,
    untrained: Path,
    kill: signal.Signals,
    code: int,
) -> None:
    clips = clips_of(clip_by_clip)
    process = subprocess.Popen(
        [*command(out, untrained), "--batch-tokens", "1000"],  # of the longest, one at a time
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + DEADLINE_S
    while clips_of(out) < 1:
        assert time.monotonic() < until
        time.sleep(0.01)
    os.killpg(process.pid, kill)
    _, error = process.communicate(timeout=DEADLINE_S)
    kept = clips_of(out)
    if kept == clips:
        pytest.skip("it was done before it could be killed")
    assert process.returncode == code, error
    settings = settings_for(archive, out, untrained)
    done = annotate.run(settings)
    assert done.facts["clips_asked"] == clips - kept
    publish.run(settings)
    assert answers(out) == answers(clip_by_clip)


def test_a_server_has_the_questions_of_many_clips_at_once(archive: Path, out: Path) -> None:
    """Eight clips at least, of which each waits until questions of others have come."""
    with chat_server() as server:
        options = ("--engine", "openai", "--endpoint", server.endpoint, *TOGETHER)
        settings = settings_of(archive, out, Path("af3"), *options)
        engine = load_engine(settings.engine)
        assert isinstance(engine, OpenAIEngine)
        most, under_way, changing = [0], [0], threading.Lock()
        answer_one = engine._shared._answer_one

        def noted(*asked: Any) -> Any:
            with changing:
                under_way[0] += 1
                most[0] = max(most[0], under_way[0])
            time.sleep(0.1)
            result = answer_one(*asked)
            with changing:
                under_way[0] -= 1
            return result

        engine._shared._answer_one = noted
        discover.run(settings)
        done = annotate.run(settings)
    assert done.facts["clips_asked"] >= 8
    assert most[0] > 16


def command(out: Path, checkpoint: Path) -> list[str]:
    given = [sys.executable, "-m", "beam_jobs", "annotate", "--out", str(out), *TOGETHER]
    return [*given, "--model", str(checkpoint), "--tasks", quick_tasks(out)]
