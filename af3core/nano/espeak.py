"""espeak-ng in this process: samples, and when each word and each phone begins.

The package espeakng-loader brings the library and its data. espeak-ng is GPL-3.0; it is used to
make training data and the demo archive, never at run time. The layout of an event is that of
espeak_EVENT in espeak-ng's speak_lib.h.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

_SYNCHRONOUS, _PHONE_EVENTS, _UTF8 = 2, 1, 1
_RATE, _PITCH = 1, 3
_END_OF_LIST, _WORD, _PHONE = 0, 1, 7


@dataclass
class Utterance:
    """`samples` at `rate_hz`, and `(position, sample)` of words, `(name, sample)` of phones.

    A word's position counts the text's characters from 0. Words that are spoken as one ("in the")
    have one position, that of the first.
    """

    rate_hz: int
    samples: npt.NDArray[np.int16]
    words: list[tuple[int, int]] = field(default_factory=list)
    phones: list[tuple[str, int]] = field(default_factory=list)


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


def synthesise(voice: str, text: str, words_per_minute: int, pitch: int) -> Utterance:
    """Speak a text.

    Raises:
        ValueError: espeak-ng has no such voice.
    """
    engine = _engine()
    if engine.library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice}")
    engine.library.espeak_SetParameter(_RATE, words_per_minute, 0)
    engine.library.espeak_SetParameter(_PITCH, pitch, 0)
    engine.pieces.clear()
    engine.events.clear()
    encoded = text.encode() + b"\0"
    engine.library.espeak_Synth(encoded, len(encoded), 0, 0, 0, _UTF8, None, None)
    engine.library.espeak_Synchronize()
    samples = np.concatenate(engine.pieces) if engine.pieces else np.zeros(0, np.int16)
    utterance = Utterance(engine.rate_hz, samples)
    for kind, position, sample, name in engine.events:
        if kind == _WORD:
            utterance.words.append((position - 1, sample))
        else:
            utterance.phones.append((name.decode(), sample))
    return utterance


@dataclass(frozen=True)
class _Engine:
    library: Any
    rate_hz: int
    pieces: list[npt.NDArray[np.int16]]
    events: list[tuple[int, int, int, bytes]]
    callback: Any


@functools.cache
def _engine() -> _Engine:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate_hz = library.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONE_EVENTS)
    if rate_hz <= 0:
        raise RuntimeError("espeak-ng cannot start: reinstall the package espeakng-loader")
    pieces: list[npt.NDArray[np.int16]] = []
    heard: list[tuple[int, int, int, bytes]] = []

    @ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )
    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events and events[index].type != _END_OF_LIST:
            event = events[index]
            if event.type in (_WORD, _PHONE):
                heard.append((event.type, event.text_position, event.sample, event.name))
            index += 1
        return 0

    library.espeak_SetSynthCallback(collect)
    return _Engine(library, rate_hz, pieces, heard, collect)
