"""A machine's sound devices without a sound card: a PulseAudio server of the test's own.

What is played into the virtual microphone is what a program records from it; what a program plays
into the virtual loudspeaker is heard at its monitor. ALSA leads to the server where PULSE_SERVER
names it, and so does PortAudio.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.servers import needs

HEARD_RATE_HZ = 22_050
_START_S = 20
_DEVICES = """
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=mouth
load-module module-remap-source source_name=microphone master=mouth.monitor
set-default-source microphone
load-module module-null-sink sink_name=loudspeaker
set-default-sink loudspeaker
"""


@dataclass(frozen=True)
class SoundDevices:
    """A running server; `environment` is that of a program which is to use it."""

    environment: dict[str, str]
    server: subprocess.Popen[bytes]

    def unplug(self) -> None:
        """Take all devices away, as a cable that is pulled."""
        self.server.kill()
        self.server.wait()

    def say(self, path: Path) -> None:
        """Play a sound file into the microphone, to its end."""
        self._run("paplay", "--device=mouth", "--latency-msec=50", str(path))

    def mute(self) -> None:
        """Mute the microphone for good."""
        self._run("pactl", "set-source-mute", "microphone", "1")

    @contextmanager
    def listening(self, target: Path) -> Iterator[None]:
        """Keep what the loudspeaker plays meanwhile as raw samples, for `heard`."""
        command = ["parec", "--device=loudspeaker.monitor", "--latency-msec=20", "--channels=1"]
        command += [f"--rate={HEARD_RATE_HZ}", "--format=s16le", "--raw"]
        with target.open("wb") as out:
            process = subprocess.Popen(command, env=self.environment, stdout=out)
            try:
                # a null sink that was idle first ends what it holds, two seconds
                _wait_for(lambda: target.stat().st_size > 0)
                yield
            finally:
                process.terminate()
                process.wait()

    def streams(self) -> str:
        """What plays and records now, but for what the tests do themselves."""
        return self._run("pactl", "list", "short", "sink-inputs")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout


@contextmanager
def sound_devices() -> Iterator[SoundDevices]:
    """A server with one microphone and one loudspeaker, until the body ends."""
    needs("sound_devices")
    with tempfile.TemporaryDirectory(prefix="af3-sound-") as folder:
        socket, script = Path(folder, "native"), Path(folder, "devices.pa")
        script.write_text(_DEVICES.format(socket=socket), "utf-8")
        environment = os.environ | {
            "HOME": folder,
            "XDG_RUNTIME_DIR": folder,
            "PULSE_SERVER": f"unix:{socket}",
        }
        command = ["pulseaudio", "-n", f"--file={script}", "--daemonize=no", "--disallow-exit"]
        command += ["--exit-idle-time=-1", "--use-pid-file=no", "--log-level=error"]
        command += ["--resample-method=speex-float-5"]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_until_started(server, environment, Path(folder, "log"))
            yield SoundDevices(environment, server)
        finally:
            server.kill()
            server.wait()


def heard(path: Path) -> npt.NDArray[np.float32]:
    """What `listening` kept, in [-1, 1]."""
    return np.fromfile(path, np.int16).astype(np.float32) / np.float32(32768)


def _wait_until_started(
    server: subprocess.Popen[bytes], environment: dict[str, str], log: Path
) -> None:
    def started() -> bool:
        if server.poll() is not None:
            raise RuntimeError(f"PulseAudio ended: {log.read_text('utf-8', 'replace')}")
        done = subprocess.run(["pactl", "info"], env=environment, capture_output=True, check=False)
        return b"Default Sink: loudspeaker" in done.stdout

    _wait_for(started)


def _wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_S
    while not what():
        if time.monotonic() > deadline:
            raise RuntimeError(f"PulseAudio gives nothing within {_START_S} s")
        time.sleep(0.1)
