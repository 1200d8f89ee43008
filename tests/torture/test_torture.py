"""After random trouble the tables are those of an undisturbed night, and nothing is left behind."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from af3core.errors import Af3Error
from af3core.storage.address import store_at
from beam_jobs.framework.failures import given_up
from beam_jobs.framework.table_snapshot import take_snapshot
from infra.local_buckets import VARIABLE
from schemas import layout
from schemas.records import Failure
from tests import faketime
from tests.beam_jobs.small_night import DAY, QUICK_TASKS, all_rows, rows
from tests.faulty_network import between
from tests.media import programme, write
from tests.storage_server import BUCKET, bucket, found_at, server_address, upload
from tests.torture.tormented import JOBS, Torment, Trouble
from tests.torture.troubles import (
    AT_ONCE,
    FOLDER_TROUBLES,
    PROCESS_TROUBLES,
    jump_clock,
    network_troubles,
    small_disk,
)

NEXT_DAY = "2026-11-22"
SEED = 20261130
SECONDS = 10.0
LONG_SECONDS = float(os.environ.get("TORTURE_SECONDS", 1800))
OLD_S = 3600
"""Longer ago than any claim or file is renewed."""


class Setting(NamedTuple):
    """Where nights are tormented: a new output at each call, what may happen to it, and how often
    each job runs meanwhile."""

    archive: str
    new_out: Callable[[int], str]
    environment: dict[str, str]
    troubles: list[Trouble]
    cycles: int


class Night(NamedTuple):
    """An undisturbed one: its rows, and how long its jobs take."""

    rows: dict[str, list[dict[str, Any]]]
    lasts_s: dict[str, float]


def make_archive(folder: Path) -> Path:
    """Two days, one with a file that deserves its verdict."""
    for number in range(2):
        write(folder / DAY / f"{number}.flac", programme(40)[number * 16_000 :])
    write(folder / NEXT_DAY / "other.wav", programme(20)[8_000:])
    (folder / NEXT_DAY / "letter.wav").write_text("Dear listeners. " * 500)
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("source") / "arc")


@pytest.fixture(scope="module")
def options(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Of `plan`."""
    tasks = tmp_path_factory.mktemp("tasks") / "tasks.yaml"
    tasks.write_text(QUICK_TASKS)
    return ("--model", str(untrained), "--tasks", str(tasks), "--max-clip-s", "30")


@pytest.fixture(scope="module")
def undisturbed(
    archive: Path, options: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> Night:
    folder = tmp_path_factory.mktemp("undisturbed")
    night = Torment(
        str(archive), str(folder / "out"), options, {}, folder / "work", random.Random(0)
    )
    assert [night.run_job(job) for job in JOBS] == [0, 0, 0, 0], night.log.read_text()
    found = all_rows(folder / "out", archive)
    assert {row["error_class"] for row in found["failures"]} == {"NotMedia"}
    assert len(found["captions"]) == 6
    return Night(found, night.lasts_s)


class Reader(threading.Thread):
    """Reads the tables all the while: never a broken object, never a row twice, in place or as a
    reader of the product; and for that one, a day's tables always fit together.
    """

    def __init__(self, out: str) -> None:
        super().__init__(daemon=True)
        self.out, self.ended, self.looks = out, threading.Event(), 0
        self.complaints: list[str] = []

    def run(self) -> None:
        while not self.ended.wait(0.2):
            try:
                found = [row["recording_id"] for row in rows(self.out, "recordings")]
                self.complaints += misfits(self.out)
            except FileNotFoundError:
                continue
            except (Af3Error, ValueError, OSError) as error:
                self.complaints.append(repr(error))
                continue
            self.looks += 1
            if len(found) != len(set(found)):
                self.complaints.append(f"twice: {found}")


def misfits(out: str) -> list[str]:
    """What does not fit together of the tables that readers see."""
    snapshot = take_snapshot(store_at(out), ("recordings", "segments", "captions"))
    found = []
    for corpus, date in {layout.day_of(key) for key in snapshot.stamps}:
        segments = Counter(r["recording_id"] for r in snapshot.rows("segments", corpus, date))
        told = {r["recording_id"]: r for r in snapshot.rows("recordings", corpus, date)}
        expected = {name: row["segment_count"] for name, row in told.items()}
        if segments != Counter(expected):
            found.append(f"{date}: segments {dict(segments)}, and by recordings {expected}")
        captioned = {row["recording_id"] for row in snapshot.rows("captions", corpus, date)}
        if lost := captioned - told.keys():
            found.append(f"{date}: captions of no recording {lost}")
    return found


@contextmanager
def in_folders(archive: Path, work: Path) -> Iterator[Setting]:
    """Results on a small disk."""
    with small_disk(work / "disk") as disk:

        def new_out(number: int) -> str:
            out = disk / f"out{number}"
            out.mkdir()
            return str(out)

        troubles = [*PROCESS_TROUBLES, *FOLDER_TROUBLES]
        yield Setting(str(archive), new_out, {}, troubles, 2)


@contextmanager
def in_a_bucket(archive: Path, _work: Path) -> Iterator[Setting]:
    """Archive and results behind a network that the jobs alone use."""
    with bucket(), between(server_address()) as network:
        upload(archive, sorted(archive.rglob("*")), "arc")
        with found_at(server_address()):
            yield Setting(
                f"gs://{BUCKET}/arc",
                lambda number: f"gs://{BUCKET}/out{number}",
                {VARIABLE: network.address},
                [*PROCESS_TROUBLES, *network_troubles(network)],
                1,
            )


def torment_a_night(
    setting: Setting,
    number: int,
    seed: int,
    undisturbed: Night,
    options: tuple[str, ...],
    work: Path,
) -> None:
    """One night in trouble, and what is to be true after it."""
    out = setting.new_out(number)
    work = work / f"night{number}"
    environment, troubles = setting.environment, setting.troubles
    if faketime.is_built():
        environment = environment | faketime.clock_of(work / "clock")
        troubles = [*troubles, jump_clock]
    torment = Torment(
        setting.archive, out, options, environment, work, random.Random(seed), undisturbed.lasts_s
    )
    reader = Reader(out)
    reader.start()
    torment.run(troubles, AT_ONCE, setting.cycles)
    codes = torment.finish()
    reader.ended.set()
    reader.join()
    _make_old(out)
    checked = torment.run_job("check")
    print(f"seed {seed}", *torment.done, sep="\n")
    log = torment.log.read_text(errors="replace")
    said = f"seed {seed}\n" + "\n".join(torment.done) + "\n" + log[-8000:]
    assert codes == [0, 0, 0, 0], said
    assert checked == 0, said
    assert "Traceback" not in log, said
    found = all_rows(out, setting.archive)
    for table, expected in undisturbed.rows.items():
        assert found[table] == expected, f"{table}\n{said}"
    assert _undeserved(out) == [], said
    assert _left_behind(out) == [], said
    assert reader.complaints == [], said
    assert reader.looks > 0


def _undeserved(out: str) -> list[str]:
    """Work that was given up: nothing of this archive deserves it after `plan`."""
    store = store_at(out)
    [keys] = store.walk(["ledger/failed/"])
    failures = [Failure.from_bytes(data) for data in store.read_many(list(keys)) if data]
    return [failure.message for failure in failures if given_up([failure])]


def _make_old(out: str) -> None:
    """As if the next job came an hour later."""
    if not out.startswith("gs://"):
        for path in Path(out).rglob("*"):
            if ".writing-" in path.name or "claims" in path.parts:
                status = path.stat()
                os.utime(path, (status.st_atime - OLD_S, status.st_mtime - OLD_S))


def _left_behind(out: str) -> list[str]:
    """Days that are still being replaced; temporary files and claims, of which a bucket has none
    that harm.
    """
    half = [key for key in next(store_at(out).walk(["published/"])) if layout.is_replacement(key)]
    if out.startswith("gs://"):
        return half
    files = [path for path in Path(out).rglob("*") if path.is_file()]
    left = [str(path) for path in files if ".writing-" in path.name or "claims" in path.parts]
    return half + left


SETTINGS = [
    pytest.param(in_folders, id="folders"),
    pytest.param(in_a_bucket, id="bucket", marks=pytest.mark.storage_server),
]


@pytest.mark.faketime
@pytest.mark.timeout(900)
@pytest.mark.parametrize("place", SETTINGS)
def test_trouble_leaves_no_trace(
    place: Any, archive: Path, options: tuple[str, ...], undisturbed: Night, tmp_path: Path
) -> None:
    _torment_nights(place, archive, options, undisturbed, tmp_path, SEED, SECONDS)


@pytest.mark.long
@pytest.mark.faketime
@pytest.mark.timeout(2 * LONG_SECONDS + 600)
@pytest.mark.parametrize("place", SETTINGS)
def test_many_seeds_leave_no_trace(
    place: Any, archive: Path, options: tuple[str, ...], undisturbed: Night, tmp_path: Path
) -> None:
    """Seeds that no run had before; a failure names its own. TORTURE_SECONDS says how long."""
    seed = int(os.environ.get("TORTURE_SEED", time.time_ns() // 1_000_000_000))
    _torment_nights(place, archive, options, undisturbed, tmp_path, seed, LONG_SECONDS)


def _torment_nights(
    place: Any,
    archive: Path,
    options: tuple[str, ...],
    undisturbed: Night,
    work: Path,
    seed: int,
    seconds: float,
) -> None:
    """Nights one after another, until the time is over; at least one."""
    ends = time.monotonic() + seconds
    with place(archive, work) as setting:
        number = 0
        while number == 0 or time.monotonic() < ends:
            torment_a_night(setting, number, seed + number, undisturbed, options, work)
            number += 1
