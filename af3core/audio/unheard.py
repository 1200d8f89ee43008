"""Speech on tracks and channels that are not heard.

It costs one more speech detection where one channel is heard of several, and one more decoding and
detection for each track that is not heard; a recording with one track, all of whose channels are
heard, costs nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from af3core.audio.channel_mix import FRAME_SAMPLES, Pcm
from af3core.audio.voice_activity import FRAME_MS, Probabilities, SpeechDetector
from schemas.records import MediaTrack

SPEECH_MS = 2000
"""Less is no speech that anyone would miss: the detector takes a cough for it."""
_SPEECH_PROBABILITY = 0.5
_QUIETEST = 32768 * 10 ** (-60 / 20)
"""Highest sample below which nobody listens for speech: -60 dBFS."""


class UnheardSpeech:
    """Counts the time in which other channels have speech and the heard one has none."""

    def __init__(self) -> None:
        self._detector = SpeechDetector()
        self.speech_ms = 0

    def feed(self, others: Pcm, heard: Probabilities) -> None:
        """Take in the others' mean, and the heard channel's probabilities of the same frames."""
        speech = self._detector.feed(others)[: len(heard)] >= _SPEECH_PROBABILITY
        missed = speech & (heard[: len(speech)] < _SPEECH_PROBABILITY)
        self.speech_ms += int(missed.sum()) * FRAME_MS

    @property
    def is_missed(self) -> bool:
        return self.speech_ms >= SPEECH_MS


def measured_track(track: MediaTrack, chunks: Iterable[Pcm]) -> MediaTrack:
    """A track with its highest level and its time with speech.

    Args:
        track: that is not heard.
        chunks: its samples, int16, all but the last of whole frames.
    """
    detector = SpeechDetector()
    peak = spoken = 0
    for chunk in chunks:
        highest = int(np.abs(chunk.astype(np.int32)).max(initial=0))
        peak = max(peak, highest)
        if highest >= _QUIETEST:
            whole = np.pad(chunk, (0, -len(chunk) % FRAME_SAMPLES))
            spoken += int((detector.feed(whole) >= _SPEECH_PROBABILITY).sum())
    level = round(20 * float(np.log10(peak / 32768)), 2) if peak else None
    return dataclasses.replace(track, level_dbfs=level, speech_ms=spoken * FRAME_MS)


def have_speech(tracks: Sequence[MediaTrack]) -> bool:
    """Whether a track that was measured, as it was not heard, has speech."""
    return any((track.speech_ms or 0) >= SPEECH_MS for track in tracks)
