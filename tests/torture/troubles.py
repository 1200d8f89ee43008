"""Troubles of a machine: of processes, of a disk, of a clock; and of a network to a bucket."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil

from tests.faketime import set_clock
from tests.faulty_network import Fault, Faults, Network, Request, none
from tests.torture.tormented import Torment, Trouble, processes_of

Job = subprocess.Popen[bytes]
DISK_BYTES = 24 << 20
_FILLER = "filler"
_FAULTY_SHARE = 0.4
"""Of requests, while a network is in trouble."""
_KILLING_S, _KILLED_SHARE = 10.0, 0.6
_JUMPS_S = (60, 900, 86_400, 30 * 86_400)


def kill_one(torment: Torment, _job: str, process: Job) -> None:
    found = processes_of(process)
    if found:
        with contextlib.suppress(psutil.NoSuchProcess):
            torment.random.choice(found[-2:]).kill()


def kill_all(_torment: Torment, _job: str, process: Job) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kill_decoders(torment: Torment, _job: str, process: Job) -> None:
    """As a machine without memory does: some of FFmpeg's processes, from the job's start on."""
    ends = time.monotonic() + _KILLING_S
    seen: set[int] = set()
    while process.poll() is None and time.monotonic() < ends:
        for child in set(_children_of(process.pid)) - seen:
            seen.add(child)
            time.sleep(torment.random.choice((0, 0, 0.01, 0.03)))
            if torment.random.random() < _KILLED_SHARE:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.002)
    torment.done.append(f"{len(seen)} children seen")


def _children_of(process: int) -> Iterator[int]:
    """In the time that a short decoding takes."""
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, path.read_text().split())


def stop_one(torment: Torment, _job: str, process: Job) -> None:
    found = processes_of(process)
    if found:
        with contextlib.suppress(psutil.NoSuchProcess):
            stopped = torment.random.choice(found)
            stopped.suspend()
            time.sleep(torment.random.uniform(0.2, 2.0))
            stopped.resume()


def stop_beside_another(torment: Torment, job: str, process: Job) -> None:
    """The job stops in the middle; the same job begins beside it, and both go on."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGSTOP)
    with torment.started(job) as other:
        torment.wait_a_moment(job, other)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)
        other.wait()
    torment.done.append(f"{job} beside it: exit code {other.returncode}")


def limit_files(torment: Torment, _job: str, process: Job) -> None:
    """As `ulimit -f`: no file may grow beyond a few kilobytes."""
    limit = torment.random.choice((0, 1 << 10, 16 << 10, 256 << 10))
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(process.pid).rlimit(psutil.RLIMIT_FSIZE, (limit, limit))


def jump_clock(torment: Torment, _job: str, process: Job) -> None:
    """To another day, or a little; and once more, while the job runs. It stays so."""
    for _ in range(2):
        ahead_s = torment.random.choice(_JUMPS_S) * torment.random.choice((-1, 1))
        set_clock(torment.clock, ahead_s)
        torment.pause(process, 0.2, 2.0)


AT_ONCE = (kill_decoders,)
"""Troubles that begin with the job."""
PROCESS_TROUBLES: tuple[Trouble, ...] = (
    kill_one,
    kill_all,
    kill_decoders,
    stop_one,
    stop_beside_another,
    limit_files,
)


def fill_disk(torment: Torment, _job: str, process: Job) -> None:
    filler = Path(torment.out, _FILLER)
    with contextlib.suppress(OSError), filler.open("wb") as file:
        for _ in range(DISK_BYTES >> 20):
            file.write(bytes(1 << 20))
            file.flush()
    torment.pause(process, 0.5, 3.0)
    filler.unlink(missing_ok=True)


def hide_source(torment: Torment, _job: str, process: Job) -> None:
    """As a mount that goes away: an empty folder is left."""
    archive = Path(torment.archive)
    away = archive.with_name("away")
    archive.rename(away)
    archive.mkdir()
    torment.pause(process, 0.5, 3.0)
    archive.rmdir()
    away.rename(archive)


FOLDER_TROUBLES: tuple[Trouble, ...] = (fill_disk, hide_source)


def network_troubles(network: Network) -> list[Trouble]:
    """What a network does to a job: answers that refuse, come late, or are too short; none."""

    def away(torment: Torment, _job: str, process: Job) -> None:
        network.is_up = False
        torment.pause(process, 0.5, 3.0)
        network.is_up = True

    def faulty(name: str, *kinds: Fault) -> Trouble:
        def trouble(torment: Torment, _job: str, process: Job) -> None:
            network.faults = drawn(torment.random, kinds)
            torment.pause(process, 0.5, 4.0)
            network.faults = none

        trouble.__name__ = name
        return trouble

    return [
        away,
        faulty("refused", "refused"),
        faulty("too many requests", "429"),
        faulty("unavailable", "503"),
        faulty("slow", "slow"),
        faulty("short", "cut upload", "lost answer", "cut answer", "changed byte"),
        faulty("all at once", "refused", "429", "503", "slow", "cut answer", "cut upload"),
    ]


def drawn(random: random.Random, kinds: Sequence[Fault]) -> Faults:
    """A share of the requests fails, each in a way that fits it."""
    lock = threading.Lock()
    fits: dict[Fault, Callable[[Request], bool]] = {
        "cut upload": lambda request: request.is_upload and request.size > 0,
        "lost answer": lambda request: request.is_upload,
        "cut answer": lambda request: request.is_download,
        "changed byte": lambda request: request.is_download,
    }

    def fault(request: Request) -> Fault | None:
        with lock:
            if random.random() > _FAULTY_SHARE:
                return None
            kind = random.choice(kinds)
        return kind if kind not in fits or fits[kind](request) else None

    return fault


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of DISK_BYTES at a folder, where this user may mount one; else the folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield folder
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
