"""What a night will be before it costs anything: done and open audio, GPU hours, the budget."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from beam_jobs.night import annotate, discover
from beam_jobs.night.plan import Estimate, estimate
from beam_jobs.night.planned_work import PlannedWork
from schemas.options.night import Budget
from schemas.reports import MeasuredRate
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, make_archive, night, rows, settings_of
from tests.media import programme, write

EXPECTED = "expected (--gpu-rate); no night was measured yet"
MEASURED = "measured on 2026-11-22 over 2:00:00 of audio"
RATE = MeasuredRate(7_200_000, 240_000, "r1", "2026-11-22T03:04:05+00:00")
"""Two hours of audio in four minutes: 30 times real time."""
TEN_HOURS = PlannedWork(
    recordings=3, duration_ms=54_000_000, to_cut_ms=27_000_000, to_ask_ms=9_000_000
)
"""Ten hours are open, five more came in and are done."""


@pytest.mark.parametrize(
    ("work", "budget", "measured", "expected"),
    [
        (TEN_HOURS, Budget(), None, Estimate(0.5, None, 0.0, 20.0, EXPECTED, False)),
        (TEN_HOURS, Budget(), RATE, Estimate(0.3333, None, 0.0, 30.0, MEASURED, False)),
        (
            TEN_HOURS,
            Budget(gpu_rate=40.0, gpu_price=2.5),
            None,
            Estimate(0.25, None, 0.62, 40.0, EXPECTED, False),
        ),
        (
            TEN_HOURS,
            Budget(gpu_rate=40.0, gpu_price=3.0),
            RATE,
            Estimate(0.3333, None, 1.0, 30.0, MEASURED, False),
        ),
        (
            TEN_HOURS,
            Budget(max_gpu_hours=0.5),
            None,
            Estimate(0.5, 0.5, 0.0, 20.0, EXPECTED, False),
        ),
        (
            TEN_HOURS,
            Budget(max_gpu_hours=0.49),
            None,
            Estimate(0.5, 0.49, 0.0, 20.0, EXPECTED, True),
        ),
        (
            TEN_HOURS,
            Budget(max_gpu_hours=0.49),
            RATE,
            Estimate(0.3333, 0.49, 0.0, 30.0, MEASURED, False),
        ),
        (
            PlannedWork(recordings=1, duration_ms=36_000_000, held_ms=36_000_000),
            Budget(max_gpu_hours=0.0, gpu_price=3.0),
            None,
            Estimate(0.0, 0.0, 0.0, 20.0, EXPECTED, False),
        ),
        (
            PlannedWork(recordings=1, duration_ms=1, to_cut_ms=1),
            Budget(max_gpu_hours=0.0),
            None,
            Estimate(0.0, 0.0, 0.0, 20.0, EXPECTED, True),
        ),
    ],
)
def test_open_audio_over_the_rate_makes_gpu_hours(
    work: PlannedWork, budget: Budget, measured: MeasuredRate | None, expected: Estimate
) -> None:
    assert estimate(work, budget, measured) == expected


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def finished(archive: Path, untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("night") / "out"
    night(archive, out, untrained)
    return out


def plan(archive: Path, out: Path, checkpoint: Path, *options: str) -> dict[str, Any]:
    """The facts of `af3 plan`, as its report file holds them."""
    report = out.parent / "plan.json"
    given = ["--out", str(out), "--model", str(checkpoint), "--report", str(report)]
    assert main(["plan", str(archive), *given, *options]) == 0
    facts: dict[str, Any] = json.loads(report.read_text())["facts"]
    return facts


def durations(out: Path) -> list[int]:
    return [row["duration_ms"] for row in rows(out, "recordings")]


def test_all_of_a_fresh_archive_is_open(
    archive: Path,
    finished: Path,
    untrained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = sum(durations(finished))
    options = "--run-id r1 --gpu-rate 2 --gpu-price 100 --max-gpu-hours 0.001".split()
    facts = plan(archive, tmp_path / "out", untrained, *options)
    assert {name: facts[name] for name in ("recordings", "failures", "held_ms", "to_ask_ms")} == {
        "recordings": 2,
        "failures": 0,
        "held_ms": 0,
        "to_ask_ms": 0,
    }
    assert facts["duration_ms"] == facts["to_cut_ms"] == whole
    assert facts["gpu_hours"] == round(whole / 2 / 3_600_000, 4)
    assert facts["over_budget"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "run         r1"
    assert lines[8].startswith("came in     2 recordings, 0:4")
    assert lines[8].endswith(" of audio, 0 objects that cannot be used")
    assert lines[9] == "done        0:00 of audio is annotated already"
    assert lines[10].endswith(" to decode and annotate, 0:00 to annotate")
    assert lines[11].endswith(f" at 100 an hour, at 2x real time, {EXPECTED}")
    assert lines[12] == "OVER BUDGET of 0.001 GPU hours: nothing starts by itself"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".writing",
        "af3-output.txt",
        "claims",
        "ledger",
        "manifests",
        "reports",
    ]


def test_nothing_is_open_after_a_night_and_its_rate_is_known(
    archive: Path, finished: Path, untrained: Path
) -> None:
    whole = sum(durations(finished))
    tasks = str(finished.parent / "quick_tasks.yaml")
    facts = plan(archive, finished, untrained, "--tasks", tasks, "--max-gpu-hours", "0")
    assert (facts["duration_ms"], facts["held_ms"]) == (whole, whole)
    assert (facts["to_cut_ms"], facts["to_ask_ms"]) == (0, 0)
    assert (facts["gpu_hours"], facts["over_budget"]) == (0.0, False)
    assert facts["basis"].startswith("measured on 20")


def test_one_more_question_opens_only_its_share(
    archive: Path, finished: Path, untrained: Path
) -> None:
    tasks = str(finished.parent / "quick_tasks.yaml")
    facts = plan(archive, finished, untrained, "--tasks", tasks, "--ask", "mood=Is it sad?")
    third = sum(duration_ms // 3 for duration_ms in durations(finished))  # one clip each
    assert (facts["to_cut_ms"], facts["to_ask_ms"]) == (0, third)
    assert facts["held_ms"] == sum(durations(finished)) - third


def test_what_is_cut_and_not_asked_is_open_as_a_whole(untrained: Path, tmp_path: Path) -> None:
    write(tmp_path / "arc" / "2026-11-21.wav", programme(6)[:96_000])
    out = tmp_path / "out"
    assert plan(tmp_path / "arc", out, untrained)["to_cut_ms"] == 6_000
    assert main(["segment", "--out", str(out)]) == 0
    facts = plan(tmp_path / "arc", out, untrained)
    assert (facts["to_cut_ms"], facts["held_ms"], facts["to_ask_ms"]) == (0, 0, 6_000)


def test_the_same_recording_on_two_days_counts_once(untrained: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "arc" / "2026-11-21.wav", programme(6)[:96_000])
    (tmp_path / "arc" / "2026-11-22.wav").write_bytes(first.read_bytes())
    (tmp_path / "arc" / "2026-11-23.wav").write_text("no recording")
    facts = plan(tmp_path / "arc", tmp_path / "out", untrained)
    assert (facts["recordings"], facts["failures"], facts["to_cut_ms"]) == (1, 1, 6_000)


def test_each_channel_that_is_cut_by_itself_is_planned_for(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "archive", tmp_path / "out"
    path = write(archive / "2026-11-21" / "call.wav", programme(20)[: 20 * 16_000], channels=2)
    assert path.exists()
    common = ["plan", str(archive), "--out", str(out), "--model", str(untrained)]
    assert main(common) == 0
    assert "open        0:20 to decode and annotate" in capsys.readouterr().out
    assert main([*common, "--channels", "each"]) == 0
    printed = capsys.readouterr().out
    assert "open        0:40 to decode and annotate" in printed
    assert "cutting     clips 600 s, segments 30 s, channels each" in printed


def test_a_plan_that_is_not_cut_has_not_been_annotated(untrained: Path, tmp_path: Path) -> None:
    write(tmp_path / "arc" / DAY / "tape.wav", programme(2))
    waiting = settings_of(tmp_path / "arc", tmp_path / "out", untrained)
    discover.discover(waiting)
    [said] = annotate.run(planned(waiting, "annotate")).lines
    assert said.startswith("nothing to ask yet: 1 recordings wait to be cut; run af3 segment")
