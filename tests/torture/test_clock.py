"""A machine whose clock is wrong: what it plans hides nothing, and its times order nothing."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import pytest

from tests import faketime
from tests.beam_jobs.small_night import DAY, QUICK_TASKS, rows
from tests.media import spoken, write
from tests.torture.tormented import JOBS, Torment

pytestmark = pytest.mark.faketime

DAY_S = 86_400


@pytest.fixture
def night(untrained: Path, tmp_path: Path) -> Torment:
    (tmp_path / "tasks.yaml").write_text(QUICK_TASKS)
    options = ("--model", str(untrained), "--tasks", str(tmp_path / "tasks.yaml"))
    work = tmp_path / "work"
    clock = faketime.clock_of(work / "clock")
    return Torment(
        str(tmp_path / "arc"), str(tmp_path / "out"), options, clock, work, random.Random(0)
    )


def test_a_plan_of_a_clock_a_day_ahead_hides_no_later_one(night: Torment) -> None:
    archive, out = Path(night.archive), Path(night.out)
    write(archive / DAY / "first.wav", spoken())
    faketime.set_clock(night.clock, DAY_S)
    assert night.run_job("plan") == 0, night.log.read_text()
    faketime.set_clock(night.clock, 0)
    write(archive / DAY / "second.wav", spoken("the river will be loud"))
    assert [night.run_job(job) for job in JOBS] == [0, 0, 0, 0], night.log.read_text()
    found = sorted(Path(row["object_uri"]).name for row in rows(out, "recordings"))
    assert found == ["first.wav", "second.wav"]
    runs = sorted(path.parent.name for path in out.glob("reports/*/run=*/plan.json"))
    days = [datetime.datetime.strptime(name[4:12], "%Y%m%d") for name in runs]
    assert days[1] - days[0] == datetime.timedelta(days=1)  # as the two clocks said
