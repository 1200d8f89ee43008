"""The machine's sound devices, through PortAudio: which there are, and which one is meant."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from af3core.errors import ConfigurationError
from af3core.installation import install_command

Kind = Literal["input", "output"]

_LATENCY_S = 0.1
"""What a device holds: short for a listener, and long enough while the model computes."""
_NAMES: dict[Kind, str] = {"input": "microphone", "output": "loudspeaker"}


@dataclass(frozen=True)
class Device:
    """A device that hears or plays.

    Attributes:
        kind: what it is used for; one device may do both.
        number: PortAudio's.
        name: as its driver names it.
        sample_rate_hz: its own.
    """

    kind: Kind
    number: int
    name: str
    sample_rate_hz: int

    def __str__(self) -> str:
        return f"{_NAMES[self.kind]} {self.number} ({self.name})"


def sound_library() -> Any:
    """The package sounddevice; it looks for devices when it is imported, and only then.

    Raises:
        ConfigurationError: it or PortAudio is missing.
    """
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise ConfigurationError(
            f"microphone and loudspeaker need the package sounddevice; {install_command('voice')}"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            "microphone and loudspeaker need the library PortAudio; on Debian and Ubuntu:"
            " apt install libportaudio2"
        ) from error


def find_device(kind: Kind, name: str | None) -> Device:
    """The device of this number or part of a name; without one, the default.

    Raises:
        ConfigurationError: there is no such device, or no library.
    """
    library = sound_library()
    known = list(_devices(library, kind))
    if not known:
        raise ConfigurationError(
            f"there is no {_NAMES[kind]}: connect one, and look with af3 talk --devices"
        )
    if name is None:
        try:
            number = library.query_devices(kind=kind)["index"]
        except library.PortAudioError:  # devices, and none of them the default
            return known[0]
        return next(device for device in known if device.number == number)
    found = [d for d in known if name in (str(d.number), d.name)] or [
        d for d in known if name.lower() in d.name.lower()
    ]
    if len(found) != 1:
        which = "several are" if found else "none is"
        raise ConfigurationError(
            f"--{_NAMES[kind]} {name}: {which} called so; af3 talk --devices lists them"
        )
    return found[0]


def device_lines() -> list[str]:
    """All devices with their numbers, the defaults marked.

    Raises:
        ConfigurationError: there is no library.
    """
    library = sound_library()
    lines = []
    for kind, name in _NAMES.items():
        devices = list(_devices(library, kind))
        default = find_device(kind, None).number if devices else -1
        lines += [
            f"--{name} {d.number}  {d.name}{' (the default)' if d.number == default else ''}"
            for d in devices
        ] or [f"no {name}"]
    return lines


def open_stream(device: Device, remedy: str, **options: Any) -> Any:
    """A started stream of a device, mono float32; `options` are PortAudio's further ones.

    Raises:
        ConfigurationError: it cannot be opened; the line ends with the remedy.
    """
    library = sound_library()
    streams = {"input": library.InputStream, "output": library.OutputStream}
    stream = None
    try:
        with _quiet_libraries():
            stream = streams[device.kind](
                device=device.number,
                samplerate=device.sample_rate_hz,
                channels=1,
                dtype="float32",
                latency=_LATENCY_S,
                **options,
            )
            stream.start()
    except library.PortAudioError as error:
        if stream is not None:
            stream.close()
        raise ConfigurationError(
            f"{device} cannot be opened: {_reason(error)}; {remedy}"
        ) from error
    return stream


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """ALSA and PortAudio complain on stderr in many lines of what then is an error of one."""
    shown, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nothing)


def _reason(error: Exception) -> str:
    """The first line of PortAudio's complaint."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _devices(library: Any, kind: Kind) -> Iterator[Device]:
    for number, found in enumerate(library.query_devices()):
        if found[f"max_{kind}_channels"] > 0:
            yield Device(kind, number, found["name"], round(found["default_samplerate"]))
