"""The plan on paper: its arithmetic, its requests against a storage server's count, its command."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.storage.address import open_store
from beam_jobs.cli import main
from beam_jobs.framework.ledger import Ledger
from beam_jobs.night import annotate, audit, discover, publish, segment, sizing
from beam_jobs.night.sizing import gpu_hours, size
from schemas.options.night import Budget
from schemas.reports import MeasuredRate
from tests.beam_jobs.job_settings import planned
from tests.beam_jobs.small_night import DAY, TOLERANT, rows, settings_of
from tests.faulty_network import Request, between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload

PRICED = Budget(gpu_price=2.0)
PLAN = "the plan of one day, which is one object"


def test_a_thousand_hours_a_night() -> None:
    sized = size(1000, 8, 20, PRICED)
    assert (sized.recordings, sized.clips, sized.segments) == (2000, 6000, 144_000)
    assert (sized.gpu_hours, sized.gpus) == (50.0, 7)
    assert (round(sized.core_hours, 2), sized.cores) == (3.33, 1)
    assert (sized.class_a, sized.class_b) == (46_018, 52_014)
    assert (sized.clip_gb, sized.ledger_gb, sized.table_gb) == (65.0, 1.2, 0.1)
    assert (sized.gpu_cost, round(sized.core_cost, 4)) == (100.0, 0.1667)
    assert round(sized.request_cost, 4) == 0.2509
    assert round(sized.storage_cost_a_month, 3) == 1.326
    assert [(b.name, round(b.share, 4)) for b in sized.bottlenecks[:3]] == [
        ("GPUs", 6.25),
        ("cores that decode and cut", 0.4167),
        (PLAN, 0.012),
    ]


def test_a_million_hours_in_one_day_break_the_plan_of_the_day() -> None:
    together, spread = (
        {b.name: b.share for b in size(1_000_000, 2160, 20, PRICED, days).bottlenecks}
        for days in (1, 3650)
    )
    assert together[PLAN] == 12.0
    assert spread[PLAN] < 0.01


def test_a_night_and_the_plan_on_paper_share_their_arithmetic() -> None:
    assert gpu_hours(3_600_000_000, 20) == size(1000, 8, 20, PRICED).gpu_hours == 50.0


@given(
    hours=st.floats(0.1, 1e7),
    more=st.floats(1, 100),
    window_h=st.floats(0.5, 1e4),
    rate=st.floats(0.1, 1e4),
)
def test_more_hours_never_need_less(
    hours: float, more: float, window_h: float, rate: float
) -> None:
    small, large = (size(h, window_h, rate, PRICED) for h in (hours, hours * more))
    for name in ("gpu_hours", "gpus", "cores", "class_a", "class_b", "cost_once", "table_gb"):
        assert getattr(small, name) <= getattr(large, name)
    assert small.gpus * window_h >= small.gpu_hours * (1 - 1e-9)
    shares = [b.share for b in small.bottlenecks]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.storage_server
@pytest.mark.parametrize("lengths_s", [(20,), (20, 20, 20, 20), (200, 20)])
def test_requests_are_those_that_a_storage_server_counts(
    lengths_s: tuple[int, ...], untrained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From discover to publish, but for what depends on the time: looks of the progress, renewals
    of claims, and listings of what is withdrawn, of which each process makes one in five seconds.
    """
    for job in (segment, annotate):
        monkeypatch.setattr(job, "show_progress", lambda *_: contextlib.nullcontext())
        monkeypatch.setattr(job, "_work", lambda *_: None)
    for number, seconds in enumerate(lengths_s):
        write(tmp_path / "arc" / DAY / f"{number}.flac", programme(seconds)[number * 1000 :])
    archive, out = f"gs://{BUCKET}/arc", f"gs://{BUCKET}/nights/out"
    with bucket(), between(server_address()) as network:
        upload(tmp_path / "arc", (tmp_path / "arc").rglob("*"), "arc")
        with found_at(network.address):
            settings = settings_of(archive, out, untrained, "--max-clip-s=30")
            for job in (discover, segment, annotate):
                job.run(settings)
            asked = len(network.asked)
            behind_plan = planned(settings, "audit", *TOLERANT), planned(settings, "publish")
            for_settings = network.asked[asked:]
            audit.run(behind_plan[0])
            publish.run(behind_plan[1])
            counted = Counter(_class(request) for request in network.asked)
            counted.subtract(_class(request) for request in for_settings)
            assert {_class(request) for request in network.asked if _is_of_withdrawn(request)} == {
                "A"
            }
            counted["A"] -= sum(map(_is_of_withdrawn, network.asked))
            counted["A"] += sum(map(_is_of_withdrawn, for_settings))
            clips = len({row["clip_id"] for row in rows(out, "segments")})
    for k, name in enumerate("AB"):
        expected = len(lengths_s) * sizing.PER_RECORDING[k] + clips * sizing.PER_CLIP[k]
        expected += sizing.PER_SHARD[k]
        # a job asks a few times whatever the night's size
        assert 0 <= counted[name] - expected <= 24, (name, counted, expected)


def _is_of_withdrawn(request: Request) -> bool:
    return "%2Fwithdrawn%2F" in request.path


def _class(request: Request) -> str:
    """As Google bills it (cloud.google.com/storage/pricing#operations-by-class)."""
    if request.method == "DELETE":
        return "free"
    if request.is_upload:
        return "A"
    return "B" if "/o/" in urlsplit(request.path).path else "A"


def test_the_command_takes_the_rate_that_was_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", "--hours", "1000", "--gpu-price", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "audio       1,000 h in about 2,000 recordings, 6,000 clips, 144,000 segments"
    )
    assert lines[1] == (
        "GPUs        7 for 8 h: 50.0 GPU hours at 20x real time, expected (--gpu-rate); no night"
        " was measured yet"
    )
    assert lines[5] == "cost once   100.42: GPUs 100.00, cores 0.17, requests 0.25"
    rate = MeasuredRate(7_200_000, 72_000, "r", "2026-11-22T03:04:05+00:00")
    Ledger(open_store(str(tmp_path))).put_rate("radio", rate)
    assert main(["plan", "--hours", "1000", "--out", str(tmp_path), "--corpus", "radio"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "GPUs        2 for 8 h: 10.0 GPU hours at 100x real time, measured on 2026-11-22 over"
        " 2:00:00 of audio"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--hours", "0"], "af3: --hours 0: must be more than 0"),
        (["--hours", "nan"], "af3: --hours nan: must be more than 0"),
        (["--hours", "5", "--window-h", "-1"], "af3: --window-h -1: must be more than 0"),
        (["--hours", "5", "--days", "0"], "af3: --days 0: must be more than 0"),
        (["--hours", "5", "--gpu-rate", "0"], "af3: --gpu-rate 0: must be more than 0"),
        ([], "af3: --out is missing: name the folder for the tables"),
    ],
)
def test_wrong_amounts_are_one_clear_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments]) == 2
    assert capsys.readouterr().err == said + "\n"
