"""A storage server of this machine that speaks Google Cloud Storage's protocol, preconditions too.

It is fake-gcs-server (github.com/fsouza/fake-gcs-server, BSD), which `make storage-server` builds.
Clients find it by the environment variable STORAGE_EMULATOR_HOST.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from af3core.errors import ConfigurationError

VARIABLE = "STORAGE_EMULATOR_HOST"
_PROGRAM = "fake-gcs-server"
_START_S = 20.0


@contextmanager
def serving(
    buckets: Sequence[str], folder: Path | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[str]:
    """Serve empty buckets, or those that a folder holds, while the body runs; gives the address.

    Args:
        buckets: made where they are missing.
        folder: keeps the objects; in memory without it.
        host: address to listen at.
        port: 0 takes a free one.

    Raises:
        ConfigurationError: the program is not there.
    """
    chosen = port or _free_port(host)
    address = f"http://{host}:{chosen}"
    backend = ["-backend", "memory"]
    if folder is not None:
        backend = ["-backend", "filesystem", "-filesystem-root", str(folder)]
    listening = ["-scheme", "http", "-host", host, "-port", str(chosen)]
    said = ["-external-url", address, "-public-host", f"{host}:{chosen}", "-log-level", "error"]
    process = subprocess.Popen(
        [_program(), *listening, *said, *backend],
        start_new_session=True,  # Ctrl-C is for the command that uses the server
    )
    try:
        _wait_until_ready(address, process)
        for bucket in buckets:
            httpx.post(f"{address}/storage/v1/b", json={"name": bucket})
        yield address
    finally:
        process.terminate()
        process.wait()


def _program() -> str:
    beside = Path(sys.executable).with_name(_PROGRAM)
    found = str(beside) if beside.is_file() else shutil.which(_PROGRAM)
    if not found:
        raise ConfigurationError(f"{_PROGRAM} is missing: make storage-server (it needs Go)")
    return found


def _wait_until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < _START_S:
        try:
            httpx.get(f"{address}/_internal/healthcheck")
            return
        except httpx.TransportError:
            time.sleep(0.02)
    raise ConfigurationError(f"{_PROGRAM} did not start at {address}")


def _free_port(host: str) -> int:
    with socket.socket() as free:
        free.bind((host, 0))
        return int(free.getsockname()[1])
