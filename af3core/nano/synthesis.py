"""Sound events of the world, generated: sixteen that differ clearly, with random parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ, Audio

Generator = np.random.Generator


def _time(seconds: float) -> Audio:
    return np.asarray(np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ, np.float32)


def _tone(frequency_hz: Audio | float, seconds: float) -> Audio:
    count = round(seconds * SAMPLE_RATE_HZ)
    frequency = np.broadcast_to(np.asarray(frequency_hz, np.float64), (count,))
    return np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE_HZ).astype(np.float32)


def _noise(seconds: float, low_hz: float, high_hz: float, random: Generator) -> Audio:
    """Noise between two frequencies, peak 1."""
    count = round(seconds * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(count))
    frequencies = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    noise = np.fft.irfft(spectrum, count)
    return (noise / max(np.abs(noise).max(), 1e-9)).astype(np.float32)


def _mix_at(pieces: list[tuple[float, Audio]], seconds: float) -> Audio:
    audio = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    for start_s, piece in pieces:
        start = int(start_s * SAMPLE_RATE_HZ)
        piece = piece[: max(0, len(audio) - start)]
        audio[start : start + len(piece)] += piece
    return audio


def bell(random: Generator) -> Audio:
    seconds = random.uniform(1.2, 2.0)
    base, time = random.uniform(500, 900), _time(seconds)
    partials = ((1.0, 1.0), (2.76, 0.6), (5.4, 0.35), (8.9, 0.2))
    return np.sum([a * _tone(base * r, seconds) * np.exp(-time * (2 + r)) for r, a in partials], 0)


def rain(random: Generator) -> Audio:
    seconds = random.uniform(2.0, 3.5)
    drops = _noise(seconds, 1500, 7500, random)
    return drops * (0.8 + 0.2 * _noise(seconds, 1, 20, random))


def siren(random: Generator) -> Audio:
    seconds = random.uniform(1.8, 3.0)
    sweep = 900 + 350 * np.sin(2 * np.pi * random.uniform(0.8, 1.4) * _time(seconds))
    return _tone(sweep, seconds)


def dog(random: Generator) -> Audio:
    pieces, at = [], 0.05
    for _ in range(random.integers(2, 4)):
        bark = _tone(
            np.linspace(random.uniform(550, 700), 280, 2900, dtype=np.float32), 2900 / 16000
        )
        rough = np.tanh(4 * bark) * (0.6 + 0.4 * _noise(2900 / 16000, 50, 2500, random))
        pieces.append((at, rough * np.hanning(2900).astype(np.float32)))
        at += random.uniform(0.3, 0.45)
    return _mix_at(pieces, at + 0.1)


def knocking(random: Generator) -> Audio:
    gap = random.uniform(0.16, 0.24)
    knock = _noise(0.08, 80, 500, random) * np.exp(-_time(0.08) * 45)
    return _mix_at([(0.03 + i * gap, knock) for i in range(random.integers(3, 6))], 6 * gap)


def applause(random: Generator) -> Audio:
    seconds = random.uniform(2.0, 3.0)
    pieces = []
    for _ in range(int(seconds * 60)):
        clap = _noise(0.02, 800, 4000, random) * np.exp(-_time(0.02) * 180)
        pieces.append((random.uniform(0, seconds - 0.03), clap * random.uniform(0.4, 1)))
    return _mix_at(pieces, seconds)


def thunder(random: Generator) -> Audio:
    seconds = random.uniform(2.0, 3.2)
    rumble = _noise(seconds, 25, 180, random)
    crack = _noise(seconds, 100, 900, random) * np.exp(-_time(seconds) * 6)
    return (rumble * np.exp(-_time(seconds) * 1.1) + 0.6 * crack).astype(np.float32)


def birdsong(random: Generator) -> Audio:
    pieces, at = [], 0.02
    for _ in range(random.integers(5, 9)):
        length = int(random.uniform(0.08, 0.16) * SAMPLE_RATE_HZ)
        start, end = random.uniform(3000, 4500), random.uniform(3500, 6000)
        chirp = _tone(np.linspace(start, end, length, dtype=np.float32), length / SAMPLE_RATE_HZ)
        pieces.append((at, chirp * np.hanning(len(chirp)).astype(np.float32)))
        at += random.uniform(0.14, 0.28)
    return _mix_at(pieces, at + 0.1)


def engine(random: Generator) -> Audio:
    seconds = random.uniform(2.0, 3.2)
    speed = random.uniform(55, 90) * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * _time(seconds)))
    partials = sum(_tone(speed * k, seconds) / k for k in range(1, 9))
    return np.tanh(1.5 * np.asarray(partials)) + 0.15 * _noise(seconds, 100, 800, random)


def clock(random: Generator) -> Audio:
    gap = random.uniform(0.35, 0.5)
    pieces = []
    for i in range(random.integers(5, 8)):
        low = 2200 if i % 2 else 3000
        tick = _noise(0.02, low, low + 1200, random) * np.exp(-_time(0.02) * 220)
        pieces.append((0.02 + i * gap, tick))
    return _mix_at(pieces, 7 * gap)


def telephone(random: Generator) -> Audio:
    low, high = random.uniform(400, 450), random.uniform(470, 530)
    ring = (_tone(low, 0.5) + _tone(high, 0.5)) * (np.sin(2 * np.pi * 20 * _time(0.5)) > 0)
    return _mix_at([(0.0, ring), (0.7, ring), (1.6, ring), (2.3, ring)], 2.9)


def whistle(random: Generator) -> Audio:
    seconds = random.uniform(0.8, 1.5)
    trill = random.uniform(2300, 2900) + 90 * np.sign(np.sin(2 * np.pi * 28 * _time(seconds)))
    return _tone(trill, seconds) + 0.1 * _noise(seconds, 2000, 6000, random)


def footsteps(random: Generator) -> Audio:
    gap = random.uniform(0.45, 0.6)
    pieces = []
    for i in range(random.integers(4, 7)):
        step = _noise(0.12, 150, 1200, random) * np.exp(-_time(0.12) * 30)
        scrape = _noise(0.12, 2500, 6000, random) * np.exp(-_time(0.12) * 22) * 0.35
        pieces.append((0.02 + i * gap, step + scrape))
    return _mix_at(pieces, 6 * gap)


def wind(random: Generator) -> Audio:
    seconds = random.uniform(2.2, 3.5)
    slow = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(0.3, 0.6) * _time(seconds))
    howl = _noise(seconds, 250, 650, random)
    return howl * slow.astype(np.float32) + 0.1 * _noise(seconds, 650, 1500, random)


def horn(random: Generator) -> Audio:
    base = random.uniform(330, 420)
    seconds = random.uniform(0.35, 0.6)
    partials = [(ratio, k) for ratio in (1.0, 1.26) for k in range(1, 7)]
    blast = np.sum([_tone(base * ratio * k, seconds) / k for ratio, k in partials], 0)
    return _mix_at([(0.02, blast), (0.1 + seconds, blast)], 0.2 + 2 * seconds)


def waves(random: Generator) -> Audio:
    seconds = random.uniform(2.8, 4.0)
    swell = np.clip(np.sin(2 * np.pi * _time(seconds) / random.uniform(1.6, 2.2)), 0, 1) ** 2
    return _noise(seconds, 150, 3500, random) * (0.05 + swell)


SOUNDS: dict[str, Callable[[Generator], Audio]] = {
    "a bell": bell,
    "rain": rain,
    "a siren": siren,
    "a dog barking": dog,
    "knocking": knocking,
    "applause": applause,
    "thunder": thunder,
    "birdsong": birdsong,
    "an engine": engine,
    "a clock ticking": clock,
    "a telephone": telephone,
    "a whistle": whistle,
    "footsteps": footsteps,
    "wind": wind,
    "a car horn": horn,
    "waves": waves,
}


def make_sound(name: str, random: Generator) -> Audio:
    """One event `[samples]`, peak 1.0, faded at both ends."""
    audio = np.asarray(SOUNDS[name](random), np.float32)
    fade = min(160, len(audio) // 4)
    audio[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    audio[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return audio / max(float(np.abs(audio).max()), 1e-9)
