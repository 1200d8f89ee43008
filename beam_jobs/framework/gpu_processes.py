"""One process for each GPU of this machine, all over the same pieces: claims share them out.

this process ──► one process a GPU, which sees that one alone ──► what each counted ──► one outcome

With `--device cpu` they are processes of the CPU, as many as are asked for. A process that is lost
leaves what it had not done to the others. The processes end with this one, however it ends: each
watches the pipe that it was told its work by.
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
from typing import Any, Literal

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
class Place:
    """What a process works on.

    Attributes:
        name: in messages.
        visible: the GPU that it sees, as CUDA names it; empty: none.
    """

    name: str
    visible: str

    @classmethod
    def of_gpu(cls, gpu: str) -> Place:
        return cls(f"GPU {gpu}", gpu)


@dataclass(frozen=True)
class ProcessEnd:
    """How a process ended.

    Attributes:
        place: what it worked on, by its name.
        counters: what it counted; of one that is lost nothing is known.
        error_class, message: why it did not get to its end; empty where it did.
        is_setting: a wrong setting, which fails every process alike.
        is_bug: an error that no machine is to blame for.
    """

    place: str
    counters: Mapping[str, int]
    error_class: str = ""
    message: str = ""
    is_setting: bool = False
    is_bug: bool = False


def chosen_places(settings: JobSettings, *, works_here: bool) -> tuple[Place, ...]:
    """What gets a process each; nothing where this one does the work.

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
    if not works_here:
        raise ConfigurationError(
            f"--gpus {wanted} is of this machine; another runner's workers have GPUs of their own:"
            " leave it out, or --runner"
        )
    if settings.engine.device == "cpu":
        places = _cpu_places(wanted)
    else:
        places = tuple(map(Place.of_gpu, visible_gpus(wanted)))
    return places if len(places) > 1 else ()


def _cpu_places(wanted: int | Literal["all"]) -> tuple[Place, ...]:
    if wanted == "all":
        raise ConfigurationError(
            "--gpus all is of GPUs: with --device cpu write how many processes, such as --gpus 2"
        )
    return tuple(Place(f"CPU process {number}", "") for number in range(wanted))


def run_at_places(
    job: str,
    do: DoPieces,
    settings: JobSettings,
    beam_arguments: Sequence[str],
    pieces: Sequence[Any] | None,
    places: Sequence[Place],
) -> list[ProcessEnd]:
    """Do pieces with a process for each place, to the end of the last.

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
        for number, place in enumerate(places):
            share = None if pieces is None else _begun_at(pieces, number, len(places))
            told = pickle.dumps((do, settings, list(beam_arguments), share))
            try:
                running.append(_start(place, told))
            except OSError as error:
                ended.put(ProcessEnd(place.name, {}, LOST, f"cannot be started ({error})"))
                continue
            threading.Thread(
                target=lambda process, place: ended.put(_end_of(process, place)),
                args=(running[-1], place),
                daemon=True,
            ).start()
        return [_noted(job, ended.get()) for _ in places]
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
        raise Af3Error(f"the process of {bug.place} {bug.message} ({bug.error_class})")
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


def _start(place: Place, told: bytes) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {VISIBLE: place.visible},
    )
    assert process.stdin is not None
    try:
        process.stdin.write(len(told).to_bytes(LENGTH_BYTES, "little") + told)
        process.stdin.flush()  # and stays open: its end is ours
    except OSError:
        pass  # it has ended already, and its exit code says how
    return process


def _end_of(process: subprocess.Popen[bytes], place: Place) -> ProcessEnd:
    """Wait for a process; what it said last is how it ended."""
    assert process.stdout is not None
    said, code = process.stdout.read(), process.wait()
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        return ProcessEnd(place.name, {}, LOST, how)
    return ProcessEnd(place.name, **found)


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
        said = f"{job}: the process of {end.place} {end.message}; what it left is for the others,"
        said += " or the next run"
        tell(said, Level.ERROR, place=end.place, error_class=end.error_class)
    else:
        done = ", ".join(f"{name} {count}" for name, count in sorted(end.counters.items()))
        tell(f"{job}: {end.place}: {done}", Level.DETAIL, place=end.place, counters=end.counters)
    return end


def _end_all(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
