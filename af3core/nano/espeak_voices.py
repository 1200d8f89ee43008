"""Speakers: espeak-ng's voices at 16 kHz mono, some of them kept for evaluation alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from random import Random

import numpy as np
import numpy.typing as npt

from af3core.nano.espeak import synthesise

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


@dataclass(frozen=True)
class Spoken:
    """Audio `[samples]` at 16 kHz, peak 1.0, no silence at the ends; times count from its start."""

    audio: Audio
    word_starts_ms: tuple[int, ...]
    phones: tuple[str, ...]
    phone_starts_ms: tuple[int, ...]


def speak(speaker: Speaker, words: str) -> Spoken:
    """The words as spoken.

    Raises:
        ValueError: espeak-ng has no such voice.
    """
    voice = f"{speaker.accent}+{speaker.variant}"
    utterance = synthesise(voice, words, speaker.words_per_minute, speaker.pitch)
    audio = np.asarray(utterance.samples / 32768, np.float32)
    audio, lead_s = _trim(_resample(audio, utterance.rate_hz))

    def milliseconds(sample: int) -> int:
        return max(0, round(1000 * (sample / utterance.rate_hz - lead_s)))

    return Spoken(
        audio,
        _word_starts(words, [(place, milliseconds(at)) for place, at in utterance.words]),
        tuple(phone_class(name) for name, _ in utterance.phones),
        tuple(milliseconds(at) for _, at in utterance.phones),
    )


def phone_class(name: str) -> str:
    """A phone without espeak-ng's marks of stress and variant; "_" is a pause."""
    return name.strip("',%=|").rstrip("#-:;2") or "_"


def _word_starts(words: str, marks: list[tuple[int, int]]) -> tuple[int, ...]:
    """Starts of all words; those that espeak-ng joins to their neighbour share its time evenly."""
    places, place = [], 0
    for word in words.split():
        places.append(place)
        place += len(word) + 1
    known = sorted(
        {min(p for p in places if p + 1 >= at): ms for at, ms in marks if at < place}.items()
    )
    starts = np.interp(places, [p for p, _ in known], [ms for _, ms in known])
    return tuple(round(float(ms)) for ms in starts)


def _resample(audio: Audio, rate_hz: int) -> Audio:
    from scipy.signal import resample_poly

    divisor = gcd(SAMPLE_RATE_HZ, rate_hz)
    return np.asarray(
        resample_poly(audio, SAMPLE_RATE_HZ // divisor, rate_hz // divisor), np.float32
    )


def _trim(audio: Audio) -> tuple[Audio, float]:
    """Without silence at the ends and at peak 1.0, and the seconds cut off the start."""
    peak = float(np.abs(audio).max(initial=0))
    if peak == 0:
        return audio, 0.0
    loud = np.flatnonzero(np.abs(audio) > 0.01 * peak)
    return audio[loud[0] : loud[-1] + 1] / peak, float(loud[0]) / SAMPLE_RATE_HZ
