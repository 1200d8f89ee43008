"""espeak-ng in this process: 16-bit samples of a text, and its events.

The package espeakng-loader brings the library and its data. espeak-ng is GPL-3.0. The layout of an
event is that of espeak_EVENT in espeak-ng's speak_lib.h. The library has one state per process, so
one text is spoken at a time.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

WORD, PHONE = 1, 7
"""Kinds of events that are kept."""

_SYNCHRONOUS, _PHONE_EVENTS, _UTF8 = 2, 1, 1
_RATE, _PITCH = 1, 3
_END_OF_LIST = 0


@dataclass(frozen=True)
class Event:
    """A word or phone begins: its character in the text, counted from 1, its sample, its name."""

    kind: int
    position: int
    sample: int
    name: bytes


@dataclass(frozen=True)
class SpokenText:
    """`[samples]` at `rate_hz`, and the events in their order."""

    rate_hz: int
    samples: npt.NDArray[np.int16]
    events: list[Event]


def speak_text(voice: str, text: str, words_per_minute: int, pitch: int) -> SpokenText:
    """Speak a text; other threads wait their turn.

    Args:
        voice: as espeak-ng names it, `en-us` or `en-us+f3`.
        text: any; a character 0 counts as a space.
        words_per_minute: 80 to 450.
        pitch: 0 to 99.

    Raises:
        ValueError: espeak-ng has no such voice.
        ImportError: the package espeakng-loader is missing.
        RuntimeError: the library does not start.
    """
    with _TURN:
        engine = _engine()
        library = engine.library
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        library.espeak_SetParameter(_RATE, words_per_minute, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        engine.pieces.clear()
        engine.events.clear()
        encoded = text.replace("\0", " ").encode(errors="replace") + b"\0"
        library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        samples = np.concatenate(engine.pieces) if engine.pieces else np.zeros(0, np.int16)
        return SpokenText(engine.rate_hz, samples, list(engine.events))


def library_rate_hz() -> int:
    """Of all its samples.

    Raises:
        ImportError, RuntimeError: as of `speak_text`.
    """
    with _TURN:
        return _engine().rate_hz


_TURN = threading.Lock()


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


@dataclass(frozen=True)
class _Engine:
    library: Any
    rate_hz: int
    callback: Any
    pieces: list[npt.NDArray[np.int16]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@functools.cache
def _engine() -> _Engine:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONE_EVENTS)
    if rate_hz <= 0:
        raise RuntimeError("espeak-ng cannot start: reinstall the package espeakng-loader")
    pieces: list[npt.NDArray[np.int16]] = []
    heard: list[Event] = []

    @ctypes.CFUNCTYPE(  # type: ignore[untyped-decorator]
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )
    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events and events[index].type != _END_OF_LIST:
            event = events[index]
            if event.type in (WORD, PHONE):
                heard.append(Event(event.type, event.text_position, event.sample, event.name))
            index += 1
        return 0

    library.espeak_SetSynthCallback(collect)
    return _Engine(library, rate_hz, collect, pieces, heard)
