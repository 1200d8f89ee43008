"""What processes of a test do on their GPUs: write each piece once, under its claim."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from af3core.errors import ConfigurationError, GpuFull, StorageError
from beam_jobs.framework.settings import JobSettings

PIECE_S = 0.02
DEADLINE_S = 60.0


def write_pieces(
    settings: JobSettings, options: Sequence[str], pieces: Sequence[str] | None
) -> dict[str, int]:
    """Begin when as many processes as the first option says have begun."""
    _wait_for(settings, int(options[0]))
    done = 0
    for piece in pieces or ():
        key = f"pieces/{piece}"
        with settings.store.claim(f"claims/{piece}"):
            if settings.store.read(key) is not None:
                continue
            time.sleep(PIECE_S)
            settings.store.write(key, os.environ["CUDA_VISIBLE_DEVICES"].encode())
            done += 1
    return {"pieces_written": done}


def die_on_gpu_1(
    settings: JobSettings, options: Sequence[str], pieces: Sequence[str] | None
) -> dict[str, int]:
    """One process is killed in the middle of a piece."""
    if os.environ["CUDA_VISIBLE_DEVICES"] == "1":
        _wait_for(settings, 2)
        with settings.store.claim(f"claims/{(pieces or [''])[0]}"):
            os.kill(os.getpid(), signal.SIGKILL)
    return write_pieces(settings, options, pieces)


def find_gpu_1_full(
    settings: JobSettings, options: Sequence[str], pieces: Sequence[str] | None
) -> dict[str, int]:
    """Another program holds the memory of one GPU."""
    if os.environ["CUDA_VISIBLE_DEVICES"] == "1":
        raise GpuFull("0.30 GB are free of the GPU's memory beside the weights")
    return write_pieces(settings, options, pieces)


def look_for_gpu_1(
    settings: JobSettings, options: Sequence[str], pieces: Sequence[str] | None
) -> dict[str, int]:
    """The driver has shown one GPU that torch does not find."""
    if os.environ["CUDA_VISIBLE_DEVICES"] == "1":
        from af3core.model.weights.loading import choose_device

        choose_device("cuda")
    return write_pieces(settings, options, pieces)


def die(settings: JobSettings, options: Sequence[str], pieces: object) -> dict[str, int]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def refuse(settings: JobSettings, options: Sequence[str], pieces: object) -> dict[str, int]:
    print("a library's words on stdout")
    if os.environ["CUDA_VISIBLE_DEVICES"] == "1":
        time.sleep(DEADLINE_S)
    raise ConfigurationError("--dtype float16 is not supported")


def fail(settings: JobSettings, options: Sequence[str], pieces: object) -> dict[str, int]:
    raise StorageError("the bucket does not answer")


def break_down(settings: JobSettings, options: Sequence[str], pieces: object) -> dict[str, int]:
    raise IndexError("no such piece")


def wait_for_the_end(
    settings: JobSettings, options: Sequence[str], pieces: object
) -> dict[str, int]:
    _wait_for(settings, 2)
    time.sleep(DEADLINE_S)
    return {}


def _wait_for(settings: JobSettings, count: int) -> None:
    begun = Path(settings.out) / "begun"
    begun.mkdir(parents=True, exist_ok=True)
    (begun / str(os.getpid())).touch()
    until = time.monotonic() + DEADLINE_S
    while len(list(begun.iterdir())) < count:
        assert time.monotonic() < until
        time.sleep(0.01)
