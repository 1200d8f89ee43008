"""The programs beside Python that tests need: a marker each, and no test starts one unmarked."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVERS = {
    "airflow": "needs a running Airflow with PostgreSQL",
    "browser": "needs Chromium",
    "faketime": "needs libfaketime",
    "hosts": "needs several hosts: network namespaces (root, iproute2) and Redis",
    "model_server": "needs transformers serve, started with a small model",
    "monitoring": "needs Prometheus and statsd_exporter",
    "portable_runner": "needs Prism, Beam's portable runner",
    "sound_devices": "needs PulseAudio",
    "storage_server": "needs fake-gcs-server",
}
ANY = "server"
"""Every test with one of these markers has this one too: `-m "not server"` is all others."""

_running: pytest.Item | None = None


def mark_needs(item: pytest.Item) -> None:
    """Add `ANY` where a test needs a server."""
    if any(item.get_closest_marker(name) for name in SERVERS):
        item.add_marker(ANY)


def set_running(item: pytest.Item | None) -> None:
    """Say which test runs now."""
    global _running
    _running = item


def needs(server: str) -> None:
    """To be called by what starts a server; fails a test that has no marker for it."""
    assert server in SERVERS, server
    if _running is not None:
        marked = _running.get_closest_marker(server)
        assert marked, f"{_running.nodeid} needs the marker {server}: {SERVERS[server]}"


_NETWORK_SETTLES_S = 2.5
"""The kernel tells of a link's carrier up to a second later, and of an IPv6 address a second or two
later, once nobody else has it (RFC 4862, duplicate address detection)."""


@contextmanager
def network_kept() -> Iterator[None]:
    """While the body runs, no test of this machine changes its network devices.

    Chromium ends every request under way when a device comes or goes (ERR_NETWORK_CHANGED), and the
    tests on several hosts make devices.
    """
    with _network_lock(fcntl.LOCK_SH):
        yield


@contextmanager
def network_changed() -> Iterator[None]:
    """For a body that adds or removes network devices: waits until no browser runs, and at its end
    until the kernel has told of all that changed.
    """
    with _network_lock(fcntl.LOCK_EX):
        try:
            yield
        finally:
            time.sleep(_NETWORK_SETTLES_S)


@contextmanager
def _network_lock(kind: int) -> Iterator[None]:
    with Path("/tmp/af3-tests-network.lock").open("w") as lock:
        fcntl.flock(lock, kind)
        yield
