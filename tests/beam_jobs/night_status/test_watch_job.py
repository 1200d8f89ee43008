"""The job `watch`: what each day holds and lacks, as facts for the scheduler."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from schemas.day_status import DayStatus
from tests.beam_jobs.night.test_absence import archive_of, recording
from tests.beam_jobs.small_night import quick_tasks

DAY, NEXT_DAY = "2026-11-21", "2026-11-22"
HEAVY = ("apache_beam", "torch", "transformers", "av", "scipy", "librosa", "matplotlib")


def watched(
    archive: Path, out: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> list[DayStatus]:
    capsys.readouterr()
    place = (str(archive), "--out", str(out), "--corpus", "radio", "--run-id", "watch")
    assert main(["watch", *place, "--json", *options]) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)["facts"]
    days = [DayStatus.from_fact(day) for day in facts["days"]]
    assert facts["lacking"] == sum(not day.is_complete for day in days)
    return days


def counts(days: list[DayStatus]) -> list[tuple[Any, ...]]:
    return [(day.date, day.objects, day.published, day.missing) for day in days]


def test_nights_that_nobody_ran_lack_all_before_the_first_and_late_uploads_behind_it(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "arc", tmp_path / "out"
    archive_of(archive, 2)
    assert counts(watched(archive, out, capsys)) == [(DAY, 2, 0, 2)]
    place = ("--out", str(out), "--corpus", "radio", "--model", str(untrained))
    limits = ("--max-flagged-share=1", "--tasks", quick_tasks(out))
    assert main(["annotate", str(archive), *place, *limits]) == 0
    assert counts(watched(archive, out, capsys)) == [(DAY, 2, 2, 0)]
    archive_of(archive, 3)
    archive_of(archive, 1, NEXT_DAY)
    found = watched(archive, out, capsys)
    assert counts(found) == [(DAY, 3, 2, 1), (NEXT_DAY, 1, 0, 1)]
    assert counts(watched(archive, out, capsys, "--since", NEXT_DAY)) == [(NEXT_DAY, 1, 0, 1)]
    # one report, that of the last look
    (report,) = out.glob("reports/corpus=radio/*/watch.json")
    assert report.parent.name == "run=watch"


def test_files_of_around_midnight_have_their_day_in_the_zone_of_the_corpus(
    tmp_path: Path, untrained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The night of the 21st in Berlin ran at midnight there; a file of 23:59 came behind it."""
    archive, out = tmp_path / "arc", tmp_path / "out"
    dating = ("--date-from", "mtime", "--timezone", "Europe/Berlin")

    def changed(name: str, moment: str) -> None:
        path = recording(archive / name, len(list(archive.glob("*"))) if archive.is_dir() else 0)
        seconds = datetime.datetime.fromisoformat(moment).timestamp()
        os.utime(path, (seconds, seconds))

    changed("noon.wav", "2026-11-21T12:00:00+01:00")
    place = ("--out", str(out), "--corpus", "radio", "--model", str(untrained))
    limits = ("--max-flagged-share=1", "--tasks", quick_tasks(out), "--date", DAY)
    assert main(["annotate", str(archive), *place, *limits, *dating]) == 0
    changed("before_midnight.wav", "2026-11-21T23:59:00+01:00")
    changed("behind_midnight.wav", "2026-11-22T00:01:00+01:00")  # still the 21st in UTC
    found = watched(archive, out, capsys, *dating)
    assert counts(found) == [(DAY, 2, 1, 1), (NEXT_DAY, 1, 0, 1)]
    # the rules of the corpus count, whatever its days were planned with
    other = ("--date-from", "mtime", "--timezone", "Asia/Tokyo")
    assert [day.date for day in watched(archive, out, capsys, *other)] == [DAY, NEXT_DAY]


def test_an_archive_that_cannot_be_listed_lacks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = ("watch", str(tmp_path / "gone"), "--out", str(tmp_path / "out"))
    assert main([*gone]) == 2
    assert "gone" in capsys.readouterr().err


def test_a_look_is_light(tmp_path: Path) -> None:
    archive_of(tmp_path / "arc", 2)
    place = ["watch", str(tmp_path / "arc"), "--out", str(tmp_path / "out"), "--quiet"]
    code = f"""
import resource, sys
from beam_jobs.cli import main
assert main({place!r}) == 0
used = resource.getrusage(resource.RUSAGE_SELF)
print([name for name in {HEAVY!r} if name in sys.modules], used.ru_utime + used.ru_stime)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, cpu_s = done.stdout.rsplit(" ", 1)
    assert heavy == "[]"
    assert float(cpu_s) < 3
