"""Speakers: espeak-ng in this process, 16 kHz mono, with voices kept for evaluation alone.

The package espeakng-loader brings the library and its data. espeak-ng is GPL-3.0; it is used to
make training data and the demo archive, never at run time.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from math import gcd
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
Audio = npt.NDArray[np.float32]

ACCENTS = ("en-us", "en-gb-x-rp", "en-gb-scotland")
WOMEN = ("f1", "f2", "f4", "f5", "Alicia", "Andrea", "anika", "belinda", "steph", "steph2", "aunty")
MEN = (
    "m1 m2 m3 m5 m6 m8 adam Alex Andy antonio benjamin caleb ed edward ian john Lee Mario"
    " Michael Mike paul pedro quincy rob travis victor zac"
).split()
HELD_OUT_WOMEN = ("f3", "linda", "steph3")
HELD_OUT_MEN = ("m4", "m7", "david", "robert")

_SYNCHRONOUS = 2
_UTF8 = 1
_RATE, _PITCH = 1, 3


@dataclass(frozen=True)
class Speaker:
    """One voice: accent, espeak-ng variant, pitch (0 to 99), words a minute."""

    accent: str
    variant: str
    sex: str
    pitch: int
    words_per_minute: int


def random_speaker(random: Random, held_out: bool = False, sex: str | None = None) -> Speaker:
    """A speaker of the training voices, or of the held-out ones."""
    sex = sex or random.choice(("man", "woman"))
    if sex == "woman":
        variant = random.choice(HELD_OUT_WOMEN if held_out else WOMEN)
    else:
        variant = random.choice(HELD_OUT_MEN if held_out else MEN)
    return Speaker(
        accent=random.choice(ACCENTS),
        variant=variant,
        sex=sex,
        pitch=random.randint(40, 60),
        words_per_minute=random.randint(135, 185),
    )


def speak(speaker: Speaker, words: str) -> Audio:
    """The words as spoken, `[samples]`, peak 1.0, without silence at the ends.

    Raises:
        ValueError: espeak-ng has no such voice.
    """
    engine = _engine()
    voice = f"{speaker.accent}+{speaker.variant}"
    if engine.library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice}")
    engine.library.espeak_SetParameter(_RATE, speaker.words_per_minute, 0)
    engine.library.espeak_SetParameter(_PITCH, speaker.pitch, 0)
    engine.pieces.clear()
    text = words.encode() + b"\0"
    engine.library.espeak_Synth(text, len(text), 0, 0, 0, _UTF8, None, None)
    engine.library.espeak_Synchronize()
    samples = np.concatenate(engine.pieces) if engine.pieces else np.zeros(0, np.int16)
    return _trimmed(_resampled(np.asarray(samples / 32768, np.float32), engine.rate_hz))


@dataclass(frozen=True)
class _Engine:
    library: Any
    rate_hz: int
    pieces: list[npt.NDArray[np.int16]]
    callback: Any


@functools.cache
def _engine() -> _Engine:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate_hz = library.espeak_Initialize(
        _SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0
    )
    if rate_hz <= 0:
        raise RuntimeError("espeak-ng cannot start: reinstall the package espeakng-loader")
    pieces: list[npt.NDArray[np.int16]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
    def collect(wave: Any, count: int, _events: Any) -> int:
        if wave and count > 0:
            pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        return 0

    library.espeak_SetSynthCallback(collect)
    return _Engine(library, rate_hz, pieces, collect)


def _resampled(audio: Audio, rate_hz: int) -> Audio:
    from scipy.signal import resample_poly

    divisor = gcd(SAMPLE_RATE_HZ, rate_hz)
    return np.asarray(
        resample_poly(audio, SAMPLE_RATE_HZ // divisor, rate_hz // divisor), np.float32
    )


def _trimmed(audio: Audio) -> Audio:
    peak = float(np.abs(audio).max(initial=0))
    if peak == 0:
        return audio
    loud = np.flatnonzero(np.abs(audio) > 0.01 * peak)
    return audio[loud[0] : loud[-1] + 1] / peak
