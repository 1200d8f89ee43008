"""Measures of an event, by librosa: pitch, tempo, reverberation, how its level changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLE_RATE_HZ

Waveform = npt.NDArray[np.float32]
DESCRIPTORS_VERSION = 1
"""Counts up when the same audio gives other measures."""

_LOWEST_PITCH_HZ, _HIGHEST_PITCH_HZ = 60.0, 1000.0
_PITCH_FRAME, _HOP = 1024, 160
_LOUD_DB = 20.0
"""Frames so far below the loudest have no pitch."""
_TONAL_FLATNESS = 0.05
"""Above it a frame is noise (1.0 is white noise)."""
_LIKENESS = 0.8
"""Of a frame with itself one period on, as a correlation."""
_SHORTEST_TEMPO_S = 3.0
_DECAY_FROM_DB, _DECAY_TO_DB = 5.0, 25.0
"""ISO 3382's T20: the decay from 5 to 25 dB below its start, times three."""
_STRAIGHT_DECAY = 0.95
_LONGEST_REVERBERATION_S = 5.0


@dataclass(frozen=True)
class Descriptors:
    """None where a measure is not defined.

    Attributes:
        pitch_hz: median fundamental frequency of the tonal frames.
        tempo_bpm: beats per minute.
        reverberation_s: decay by 60 dB, from the fall of the level after the event.
        level_change_db: mean level of the last third less that of the first.
    """

    pitch_hz: float | None
    tempo_bpm: float | None
    reverberation_s: float | None
    level_change_db: float | None


def measure(event: Waveform, tail: Waveform, is_music: bool) -> Descriptors:
    """Measure an event `[samples]` at 16 kHz mono; `tail` is what follows, up to the next event."""
    return Descriptors(
        pitch_hz=pitch_hz(event),
        tempo_bpm=tempo_bpm(event) if is_music else None,
        reverberation_s=reverberation_s(np.concatenate([event, tail])),
        level_change_db=level_change_db(event),
    )


def pitch_hz(event: Waveform) -> float | None:
    """Median of YIN over loud, tonal frames; None where fewer than five are."""
    import librosa

    if len(event) < _PITCH_FRAME:
        return None
    frequencies = librosa.yin(
        event,
        fmin=_LOWEST_PITCH_HZ,
        fmax=_HIGHEST_PITCH_HZ,
        sr=SAMPLE_RATE_HZ,
        frame_length=_PITCH_FRAME,
        hop_length=_HOP,
    )
    spectrum = _spectrum(event)
    flatness = librosa.feature.spectral_flatness(S=spectrum)[0]
    levels = _decibels(spectrum.sum(axis=0))
    count = min(len(frequencies), len(flatness))
    tonal = (flatness[:count] < _TONAL_FLATNESS) & (levels[:count] > levels.max() - _LOUD_DB)
    inside = (frequencies[:count] > _LOWEST_PITCH_HZ * 1.02) & (
        frequencies[:count] < _HIGHEST_PITCH_HZ * 0.98
    )
    chosen = frequencies[:count][tonal & inside & _periodic_frames(event, frequencies)[:count]]
    return round(float(np.median(chosen)), 1) if len(chosen) >= 5 else None


def tempo_bpm(event: Waveform) -> float | None:
    """librosa's tempo of the onsets; None below three seconds."""
    import librosa

    if len(event) < _SHORTEST_TEMPO_S * SAMPLE_RATE_HZ:
        return None
    onsets = librosa.onset.onset_strength(y=event, sr=SAMPLE_RATE_HZ)
    if not onsets.any():
        return None
    tempo = librosa.feature.tempo(onset_envelope=onsets, sr=SAMPLE_RATE_HZ)
    return round(float(np.atleast_1d(tempo)[0]), 1)


def reverberation_s(audio: Waveform) -> float | None:
    """T20 of the last fall of the level, where it is straight; else None.

    A blind estimate: an event that itself dies away, such as a bell, reads as reverberation.
    """
    import librosa

    levels = _decibels(librosa.feature.rms(y=audio, frame_length=_PITCH_FRAME, hop_length=_HOP)[0])
    if not len(levels):
        return None
    loud = np.flatnonzero(levels > levels.max() - 10)
    fall = levels[loud[-1] :]
    below = fall[0] - fall
    first = int(np.argmax(below >= _DECAY_FROM_DB))
    last = int(np.argmax(below >= _DECAY_TO_DB))
    if last <= first + 3:
        return None
    times_s = np.arange(first, last + 1) * _HOP / SAMPLE_RATE_HZ
    slope, _ = np.polyfit(times_s, fall[first : last + 1], 1)
    if np.corrcoef(times_s, fall[first : last + 1])[0, 1] > -_STRAIGHT_DECAY or slope >= 0:
        return None
    seconds = -60.0 / float(slope)
    return round(seconds, 2) if seconds <= _LONGEST_REVERBERATION_S else None


def level_change_db(event: Waveform) -> float | None:
    """Mean level of the last third less that of the first; None below 0.3 s."""
    third = len(event) // 3
    if third < SAMPLE_RATE_HZ // 10:
        return None
    first, last = (
        float((part.astype(np.float64) ** 2).mean()) for part in (event[:third], event[-third:])
    )
    if first <= 0 or last <= 0:
        return None
    return round(10 * float(np.log10(last / first)), 1)


def _periodic_frames(event: Waveform, frequencies: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """True for frames that resemble themselves one period on: noise has a lowest YIN too."""
    import librosa

    padded = np.pad(event, _PITCH_FRAME // 2)
    frames = librosa.util.frame(padded, frame_length=_PITCH_FRAME, hop_length=_HOP)
    alike = np.zeros(len(frequencies), np.bool_)
    for number, hz in enumerate(frequencies[: frames.shape[1]]):
        lag = round(SAMPLE_RATE_HZ / float(hz))
        early, late = frames[:-lag, number], frames[lag:, number]
        scale = float(np.sqrt((early**2).sum() * (late**2).sum()))
        alike[number] = scale > 0 and float((early * late).sum()) / scale > _LIKENESS
    return alike


def _spectrum(event: Waveform) -> npt.NDArray[np.float32]:
    import librosa

    spectrum: Any = np.abs(librosa.stft(event, n_fft=_PITCH_FRAME, hop_length=_HOP))
    return np.asarray(spectrum, np.float32)


def _decibels(amplitude: Any) -> npt.NDArray[np.float64]:
    return np.asarray(20 * np.log10(np.asarray(amplitude, np.float64) + 1e-9))
