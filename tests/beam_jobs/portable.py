"""Beam's Prism as a portable runner, with a pool of worker processes of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.dags.site import free_port
from tests.servers import needs

START_S = 60
BIN = Path(sys.executable).parent


@contextmanager
def prism(folder: Path) -> Iterator[list[str]]:
    """A running Prism and a worker pool; gives Beam's options for them."""
    needs("portable_runner")
    job_port, pool_port = free_port(), free_port()
    # the pool starts `python` from the path
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    commands = (
        [str(BIN / "prism"), "-job_port", str(job_port), "-serve_http=false"],
        [
            sys.executable,
            "-m",
            "apache_beam.runners.worker.worker_pool_main",
            f"--service_port={pool_port}",
        ],
    )
    with (folder / "prism.log").open("ab") as log:
        processes = [subprocess.Popen(c, env=environment, stdout=log, stderr=log) for c in commands]
        try:
            for port in (job_port, pool_port):
                _wait_for(port)
            yield [
                "--runner=PortableRunner",
                f"--job_endpoint=127.0.0.1:{job_port}",
                "--environment_type=EXTERNAL",
                f"--environment_config=127.0.0.1:{pool_port}",
            ]
        finally:
            for process in [*workers(processes[1].pid), *map(_handle, processes)]:
                process.kill()
            for started in processes:
                started.wait()


def workers(parent: int) -> list[psutil.Process]:
    """The processes that a pool, or this process with its pools, has started for jobs."""
    found = psutil.Process(parent).children(recursive=True)
    return [process for process in found if "SdkHarness" in " ".join(process.cmdline())]


def _handle(process: subprocess.Popen[bytes]) -> psutil.Process:
    return psutil.Process(process.pid)


def _wait_for(port: int) -> None:
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() - begun < START_S
            time.sleep(0.05)
