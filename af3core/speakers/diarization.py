"""Who speaks when in a recording: vectors of its clips, then turns of its voices.

A clip's voices are known within windows of ten seconds (`local_voices.py`); what makes them voices
of the recording are their vectors: those that are alike are one voice. Two voices of one window are
never one. What a voice says is too short for a vector that can be trusted goes to the nearest.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from af3core.model.request import Waveform
from af3core.speakers.local_voices import local_voices
from af3core.speakers.speaker_turns import HeardSpan, SpeakerTurn, turns_of
from af3core.speakers.voice_clusters import Labels, numbered, voice_clusters, weighted_means
from af3core.speakers.voice_vectors import VoiceEncoder, VoiceVectors

__all__ = [
    "Diarization",
    "DiarizationLimits",
    "SpeakerTurn",
    "SpeechVectors",
    "Voice",
    "diarize",
    "speech_vectors",
]

Integers = npt.NDArray[np.int64]

_STRANGERS = 0.3
"""A cosine that voices of two people often have."""
_SURENESS = 20.0
"""How fast confidence turns with the difference of two cosines: 0.1 of it is 0.88."""


@dataclass(frozen=True, eq=False)
class SpeechVectors:
    """The local voices of one clip, each of one window.

    Attributes:
        spans_ms: `[spans, 2]`, start and end of speech from the recording's start.
        span_voices: `[spans]`, the local voice of each span.
        windows: `[voices]`, the window's number in the clip: two voices of one are two people.
        alone_ms: `[voices]`, how much speech of it alone its vector is made of.
        vectors: `[voices, dimensions]`, each of length 1.
    """

    spans_ms: Integers
    span_voices: Integers
    windows: Integers
    alone_ms: Integers
    vectors: VoiceVectors

    def to_bytes(self) -> bytes:
        """For a ledger; vectors are rounded to 16 bits."""
        file = BytesIO()
        np.savez_compressed(
            file,
            spans_ms=self.spans_ms,
            span_voices=self.span_voices,
            windows=self.windows,
            alone_ms=self.alone_ms,
            vectors=self.vectors.astype(np.float16),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> SpeechVectors:
        """What `to_bytes` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            with np.load(BytesIO(stored), allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
            vectors = found.pop("vectors").astype(np.float32)
            return cls(**found, vectors=vectors)
        except (
            OSError,
            EOFError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            BadZipFile,
        ) as error:
            raise ValueError(f"no speech vectors ({error})") from error


@dataclass(frozen=True)
class DiarizationLimits:
    """What is one voice.

    Attributes:
        least_similarity: mean cosine of vectors of one voice.
        least_alone_ms: of speech, for a vector that can found a voice.
        least_voice_ms: of speech alone, for a voice; what has less goes to the nearest.
        voice_count: that are known to speak; None where it is to be found.
    """

    least_similarity: float = 0.6
    least_alone_ms: int = 1000
    least_voice_ms: int = 2000
    voice_count: int | None = None


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
    """Where a clip has speech, and of whom.

    Args:
        samples: of the clip, 16 kHz mono.
        start_ms: of the clip, from the recording's start.
        encoder: of voices.
    """
    spans: list[tuple[int, int, int]] = []
    windows, alone_ms = list[int](), list[int]()
    vectors = [np.zeros((0, encoder.identity.dimensions), np.float32)]
    for number, voice in enumerate(local_voices(samples)):
        spans += [(start_ms + a_ms, start_ms + b_ms, number) for a_ms, b_ms in voice.spans_ms]
        windows.append(voice.window)
        alone_ms.append(voice.alone_ms)
        vectors.append(encoder.encode([voice.sound]))
    table = np.array(sorted(spans), np.int64).reshape(-1, 3)
    return SpeechVectors(
        spans_ms=table[:, :2],
        span_voices=table[:, 2],
        windows=np.array(windows, np.int64),
        alone_ms=np.array(alone_ms, np.int64),
        vectors=np.concatenate(vectors),
    )


def diarize(clips: Sequence[SpeechVectors], limits: DiarizationLimits) -> Diarization:
    """The turns and voices of a whole recording; without speech both are empty.

    Args:
        clips: in order of time; none overlaps another.
        limits: of what is one voice.
    """
    clips = [clip for clip in clips if len(clip.vectors)]
    if not clips:
        return Diarization((), ())
    vectors = np.concatenate([clip.vectors for clip in clips])
    alone_ms = np.concatenate([clip.alone_ms for clip in clips])
    centres = _voice_centres(vectors, alone_ms, limits)
    likeness = vectors @ centres.T
    labels = _assigned(likeness, _window_groups(clips))
    spans = _heard_spans(clips, labels, _confidence(likeness, labels))
    turns, order = turns_of(spans)
    means = weighted_means(vectors, alone_ms + 1.0, labels, len(centres))
    voices = tuple(
        Voice(number, means[label], sum(t.end_ms - t.start_ms for t in turns if t.voice == number))
        for number, label in enumerate(order, start=1)
    )
    return Diarization(turns, voices)


def _voice_centres(
    vectors: VoiceVectors, alone_ms: Integers, limits: DiarizationLimits
) -> VoiceVectors:
    """A mean vector for each voice of the recording, of what can be trusted."""
    trusted = alone_ms >= limits.least_alone_ms
    if not trusted.any():
        trusted = alone_ms >= alone_ms.max()
    vectors, weights = vectors[trusted], alone_ms[trusted] + 1.0
    labels = voice_clusters(vectors, weights, limits.least_similarity, limits.voice_count)
    spoken_ms = np.bincount(labels, weights)
    kept = np.flatnonzero(spoken_ms >= min(limits.least_voice_ms, spoken_ms.max()))
    if limits.voice_count is None and len(kept) < len(spoken_ms):
        chosen = np.isin(labels, kept)
        vectors, weights, labels = vectors[chosen], weights[chosen], numbered(labels[chosen])
    return weighted_means(vectors, weights, labels, int(labels.max()) + 1)


def _window_groups(clips: Sequence[SpeechVectors]) -> list[tuple[int, int]]:
    """First and end of the local voices of each window: they lie beside each other."""
    keys = [(number, int(w)) for number, clip in enumerate(clips) for w in clip.windows]
    edges = [0, *(i + 1 for i, (a, b) in enumerate(itertools.pairwise(keys)) if a != b), len(keys)]
    return list(itertools.pairwise(edges))


def _assigned(likeness: npt.NDArray[np.float32], groups: Sequence[tuple[int, int]]) -> Labels:
    """A voice for each local voice: the nearest, and those of one window to different ones."""
    from scipy.optimize import linear_sum_assignment

    labels = likeness.argmax(axis=1).astype(np.int64)
    for first, end in groups:
        if end - first > 1 and len(set(labels[first:end].tolist())) < end - first:
            rows, columns = linear_sum_assignment(likeness[first:end], maximize=True)
            labels[first + rows] = columns
    return labels


def _confidence(likeness: npt.NDArray[np.float32], labels: Labels) -> npt.NDArray[np.float64]:
    """How much nearer each is to its voice than to the next, or than strangers are."""
    rows = np.arange(len(labels))
    own = likeness[rows, labels].astype(np.float64)
    others = likeness.astype(np.float64)
    others[rows, labels] = -np.inf
    next_best = np.maximum(others.max(axis=1), _STRANGERS)
    return 1 / (1 + np.exp(-_SURENESS * (own - next_best)))


def _heard_spans(
    clips: Sequence[SpeechVectors], labels: Labels, confidence: npt.NDArray[np.float64]
) -> list[HeardSpan]:
    spans, first = [], 0
    for clip in clips:
        for (start_ms, end_ms), voice in zip(clip.spans_ms, clip.span_voices, strict=True):
            place = first + int(voice)
            spans.append(
                HeardSpan(int(start_ms), int(end_ms), int(labels[place]), float(confidence[place]))
            )
        first += len(clip.vectors)
    return spans
