"""Recordings whose speakers are known: turns of one to eight voices, a tenth of it overlapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.cut_points import runs_of_true
from af3core.nano.music import make_music
from tests.benchmarks.speakers.material import VOICES, Audio, Material, person_of

CONDITIONS = ("clean", "noise, 15 dB below", "music, 12 dB below", "telephone band")
RECORDINGS = 40
_LENGTH_S = 90.0
_OVERLAP_CHANCE = 0.35
_PAUSE_S = 0.3
"""A pause of this length within an utterance is none of its speech."""


@dataclass(frozen=True)
class KnownTurn:
    """Speech in seconds from the recording's start."""

    start_s: float
    end_s: float
    person: str


@dataclass(frozen=True, eq=False)
class MadeRecording:
    """`samples` at 16 kHz, and who speaks when."""

    name: str
    condition: str
    voice_count: int
    samples: Audio
    turns: tuple[KnownTurn, ...]


def make_recording(material: Material, number: int) -> MadeRecording:
    """The same for the same number: voices go from 1 to 8, conditions by turns."""
    random = Random(f"{number} {material.is_development}")
    voice_count = number % 8 + 1
    condition = CONDITIONS[(number // 8 + number) % len(CONDITIONS)]
    samples, turns = _conversation(material, _voices(random, voice_count), random)
    return MadeRecording(
        f"recording-{number:02}",
        condition,
        voice_count,
        _in_condition(samples, condition, number),
        turns,
    )


def _voices(random: Random, count: int) -> list[str]:
    """Of different people."""
    chosen: dict[str, str] = {}
    for voice in random.sample(VOICES, len(VOICES)):
        chosen.setdefault(person_of(voice), voice)
    return list(chosen.values())[:count]


def _conversation(
    material: Material, voices: Sequence[str], random: Random
) -> tuple[Audio, tuple[KnownTurn, ...]]:
    length_s = max(_LENGTH_S, 18.0 * len(voices))
    samples = np.zeros(int((length_s + 30) * SAMPLE_RATE_HZ), np.float32)
    turns: list[KnownTurn] = []
    at_s, previous = 0.5, ""
    waiting = list(voices)
    levels = {voice: random.uniform(0.15, 0.5) for voice in voices}
    while at_s < length_s:
        others = [voice for voice in voices if voice != previous] or list(voices)
        voice = waiting.pop(0) if waiting else random.choice(others)
        sound = random.choice(material.utterances(voice))
        if turns and voice != previous and random.random() < _OVERLAP_CHANCE:
            at_s = max(0.5, at_s - min(random.uniform(0.5, 3.0), 0.6 * len(sound) / SAMPLE_RATE_HZ))
        else:
            at_s += random.uniform(0.1, 0.9)
        first = int(at_s * SAMPLE_RATE_HZ)
        samples[first : first + len(sound)] += sound * levels[voice]
        turns += [
            KnownTurn(at_s + start_s, at_s + end_s, person_of(voice))
            for start_s, end_s in spoken_spans(sound)
        ]
        at_s = max(turn.end_s for turn in turns)
        previous = voice
    end = int((at_s + 0.5) * SAMPLE_RATE_HZ)
    return samples[:end], tuple(sorted(turns, key=lambda turn: turn.start_s))


def spoken_spans(sound: Audio) -> list[tuple[float, float]]:
    """Seconds of speech in an utterance: what is not a pause of 0.3 s."""
    step = SAMPLE_RATE_HZ // 100
    levels = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1)
    quiet = runs_of_true(levels < 0.02)
    pauses = [(first, end) for first, end in quiet if end - first >= _PAUSE_S * 100]
    edges = [0, *(edge for pause in pauses for edge in pause), len(levels)]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    return [(first / 100, end / 100) for first, end in spans if end > first]


def _in_condition(samples: Audio, condition: str, seed: int) -> Audio:
    generator = np.random.default_rng(seed)
    if condition.startswith("noise"):
        return _with_bed(samples, _pink(len(samples), generator), 15)
    if condition.startswith("music"):
        instruments = ("piano", "guitar", "organ", "flute")
        bed = make_music(
            instruments[seed % 3], "slow", len(samples) / SAMPLE_RATE_HZ + 1, generator
        )
        return _with_bed(samples, bed[: len(samples)], 12)
    if condition.startswith("telephone"):
        return _telephone(samples)
    return samples


def _with_bed(samples: Audio, bed: Audio, below_db: float) -> Audio:
    speech = np.sqrt((samples[np.abs(samples) > 0.01] ** 2).mean())
    level = speech / np.sqrt((bed**2).mean()) * 10 ** (-below_db / 20)
    return np.asarray((samples + bed * level).clip(-1, 1), np.float32)


def _pink(count: int, generator: np.random.Generator) -> Audio:
    spectrum = np.fft.rfft(generator.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return np.asarray(np.fft.irfft(spectrum, count), np.float32)


def _telephone(samples: Audio) -> Audio:
    """300 to 3400 Hz, companded to eight bits (ITU-T G.711, mu-law)."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(6, (300, 3400), "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    heard = np.asarray(sosfiltfilt(band, samples)).clip(-1, 1)
    companded = np.sign(heard) * np.log1p(255 * np.abs(heard)) / np.log(256)
    coarse = np.round(companded * 127) / 127
    return np.asarray(np.sign(coarse) * (256 ** np.abs(coarse) - 1) / 255, np.float32)
