"""Who speaks when in a recording: vectors of its clips, then turns of its voices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.model.request import Waveform
from af3core.speakers.voice_encoder import VoiceEncoder, VoiceVectors

Spans = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SpeechVectors:
    """The speech of one clip.

    Attributes:
        regions_ms: `[regions, 2]`, start and end of speech from the recording's start.
        windows_ms: `[windows, 2]`, start and end of each window within the regions.
        vectors: `[windows, dimensions]`, each of length 1.
    """

    regions_ms: Spans
    windows_ms: Spans
    vectors: VoiceVectors


@dataclass(frozen=True)
class DiarizationLimits:
    """How alike the windows of one voice are, and how many voices there can be.

    Attributes:
        voice_count: that are known to speak; None where it is to be found.
    """

    voice_count: int | None = None


@dataclass(frozen=True)
class SpeakerTurn:
    """A stretch of speech of one voice.

    Attributes:
        start_ms: from the recording's start.
        end_ms: likewise.
        voice: number of the voice in its recording.
        confidence: 0 to 1: how much nearer the sound is to this voice than to the next.
        is_overlap: another voice speaks in the same time, which has a turn of its own.
    """

    start_ms: int
    end_ms: int
    voice: int
    confidence: float
    is_overlap: bool


@dataclass(frozen=True, eq=False)
class Voice:
    """One voice of a recording.

    Attributes:
        number: from 1, in the order in which voices are first heard.
        vector: `[dimensions]`, of length 1.
        speech_ms: of its turns.
    """

    number: int
    vector: VoiceVectors
    speech_ms: int


@dataclass(frozen=True)
class Diarization:
    """Turns in order of time, and the voices that they name, by number."""

    turns: tuple[SpeakerTurn, ...]
    voices: tuple[Voice, ...]


def speech_vectors(samples: Waveform, start_ms: int, encoder: VoiceEncoder) -> SpeechVectors:
    """Where a clip has speech, and the vectors of its windows.

    Args:
        samples: of the clip, 16 kHz mono.
        start_ms: of the clip, from the recording's start.
        encoder: of voices.
    """
    raise NotImplementedError


def diarize(clips: Sequence[SpeechVectors], limits: DiarizationLimits) -> Diarization:
    """The turns and voices of a whole recording; without speech both are empty.

    Args:
        clips: in order of time; none overlaps another.
        limits: of what is one voice.
    """
    raise NotImplementedError
