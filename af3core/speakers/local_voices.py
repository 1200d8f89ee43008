"""The voices of ten seconds: who of up to three speaks in each frame, by pyannote's segmentation.

Windows of ten seconds begin each five, and each says who speaks in its middle. A voice's number
means nothing beyond its window. What the network takes for one voice may be two that are alike: it
comes in pieces of up to three seconds, broken at pauses, so that vectors can say so.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.audio import SAMPLES_PER_MS
from af3core.audio.clip_file import as_pcm
from af3core.audio.cut_points import runs_of_true
from af3core.audio.decode import Pcm
from af3core.audio.voice_activity import FRAME_SAMPLES, frames_with_speech
from af3core.model.request import Waveform
from af3core.speakers.network_file import SEGMENTATION, open_network

WINDOW_MS, STEP_MS = 10_000, 5_000
_WINDOW_SAMPLES = WINDOW_MS * SAMPLES_PER_MS
_FRAME_STEP_SAMPLES = 270
_FRAME_CENTRE_SAMPLES = 495
"""Of the first frame: the network's frames hear 991 samples each."""
_POWERSET = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], np.bool_
)
"""Which voices each of the network's classes has (powerset encoding, at most two at a time)."""
_WINDOWS_AT_ONCE = 4
_LEAST_SPEECH_FRAMES = 8
"""A quarter of a second: a window with less of it is not heard further."""
_SILENT_PEAK = 1
"""Of 16 bits: what dither leaves of digital silence."""
_SHORTEST_SILENCE_SAMPLES = 250 * SAMPLES_PER_MS
"""Less may be within a word of made speech."""

_LONGEST_PIECE_SAMPLES = 3_000 * SAMPLES_PER_MS
_SHORTEST_PIECE_SAMPLES = 1_000 * SAMPLES_PER_MS
"""Less joins the piece before or after it, where that is not far."""
_JOINED_PAUSE_SAMPLES = 500 * SAMPLES_PER_MS

Activity = npt.NDArray[np.bool_]
Edges = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Piece:
    """What one voice of one window says in up to some three seconds.

    Attributes:
        window: number of its window in the clip.
        voice: number of the voice in its window: two of one window are two people.
        spans_ms: where it speaks, from the clip's start.
        sound: what it says alone; where it never does, all that it says.
        alone_ms: how much it says alone.
    """

    window: int
    voice: int
    spans_ms: tuple[tuple[int, int], ...]
    sound: Waveform
    alone_ms: int


def local_voices(samples: Waveform) -> Iterator[Piece]:
    """What the voices of a clip's windows say, window by window. Without speech there is none.

    Args:
        samples: 16 kHz mono.
    """
    starts = _window_starts(len(samples))
    own_parts = _own_parts(starts, len(samples))
    pcm = as_pcm(samples)
    heard = _windows_with_speech(pcm, starts)
    for first in range(0, len(heard), _WINDOWS_AT_ONCE):
        batch = heard[first : first + _WINDOWS_AT_ONCE]
        activities = _activities(samples, [starts[number] for number in batch])
        for number, activity in zip(batch, activities, strict=True):
            edges = _frame_edges(starts[number], own_parts[number], len(activity))
            _mute_silence(activity, edges, pcm)
            yield from _pieces_of(samples, number, edges, activity)


def _window_starts(length: int) -> list[int]:
    """In samples; the last window ends where the clip ends."""
    step = STEP_MS * SAMPLES_PER_MS
    last = max(0, length - _WINDOW_SAMPLES)
    return [*range(0, last, step), last] if length else []


def _own_parts(starts: list[int], length: int) -> list[tuple[int, int]]:
    """What each window says of the clip: up to the middle of what it shares with the next."""
    middles = [(one + other + _WINDOW_SAMPLES) // 2 for one, other in itertools.pairwise(starts)]
    return list(itertools.pairwise([0, *middles, length]))


def _windows_with_speech(pcm: Pcm, starts: list[int]) -> list[int]:
    speech = frames_with_speech(pcm)
    counts = [
        int(speech[start // FRAME_SAMPLES : (start + _WINDOW_SAMPLES) // FRAME_SAMPLES + 1].sum())
        for start in starts
    ]
    return [number for number, count in enumerate(counts) if count >= _LEAST_SPEECH_FRAMES]


@functools.cache
def _network() -> Any:
    return open_network(SEGMENTATION)


def _activities(samples: Waveform, starts: list[int]) -> list[Activity]:
    """Who speaks in the windows that start there, `[frames, 3]` each."""
    windows = np.zeros((len(starts), 1, _WINDOW_SAMPLES), np.float32)
    for window, start in zip(windows, starts, strict=True):
        heard = samples[start : start + _WINDOW_SAMPLES]
        window[0, : len(heard)] = heard
    (found,) = _network().run(None, {"samples": windows})
    return list(_POWERSET[np.asarray(found).argmax(axis=-1)])


def _frame_edges(start: int, own_part: tuple[int, int], frame_count: int) -> Edges:
    """Where the frames of a window begin and end, `[frames + 1]`, in samples of its own part."""
    edges = start + _FRAME_CENTRE_SAMPLES + _FRAME_STEP_SAMPLES * np.arange(frame_count + 1)
    edges = np.clip(edges - _FRAME_STEP_SAMPLES // 2, own_part[0], own_part[1])
    edges[0] = max(start, own_part[0])
    return edges


def _mute_silence(activity: Activity, edges: Edges, pcm: Pcm) -> None:
    """Take voices out of digital silence: the network finds one in the first frames of it.

    Args:
        activity: `[frames, 3]`; changed in place.
        edges: `[frames + 1]`.
        pcm: the whole clip.
    """
    is_sound = np.abs(pcm[edges[0] : edges[-1]].astype(np.int32)) > _SILENT_PEAK
    sounds = np.concatenate([[0], is_sound.cumsum()])[edges - edges[0]]
    for first, end in runs_of_true(np.diff(sounds) == 0):
        if edges[end] - edges[first] >= _SHORTEST_SILENCE_SAMPLES:
            activity[first:end] = False


def _pieces_of(samples: Waveform, number: int, edges: Edges, activity: Activity) -> Iterator[Piece]:
    is_alone = activity.sum(axis=1) == 1
    for voice, speaks in enumerate(activity.T):
        for first, end in _piece_frames(runs_of_true(speaks), edges):
            frames = np.arange(first, end)
            spoken = [(a + first, b + first) for a, b in runs_of_true(speaks[frames])]
            spans_ms = [
                (int(edges[a]) // SAMPLES_PER_MS, int(edges[b]) // SAMPLES_PER_MS)
                for a, b in spoken
            ]
            lone = [(a + first, b + first) for a, b in runs_of_true((speaks & is_alone)[frames])]
            alone = _joined(samples, edges, lone)
            sound = alone if len(alone) else _joined(samples, edges, spoken)
            if len(sound):
                yield Piece(
                    number,
                    voice,
                    tuple((a_ms, b_ms) for a_ms, b_ms in spans_ms if a_ms < b_ms),
                    sound,
                    len(alone) // SAMPLES_PER_MS,
                )


def _piece_frames(runs: list[tuple[int, int]], edges: Edges) -> Iterator[tuple[int, int]]:
    """Runs of frames as pieces: short ones joined with what is near, long ones divided evenly."""
    joined: list[tuple[int, int]] = []
    for first, end in runs:
        if edges[first] == edges[end]:
            continue  # not in the window's own part
        if joined:
            before, after = joined[-1]
            shortest = min(edges[after] - edges[before], edges[end] - edges[first])
            pause = edges[first] - edges[after]
            if shortest < _SHORTEST_PIECE_SAMPLES and pause < _JOINED_PAUSE_SAMPLES:
                joined[-1] = (before, end)
                continue
        joined.append((first, end))
    for first, end in joined:
        count = -(-int(edges[end] - edges[first]) // _LONGEST_PIECE_SAMPLES)
        borders = np.linspace(first, end, count + 1).round().astype(int)
        yield from itertools.pairwise(borders.tolist())


def _joined(samples: Waveform, edges: Edges, runs: list[tuple[int, int]]) -> Waveform:
    parts = [samples[edges[first] : edges[end]] for first, end in runs]
    return np.concatenate(parts) if parts else samples[:0]
