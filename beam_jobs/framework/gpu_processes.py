"""One process for each GPU of this machine, all over the same pieces: claims share them out.

this process ──► one process a GPU, which sees that one alone ──► what each counted ──► one outcome

A process that is lost leaves what it had not done to the others. The processes end with this one,
however it ends: each watches the pipe that it was told its work by.
"""

from __future__ import annotations

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import Af3Error, ConfigurationError
from af3core.messages import Level, tell
from af3core.model.cuda import VISIBLE, visible_gpus
from beam_jobs.framework.gpu_process import LENGTH_BYTES
from beam_jobs.framework.settings import JobSettings
from schemas.options.night import GpuProcesses

LOST = "GpuProcessLost"
"""The kind of what waits where no process was left to do it."""
_MODULE = "beam_jobs.framework.gpu_process"

DoPieces = Callable[[JobSettings, Sequence[str], Sequence[Any] | None], dict[str, int]]
"""A function of a module: does the pieces, or those that it lists itself; gives its counters."""


@dataclass(frozen=True)
class ProcessEnd:
    """How a process ended.

    Attributes:
        gpu: as CUDA names it.
        counters: what it counted; of one that is lost nothing is known.
        error_class, message: why it did not get to its end; empty where it did.
        is_setting: a wrong setting, which fails every process alike.
        is_bug: an error that no machine is to blame for.
    """

    gpu: str
    counters: Mapping[str, int]
    error_class: str = ""
    message: str = ""
    is_setting: bool = False
    is_bug: bool = False


def chosen_gpus(settings: JobSettings, *, works_here: bool) -> tuple[str, ...]:
    """The GPUs that get a process each; none where this one does the work.

    Args:
        works_here: Beam's runner does its work in this process.

    Raises:
        ConfigurationError: `--gpus` asks for what is not there, or does not fit another option.
    """
    wanted = settings[GpuProcesses].gpus if GpuProcesses in settings.job.options else None
    if wanted is None:
        return ()
    if settings.engine.name == "openai":
        raise ConfigurationError(f"--gpus {wanted} is of an engine on this machine, not of openai")
    if settings.engine.device == "cpu":
        raise ConfigurationError(f"--gpus {wanted} is of --device auto and cuda, not of cpu")
    if not works_here:
        raise ConfigurationError(
            f"--gpus {wanted} is of this machine; another runner's workers have GPUs of their own:"
            " leave it out, or --runner"
        )
    found = visible_gpus(wanted)
    return found if len(found) > 1 else ()


def run_on_gpus(
    job: str,
    do: DoPieces,
    settings: JobSettings,
    beam_arguments: Sequence[str],
    pieces: Sequence[Any] | None,
    gpus: Sequence[str],
) -> list[ProcessEnd]:
    """Do pieces with a process for each GPU, to the end of the last.

    Each begins at another of the pieces and goes once round; what another has claimed or done costs
    it a look.

    Args:
        job: its name, for messages.
        pieces: as listed; None where each process lists them itself.

    Raises:
        ConfigurationError: a process found a setting to be wrong; the others are ended.
    """
    ended: queue.Queue[ProcessEnd] = queue.Queue()
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, gpu in enumerate(gpus):
            share = None if pieces is None else _begun_at(pieces, number, len(gpus))
            told = pickle.dumps((do, settings, list(beam_arguments), share))
            try:
                running.append(_start(gpu, told))
            except OSError as error:
                ended.put(ProcessEnd(gpu, {}, LOST, f"cannot be started ({error})"))
                continue
            threading.Thread(
                target=lambda process, gpu: ended.put(_end_of(process, gpu)),
                args=(running[-1], gpu),
                daemon=True,
            ).start()
        return [_noted(job, ended.get()) for _ in gpus]
    finally:
        _end_all(running)


def merged(ends: Iterable[ProcessEnd]) -> dict[str, int]:
    """What all processes counted together."""
    counters: Counter[str] = Counter()
    for end in ends:
        counters.update(end.counters)
    return dict(counters)


def what_waits(waiting: Mapping[str, int], ends: Sequence[ProcessEnd], left: int) -> dict[str, int]:
    """What waits once all processes have ended, by its kind. Pure.

    Args:
        waiting: what each left to the next run, added up: another may have done it since, or have
            left the same.
        left: pieces that are not done.

    Raises:
        Af3Error: a bug ended a process, and pieces are left: another run would not do them either.
    """
    if left and (bug := next((end for end in ends if end.is_bug), None)):
        raise Af3Error(f"the process of GPU {bug.gpu} {bug.message} ({bug.error_class})")
    kinds: dict[str, int] = {}
    for kind, count in Counter(waiting).most_common():
        kinds[kind] = min(count, left - sum(kinds.values()))
    lost = [end.error_class for end in ends if end.error_class]
    rest = left - sum(kinds.values())
    if lost and rest:
        kinds[lost[0]] = kinds.get(lost[0], 0) + rest
    return {kind: count for kind, count in kinds.items() if count}


def _begun_at(pieces: Sequence[Any], number: int, count: int) -> list[Any]:
    start = number * len(pieces) // count
    return [*pieces[start:], *pieces[:start]]


def _start(gpu: str, told: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {VISIBLE: gpu},
    )
    assert process.stdin is not None
    try:
        process.stdin.write(len(told).to_bytes(LENGTH_BYTES, "little") + told)
        process.stdin.flush()  # and stays open: its end is ours
    except OSError:
        pass  # it has ended already, and its exit code says how
    return process


def _end_of(process: subprocess.Popen[bytes], gpu: str) -> ProcessEnd:
    """Wait for a process; what it said last is how it ended."""
    assert process.stdout is not None
    said, code = process.stdout.read(), process.wait()
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        return ProcessEnd(gpu, {}, LOST, how)
    return ProcessEnd(gpu, **found)


def _signal_name(number: int) -> str:
    """Of a signal; those of real time have numbers alone."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _noted(job: str, end: ProcessEnd) -> ProcessEnd:
    """Say how a process ended.

    Raises:
        ConfigurationError: by a wrong setting.
    """
    if end.is_setting:
        raise ConfigurationError(end.message)
    if end.error_class:
        said = f"{job}: the process of GPU {end.gpu} {end.message}; what it left is for the others,"
        said += " or the next run"
        tell(said, Level.ERROR, gpu=end.gpu, error_class=end.error_class)
    else:
        done = ", ".join(f"{name} {count}" for name, count in sorted(end.counters.items()))
        tell(f"{job}: GPU {end.gpu}: {done}", Level.DETAIL, gpu=end.gpu, counters=end.counters)
    return end


def _end_all(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
