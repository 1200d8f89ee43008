"""Hosts of this machine: network namespaces on a bridge, with processes, names and a disk alone.

A host sees neither the processes nor the loopback address of another one, and its folder lies at
the same path on every host, with other content. It loses its power (every process gets SIGKILL at
once) and its network (the cable is pulled) as a machine does. Linux, root and iproute2 are needed.

The bridge lies in a namespace of its own, so that this machine has one device more and nothing else
changes there: its browsers would notice (`network_changed`).
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import needs, network_changed


@dataclass(frozen=True)
class Network:
    """A bridge, and a cable from it to the machine which the hosts are controlled from.

    `name` is that of the cable's end there, and `address` its address.
    """

    name: str
    subnet: str
    hosts: list[Host] = field(default_factory=list)

    @property
    def switch(self) -> str:
        """The namespace of the bridge."""
        return f"{self.name}-0"

    @property
    def address(self) -> str:
        return f"{self.subnet}.1"

    def add_host(self, folder: Path, home: Path) -> Host:
        """Start a host with a cable to the bridge; `home` is what it calls its own `folder`."""
        number = len(self.hosts) + 2
        cable = (self.switch, f"port{number}")
        host = Host(f"{self.name}-{number}", f"{self.subnet}.{number}", folder, home, cable)
        folder.mkdir(parents=True)
        home.mkdir(exist_ok=True)
        _ip("netns", "add", host.name)
        self.hosts.append(host)
        switch, port = cable
        _ip("-n", switch, "link", "add", port, "type", "veth", "peer", "eth0", "netns", host.name)
        _ip("-n", switch, "link", "set", port, "master", "bridge", "up")
        _ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", host.name, "link", "set", device, "up")
        return host


@dataclass(frozen=True)
class Host:
    """A machine; its address is its name, so that others find it without a name server.

    `cable` is where it is plugged in: the bridge's namespace, and the port there.
    """

    name: str
    address: str
    folder: Path
    home: Path
    cable: tuple[str, str]

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Switch it on: run a command, and all that this starts, with a log in its folder."""
        inside = (
            f"hostname {self.address} && mount --bind {self.folder} {self.home}"
            f" && cd {self.home} && exec {shlex.join(command)}"
        )
        alone = ("--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        with (self.folder / "host.log").open("ab") as log:
            subprocess.Popen(
                ["ip", "netns", "exec", self.name, "unshare", *alone, "sh", "-c", inside],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**environment, "TMPDIR": str(self.home)},
            )

    def lose_power(self) -> None:
        """End all its processes; nothing in it gets to say goodbye."""
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def processes(self) -> list[int]:
        return [int(pid) for pid in _ip("netns", "pids", self.name).split()]

    def unplug(self) -> None:
        """Pull the cable."""
        self._set_cable("down")

    def plug_in(self) -> None:
        self._set_cable("up")

    def _set_cable(self, state: str) -> None:
        switch, port = self.cable
        _ip("-n", switch, "link", "set", port, state)


@contextmanager
def network() -> Iterator[Network]:
    """An empty network; hosts that were added end with it."""
    needs("hosts")
    if os.geteuid():
        pytest.skip("network namespaces need root")
    # names and addresses of this process alone: other tests may run beside it
    made = Network(f"af3-{os.getpid() % 100_000}", f"10.97.{os.getpid() % 256}")
    _ip("netns", "add", made.switch)
    _ip("-n", made.switch, "link", "add", "bridge", "type", "bridge")
    _ip("-n", made.switch, "link", "set", "bridge", "up")
    with network_changed():
        _ip("link", "add", made.name, "type", "veth", "peer", "uplink", "netns", made.switch)
        _ip("-n", made.switch, "link", "set", "uplink", "master", "bridge", "up")
        _ip("addr", "add", f"{made.address}/24", "dev", made.name)
        _ip("link", "set", made.name, "up")
    try:
        yield made
    finally:
        for host in made.hosts:
            host.lose_power()
            _ip("netns", "del", host.name)
        with network_changed():
            _ip("link", "del", made.name)
        _ip("netns", "del", made.switch)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
    return done.stdout
