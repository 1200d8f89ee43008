"""Sounds without speech, made from a name: the same name gives the same samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from af3core.errors import InvalidAudio
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.request import Waveform

_ROOTS_HZ = (196.0, 220.0, 246.9, 261.6)
_CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16))
_PEAK = 0.5


@dataclass(frozen=True)
class MadeSound:
    """What is made: its kind, the seed, and how long it is."""

    kind: str
    seed: int
    seconds: float

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.seed}/{self.seconds:g}"


def make_sound(name: str) -> Waveform:
    """The sound of a name, `[samples]` at 16 kHz.

    Raises:
        InvalidAudio: the name is none.
    """
    parts = name.split("/")
    if len(parts) != 3 or parts[0] not in KINDS:
        raise InvalidAudio(f"{name!r}: no sound of that name; kinds are {', '.join(KINDS)}")
    kind, seed, seconds = parts[0], int(parts[1]), float(parts[2])
    random = np.random.default_rng([len(kind), seed])
    time = np.arange(int(seconds * SAMPLE_RATE_HZ), dtype=np.float64) / SAMPLE_RATE_HZ
    made = KINDS[kind](time, random)
    peak = float(np.abs(made).max(initial=0.0))
    level = _PEAK * random.uniform(0.05, 1.0)
    scaled: Waveform = (made * (level / peak) if peak else made).astype(np.float32)
    return scaled


Seconds = np.ndarray[tuple[int], np.dtype[np.float64]]
Maker = Callable[[Seconds, np.random.Generator], Seconds]


def _silence(time: Seconds, _random: np.random.Generator) -> Seconds:
    return np.zeros(len(time))


def _white_noise(time: Seconds, random: np.random.Generator) -> Seconds:
    return random.standard_normal(len(time))


def _brown_noise(time: Seconds, random: np.random.Generator) -> Seconds:
    """Falls by 6 dB an octave, without an offset that drifts."""
    spectrum = np.fft.rfft(random.standard_normal(len(time)))
    spectrum[1:] /= np.arange(1, len(spectrum))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, len(time))


def _hum(time: Seconds, random: np.random.Generator) -> Seconds:
    """Of the mains, at 50 or 60 Hz, with its overtones."""
    hertz = random.choice((50.0, 60.0))
    strengths = random.uniform(0.1, 1.0, 6) / np.arange(1, 7)
    waves = [s * np.sin(2 * np.pi * hertz * (n + 1) * time) for n, s in enumerate(strengths)]
    return np.sum(waves, axis=0) + 0.01 * random.standard_normal(len(time))


def _clicks(time: Seconds, random: np.random.Generator) -> Seconds:
    """As of a scratched record, two a second."""
    made = 0.002 * random.standard_normal(len(time))
    for start in random.integers(0, max(1, len(time) - 160), int(2 * time[-1]) + 1):
        made[start : start + 160] += random.standard_normal(160) * np.exp(-np.arange(160) / 20)
    return made


def _music(time: Seconds, random: np.random.Generator) -> Seconds:
    """Struck notes over four chords, without words."""
    root, beat_s = random.choice(_ROOTS_HZ), 60 / random.uniform(70, 160)
    made = np.zeros(len(time))
    for beat in range(int(time[-1] / beat_s) + 1):
        note = random.choice(_CHORDS[beat // 4 % len(_CHORDS)])
        since = time - beat * beat_s
        on = since >= 0
        phase = 2 * np.pi * root * 2 ** (note / 12) * since[on]
        struck = sum(np.sin(n * phase) / n**1.5 for n in range(1, 6))
        made[on] += struck * np.exp(-3 * since[on])
    return made


KINDS: dict[str, Maker] = {
    "silence": _silence,
    "white-noise": _white_noise,
    "brown-noise": _brown_noise,
    "hum": _hum,
    "clicks": _clicks,
    "music": _music,
}
"""What is made, by name."""
