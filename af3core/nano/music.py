"""Music of the world, generated: five instruments, slow or fast, simple progressions."""

from __future__ import annotations

import numpy as np

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio

INSTRUMENTS = ("piano", "organ", "flute", "guitar", "drum")
TEMPI = {"slow": (60, 80), "fast": (150, 180)}

_CHORDS = ((0, 4, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16))


def make_music(instrument: str, tempo: str, seconds: float, random: np.random.Generator) -> Audio:
    """Notes of one instrument on the beat, `[samples]`, peak 1.0."""
    beat_s = 60 / random.uniform(*TEMPI[tempo])
    audio = np.zeros(int(seconds * SAMPLE_RATE_HZ), np.float32)
    root_hz = random.uniform(180, 300)
    for beat in range(int(seconds / beat_s) + 1):
        start = int(beat * beat_s * SAMPLE_RATE_HZ)
        if start >= len(audio):
            break
        chord = _CHORDS[(beat // 4) % len(_CHORDS)]
        semitone = chord[int(random.integers(len(chord)))]
        note = _note(instrument, root_hz * 2 ** (semitone / 12), beat_s, beat, random)
        note = note[: len(audio) - start]
        audio[start : start + len(note)] += note
    return audio / max(float(np.abs(audio).max(initial=0)), 1e-9)


def _note(
    instrument: str, frequency_hz: float, beat_s: float, beat: int, random: np.random.Generator
) -> Audio:
    seconds = {"organ": beat_s, "flute": beat_s * 0.9}.get(instrument, min(beat_s * 1.5, 1.0))
    time = np.arange(int(seconds * SAMPLE_RATE_HZ), dtype=np.float32) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * frequency_hz * time
    if instrument == "piano":
        return sum(np.sin(k * phase) / k**1.5 for k in range(1, 7)) * np.exp(-4 * time)
    if instrument == "organ":
        edge = np.clip(np.minimum(time, seconds - time) * 40, 0, 1)
        return sum(np.sin(k * phase) / 2 for k in (0.5, 1, 2, 3, 4)) * edge
    if instrument == "flute":
        breath = random.standard_normal(len(time)).astype(np.float32) * 0.03
        swell = np.clip(np.minimum(time * 12, (seconds - time) * 12), 0, 1)
        return np.asarray(
            (np.sin(4 * phase + 0.3 * np.sin(31 * time)) + breath) * swell, np.float32
        )
    if instrument == "guitar":
        return _pluck(frequency_hz, len(time), random)
    if beat % 2:
        return random.standard_normal(len(time)).astype(np.float32) * np.exp(-30 * time) * 0.6
    sweep = 2 * np.pi * np.cumsum(50 + 110 * np.exp(-35 * time)) / SAMPLE_RATE_HZ
    return np.asarray(np.sin(sweep) * np.exp(-9 * time), np.float32)


def _pluck(frequency_hz: float, count: int, random: np.random.Generator) -> Audio:
    """A plucked string after Karplus and Strong (Computer Music Journal 7, 1983)."""
    period = max(2, int(SAMPLE_RATE_HZ / frequency_hz))
    wave = random.uniform(-1, 1, period).astype(np.float32)
    periods = [wave]
    for _ in range(count // period + 1):
        wave = 0.498 * (wave + np.roll(wave, 1))
        periods.append(wave)
    return np.concatenate(periods)[:count]
