"""Microphone and loudspeaker through PortAudio, on virtual devices and where there are none."""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from af3core.errors import ConfigurationError
from af3core.nano.demo_archive import ARCHIVE, DATE
from beam_jobs.talk.devices import sound_library
from tests.af3core.speech.talkers import espeak_file
from tests.beam_jobs.talk.sound_devices import HEARD_RATE_HZ, SoundDevices, heard, sound_devices

pytestmark = pytest.mark.sound_devices

SHOW = ARCHIVE / DATE / "cooking_show.opus"
TEXT = "The lighthouse was mended by the keeper and his daughter, in a night of storm and rain."
RECORD = """
import sys, time, numpy
from beam_jobs.talk.devices import find_device
from beam_jobs.talk.microphone import MicrophoneRecording
with MicrophoneRecording(find_device("input", None)) as recording:
    while not recording.duration_s:
        time.sleep(0.01)
    print("records", flush=True)
    sys.stdin.readline()
assert not recording.runs
numpy.save(sys.argv[1], recording.sound(60.0).samples)
print(recording.silent, recording.incomplete)
"""
PLAY = """
import soundfile, sys, threading
from af3core.speech.voice import AudioChunk
from beam_jobs.talk.devices import find_device
from beam_jobs.talk.loudspeaker import Loudspeaker
samples, rate_hz = soundfile.read(sys.argv[1], dtype="float32")
before, stop = threading.active_count(), threading.Event()
with Loudspeaker(find_device("output", None), rate_hz) as loudspeaker:
    for start in range(0, len(samples), rate_hz // 5):
        loudspeaker.play(AudioChunk(samples[start : start + rate_hz // 5], rate_hz, "", 0))
    if len(sys.argv) > 2:
        threading.Timer(float(sys.argv[2]), stop.set).start()
    print(loudspeaker.wait(stop))
print(threading.active_count() - before)
"""

FIND = """
import sys
from beam_jobs.talk.devices import find_device
for name in sys.argv[1:]:
    device = find_device("output", name)
    print(device.number, device.name)
"""


@pytest.fixture(scope="module")
def devices() -> Iterator[SoundDevices]:
    with sound_devices() as running:
        yield running


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return espeak_file(tmp_path_factory.mktemp("speech"), TEXT)


def talk(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "beam_jobs", "talk", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def likeness(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Correlation of two sounds where they lie over each other best: 1.0 is the same sound.

    A gap or a doubled block moves all that follows, so that it lies over nothing.
    """
    size = 1 << (len(one) + len(other)).bit_length()
    products = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)))
    return float(products.max() / (np.linalg.norm(one) * np.linalg.norm(other)))


def resampled(path: Path, rate_hz: int) -> npt.NDArray[np.float32]:
    from scipy.signal import resample

    samples, own_hz = soundfile.read(path, dtype="float32")
    return np.asarray(resample(samples, round(len(samples) * rate_hz / own_hz)), np.float32)


def test_what_is_said_is_recorded_without_a_gap(
    devices: SoundDevices, speech: Path, tmp_path: Path
) -> None:
    target = tmp_path / "recorded.npy"
    with subprocess.Popen(
        [sys.executable, "-c", RECORD, str(target)],
        env=devices.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as recorder:
        assert recorder.stdout is not None
        assert recorder.stdout.readline() == "records\n"
        devices.say(speech)
        time.sleep(0.5)
        said, _ = recorder.communicate("\n")
    assert said == "False False\n"
    assert likeness(np.load(target), resampled(speech, 16_000)) > 0.97


def played(
    devices: SoundDevices, target: Path, speech: Path, *stopped_after_s: str
) -> subprocess.CompletedProcess[str]:
    """Plays speech in a process of its own, while the target keeps what is heard."""
    with devices.listening(target):
        done = subprocess.run(
            [sys.executable, "-c", PLAY, str(speech), *stopped_after_s],
            env=devices.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        time.sleep(0.5)
    return done


def test_what_is_played_is_heard_without_a_gap(
    devices: SoundDevices, speech: Path, tmp_path: Path
) -> None:
    target = tmp_path / "played.raw"
    done = played(devices, target, speech)
    assert (done.stdout, done.stderr) == ("True\n0\n", "")
    assert likeness(heard(target), resampled(speech, HEARD_RATE_HZ)) > 0.97


def test_a_loudspeaker_that_is_stopped_is_silent_at_once(
    devices: SoundDevices, speech: Path, tmp_path: Path
) -> None:
    target = tmp_path / "played.raw"
    done = played(devices, target, speech, "1.0")
    assert (done.stdout, done.stderr) == ("False\n0\n", "")
    sounding = np.flatnonzero(np.abs(heard(target)) > 0.01)
    assert len(sounding) > 0
    assert np.ptp(sounding) < 1.5 * HEARD_RATE_HZ
    assert soundfile.info(speech).duration > 4


def test_devices_are_listed_with_what_names_them(devices: SoundDevices) -> None:
    done = talk(devices.environment, "--devices")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "--microphone 0  pulse",
        "--microphone 1  default (the default)",
        "--loudspeaker 0  pulse",
        "--loudspeaker 1  default (the default)",
    ]


def test_a_device_is_named_by_number_and_by_part_of_its_name(
    devices: SoundDevices, speech: Path
) -> None:
    command = [sys.executable, "-c", FIND, "0", "pulse", "PUL"]
    found = subprocess.run(command, env=devices.environment, capture_output=True, text=True)
    assert found.stdout == "0 pulse\n" * 3
    arguments = ["--text", "Is there music?", "--about", str(speech), "--loudspeaker", "PUL"]
    done = talk(devices.environment, *arguments)
    assert done.returncode == 0
    assert " s of speech\n" in done.stderr


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            ("--loudspeaker", "brass band"),
            "--loudspeaker brass band: none is called so; af3 talk --devices lists them",
        ),
        (
            ("--loudspeaker", "7"),
            "--loudspeaker 7: none is called so; af3 talk --devices lists them",
        ),
        (
            ("--loudspeaker", "u"),
            "--loudspeaker u: several are called so; af3 talk --devices lists them",
        ),
        (("--loudspeaker", "0", "--mute"), "--mute and --loudspeaker: take one of them"),
        (
            ("--microphone", "0"),
            "--microphone: leave it out, or the question's file or --text",
        ),
    ],
)
def test_what_cannot_sound_is_one_line(
    devices: SoundDevices, given: tuple[str, ...], line: str
) -> None:
    done = talk(devices.environment, "--text", "Who?", "--about", str(SHOW), *given)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"af3: {line}\n")


@pytest.mark.skipif(Path("/dev/snd").exists(), reason="this machine has a sound card")
def test_a_machine_without_devices_writes_its_answers(speech: Path) -> None:
    environment = os.environ | {"PULSE_SERVER": "unix:/none"}
    question = ["--text", "Is there music?", "--about", str(speech)]
    none = "there is no loudspeaker: connect one, and look with af3 talk --devices\n"
    done = talk(environment, *question)
    assert done.returncode == 0
    assert done.stdout.strip()
    assert done.stderr.startswith(f"af3: not spoken: {none}af3: first text after ")
    done = talk(environment, *question, "--loudspeaker", "0")
    assert (done.returncode, done.stderr) == (2, f"af3: {none}")
    done = talk(environment, "--devices")
    assert (done.returncode, done.stdout) == (0, "no microphone\nno loudspeaker\n")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ConfigurationError, match=r"pip install .*\[voice\]'$"):
        sound_library()


def test_portaudio_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"need the library PortAudio.*apt install"):
        sound_library()
