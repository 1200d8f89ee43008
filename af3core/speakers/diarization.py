"""Who speaks when in a recording: vectors of its clips, then turns of its voices.

What voices say comes in pieces of windows of ten seconds (`local_voices.py`), a vector each. Pieces
of one voice of a window are taken together where they are alike; what is alike across windows is
one voice of the recording. Two voices of one window are never one. What is too short for a vector
that can be trusted goes to the nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from af3core.model.request import Waveform
from af3core.speakers.local_voices import local_voices
from af3core.speakers.speaker_turns import HeardSpan, SpeakerTurn, turns_of
from af3core.speakers.voice_clusters import (
    ClusterLimits,
    Labels,
    linked,
    numbered,
    voice_clusters,
    weighted_means,
)
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
    """The speech of one clip, in pieces of one voice each.

    Attributes:
        spans_ms: `[spans, 2]`, start and end of speech from the recording's start.
        span_pieces: `[spans]`, the piece of each span.
        windows: `[pieces]`, the number of its window in the clip, in order.
        window_voices: `[pieces]`, the voice in the window: two of one window are two people.
        alone_ms: `[pieces]`, how much speech of one voice alone the vector is made of.
        vectors: `[pieces, dimensions]`, each of length 1.
    """

    spans_ms: Integers
    span_pieces: Integers
    windows: Integers
    window_voices: Integers
    alone_ms: Integers
    vectors: VoiceVectors

    def to_bytes(self) -> bytes:
        """For a ledger; vectors are rounded to 16 bits."""
        file = BytesIO()
        np.savez_compressed(
            file,
            spans_ms=self.spans_ms,
            span_pieces=self.span_pieces,
            windows=self.windows,
            window_voices=self.window_voices,
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
        different_below: mean cosine of vectors; less is never one voice.
        same_above: more always is. In between, what parts the recording's vectors best.
        least_separation: silhouette of several voices, where all may be one.
        least_piece_similarity: mean cosine of pieces that a window takes for one voice already.
        least_alone_ms: of speech, for a vector that can found a voice.
        least_voice_ms: of speech alone, for a voice; what has less goes to the nearest.
        voice_count: that are known to speak; None where it is to be found.
    """

    different_below: float = 0.45
    same_above: float = 0.7
    least_separation: float = 0.4
    least_piece_similarity: float = 0.7
    least_alone_ms: int = 600
    least_voice_ms: int = 2000
    voice_count: int | None = None

    @property
    def clusters(self) -> ClusterLimits:
        """The limits of clusters."""
        return ClusterLimits(self.different_below, self.same_above, self.least_separation)


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
    pieces: list[tuple[int, int, int]] = []
    vectors = [np.zeros((0, encoder.identity.dimensions), np.float32)]
    for number, piece in enumerate(local_voices(samples)):
        spans += [(start_ms + a_ms, start_ms + b_ms, number) for a_ms, b_ms in piece.spans_ms]
        pieces.append((piece.window, piece.voice, piece.alone_ms))
        vectors.append(encoder.encode([piece.sound]))
    span_table = np.array(sorted(spans), np.int64).reshape(-1, 3)
    piece_table = np.array(pieces, np.int64).reshape(-1, 3)
    return SpeechVectors(
        spans_ms=span_table[:, :2],
        span_pieces=span_table[:, 2],
        windows=piece_table[:, 0],
        window_voices=piece_table[:, 1],
        alone_ms=piece_table[:, 2],
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
    units = _units(clips, limits.least_piece_similarity, limits.least_alone_ms)
    centres = _voice_centres(units.vectors, units.alone_ms, limits)
    likeness = units.vectors @ centres.T
    labels = _assigned(likeness, units)
    spans = _heard_spans(clips, units, labels, _confidence(likeness, labels))
    turns, order = turns_of(spans)
    means = weighted_means(units.vectors, _weights(units.alone_ms), labels, len(centres))
    voices = tuple(
        Voice(number, means[label], sum(t.end_ms - t.start_ms for t in turns if t.voice == number))
        for number, label in enumerate(order, start=1)
    )
    return Diarization(turns, voices)


@dataclass(frozen=True, eq=False)
class _Units:
    """Pieces of one voice of one window that are alike, taken together.

    Attributes:
        vectors: `[units, dimensions]`, each of length 1.
        alone_ms: `[units]`.
        windows: `[units]`, over all clips.
        window_voices: `[units]`.
        of_pieces: `[pieces]`, the unit of each.
    """

    vectors: VoiceVectors
    alone_ms: Integers
    windows: Integers
    window_voices: Integers
    of_pieces: Integers


def _units(clips: Sequence[SpeechVectors], least_similarity: float, least_alone_ms: int) -> _Units:
    groups: dict[tuple[int, int, int], list[int]] = {}
    keys = [
        (number, window, voice)
        for number, clip in enumerate(clips)
        for window, voice in zip(clip.windows.tolist(), clip.window_voices.tolist(), strict=True)
    ]
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    vectors = np.concatenate([clip.vectors for clip in clips])
    alone_ms = np.concatenate([clip.alone_ms for clip in clips])
    of_pieces = np.empty(len(keys), np.int64)
    unit_keys: list[tuple[int, int, int]] = []
    for key, places in groups.items():
        found = _linked_pieces(
            vectors[places], alone_ms[places] >= least_alone_ms, least_similarity
        )
        of_pieces[places] = found + len(unit_keys)
        unit_keys += [key] * (int(found.max()) + 1)
    windows = {key[:2]: number for number, key in enumerate(sorted({k[:2] for k in unit_keys}))}
    return _Units(
        vectors=weighted_means(vectors, _weights(alone_ms), of_pieces, len(unit_keys)),
        alone_ms=np.bincount(of_pieces, alone_ms, len(unit_keys)).astype(np.int64),
        windows=np.array([windows[key[:2]] for key in unit_keys], np.int64),
        window_voices=np.array([key[2] for key in unit_keys], np.int64),
        of_pieces=of_pieces,
    )


def _linked_pieces(
    vectors: VoiceVectors, trusted: npt.NDArray[np.bool_], least_similarity: float
) -> Labels:
    """Those with little speech alone, whose vectors may be of two voices, go with the trusted one
    that is nearest in time.
    """
    if not trusted.any():
        return np.zeros(len(vectors), np.int64)
    places = np.flatnonzero(trusted)
    found = linked(vectors[places], least_similarity)
    nearest = np.abs(np.arange(len(vectors))[:, None] - places).argmin(axis=1)
    return found[nearest]


def _weights(alone_ms: Integers) -> npt.NDArray[np.float64]:
    """Of vectors in a mean; what is never alone counts too, where there is nothing else."""
    return np.asarray(alone_ms + 1.0, np.float64)


def _voice_centres(
    vectors: VoiceVectors, alone_ms: Integers, limits: DiarizationLimits
) -> VoiceVectors:
    """A mean vector for each voice of the recording, of what can be trusted."""
    trusted = alone_ms >= limits.least_alone_ms
    if not trusted.any():
        trusted = alone_ms >= alone_ms.max()
    vectors, weights = vectors[trusted], _weights(alone_ms[trusted])
    labels = voice_clusters(vectors, weights, limits.clusters, limits.voice_count)
    spoken_ms = np.bincount(labels, weights)
    kept = np.flatnonzero(spoken_ms >= min(limits.least_voice_ms, spoken_ms.max()))
    if limits.voice_count is None and len(kept) < len(spoken_ms):
        chosen = np.isin(labels, kept)
        vectors, weights, labels = vectors[chosen], weights[chosen], numbered(labels[chosen])
    return weighted_means(vectors, weights, labels, int(labels.max()) + 1)


def _assigned(likeness: npt.NDArray[np.float32], units: _Units) -> Labels:
    """A voice for each unit: the nearest that no other voice of its window has, where one is left;
    those with most speech alone choose first.
    """
    labels = np.full(len(likeness), -1, np.int64)
    taken: dict[tuple[int, int], int] = {}
    for place in np.argsort(-units.alone_ms, kind="stable"):
        window, voice = int(units.windows[place]), int(units.window_voices[place])
        ranked = [int(label) for label in np.argsort(-likeness[place], kind="stable")]
        free = [label for label in ranked if taken.get((window, label), voice) == voice]
        labels[place] = (free or ranked)[0]
        taken.setdefault((window, int(labels[place])), voice)
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
    clips: Sequence[SpeechVectors],
    units: _Units,
    labels: Labels,
    confidence: npt.NDArray[np.float64],
) -> list[HeardSpan]:
    spans, first = [], 0
    for clip in clips:
        for (start_ms, end_ms), piece in zip(clip.spans_ms, clip.span_pieces, strict=True):
            unit = units.of_pieces[first + int(piece)]
            label, sureness = int(labels[unit]), float(confidence[unit])
            spans.append(HeardSpan(int(start_ms), int(end_ms), label, sureness))
        first += len(clip.vectors)
    return spans
