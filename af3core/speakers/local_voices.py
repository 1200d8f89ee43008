"""The voices of ten seconds: who of up to three speaks in each frame, by pyannote's segmentation.

Windows of ten seconds begin each five. Each says who speaks in its middle; what a voice says alone
in the whole window is what its vector is made of. A voice's number means nothing beyond its window.
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
from af3core.audio.voice_activity import FRAME_SAMPLES, SpeechDetector
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
_SPEECH = 0.5
_LEAST_SPEECH_FRAMES = 8
"""A quarter of a second: a window with less of it is not heard further."""

_LONGEST_SOUND_SAMPLES = 6_000 * SAMPLES_PER_MS
"""Of a voice in a window, for its vector: more of it makes the vector hardly better, and twice as
dear."""

Activity = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LocalVoice:
    """One voice of one window.

    Attributes:
        window: number of its window in the clip.
        spans_ms: where it speaks in the window's own part of the clip, from the clip's start.
        sound: what it says alone in the window, at most the middle six seconds; where it never
            does, all that it says.
        alone_ms: how much it says alone.
    """

    window: int
    spans_ms: tuple[tuple[int, int], ...]
    sound: Waveform
    alone_ms: int


def local_voices(samples: Waveform) -> Iterator[LocalVoice]:
    """The voices of a clip's windows, in order of time. Windows without speech give none.

    Args:
        samples: 16 kHz mono.
    """
    starts = _window_starts(len(samples))
    own_parts = _own_parts(starts, len(samples))
    heard = _windows_with_speech(samples, starts)
    for first in range(0, len(heard), _WINDOWS_AT_ONCE):
        batch = heard[first : first + _WINDOWS_AT_ONCE]
        activities = _activities(samples, [starts[number] for number in batch])
        for number, activity in zip(batch, activities, strict=True):
            yield from _voices_of(samples, number, starts[number], own_parts[number], activity)


def _window_starts(length: int) -> list[int]:
    """In samples; the last window ends where the clip ends."""
    step = STEP_MS * SAMPLES_PER_MS
    last = max(0, length - _WINDOW_SAMPLES)
    return [*range(0, last, step), last] if length else []


def _own_parts(starts: list[int], length: int) -> list[tuple[int, int]]:
    """What each window says of the clip: up to the middle of what it shares with the next."""
    middles = [(one + other + _WINDOW_SAMPLES) // 2 for one, other in itertools.pairwise(starts)]
    return list(itertools.pairwise([0, *middles, length]))


def _windows_with_speech(samples: Waveform, starts: list[int]) -> list[int]:
    detector = SpeechDetector()
    pcm = as_pcm(samples)
    speech = np.concatenate([detector.feed(pcm), detector.finish()]) >= _SPEECH
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


def _voices_of(
    samples: Waveform, number: int, start: int, own_part: tuple[int, int], activity: Activity
) -> Iterator[LocalVoice]:
    edges = start + _FRAME_CENTRE_SAMPLES + _FRAME_STEP_SAMPLES * np.arange(len(activity) + 1)
    edges = np.minimum(edges - _FRAME_STEP_SAMPLES // 2, len(samples))
    edges[0] = start
    is_alone = activity.sum(axis=1) == 1
    for voice in activity.T:
        spans = [
            (max(int(edges[first]), own_part[0]), min(int(edges[end]), own_part[1]))
            for first, end in runs_of_true(voice)
        ]
        spans_ms = tuple(
            (first // SAMPLES_PER_MS, end // SAMPLES_PER_MS) for first, end in spans if first < end
        )
        if not spans_ms:
            continue
        alone = _joined(samples, edges, voice & is_alone)
        sound = alone if len(alone) else _joined(samples, edges, voice)
        spare = max(0, len(sound) - _LONGEST_SOUND_SAMPLES)
        heard = sound[spare // 2 : len(sound) - (spare - spare // 2)]
        yield LocalVoice(number, spans_ms, heard, len(alone) // SAMPLES_PER_MS)


def _joined(
    samples: Waveform, edges: npt.NDArray[np.int64], chosen: npt.NDArray[np.bool_]
) -> Waveform:
    parts = [samples[edges[first] : edges[end]] for first, end in runs_of_true(chosen)]
    return np.concatenate(parts) if parts else samples[:0]
