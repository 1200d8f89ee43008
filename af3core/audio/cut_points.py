"""Where to cut: clips at long pauses, segments at pauses, silence on its own. Pure functions.

All positions are frames of 32 ms (`speech.FRAME_MS`), so that every cut is a whole millisecond
and a whole sample.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from af3core.audio.voice_activity import FRAME_MS, FRAME_SAMPLES, Probabilities
from af3core.errors import ConfigurationError
from schemas.identity import UNHASHED_DEFAULT
from schemas.options.night import DEFAULT_MAX_CLIP_S, Cutting, SilenceRule

LONGEST_CLIP_S = 3600.0
"""An hour, of which a clip in memory has 115 MB; no model of today hears so much."""

Levels = npt.NDArray[np.float32]

_TRACK = re.compile(r"default|all|\d{1,3}|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_CHANNELS = re.compile(r"mix|each|loudest|\d{1,2}")
_FORCED_CUT_COST = 4.0
_FORCED_STEP_FRAMES = 1000 // FRAME_MS


@dataclass(frozen=True)
class Segmentation:
    """How recordings are cut. Part of every clip's identity.

    `target_segment_s` is what lengths tend to; `silence_dbfs` the level below which nothing is
    heard; a clip is at most what the model hears at once, 600 s with AF3, which was trained on
    windows of 30 s. `silence`, `track` and `channels` are as the options of their names.
    """

    max_clip_s: float = DEFAULT_MAX_CLIP_S
    max_segment_s: float = Cutting.max_segment_s
    target_segment_s: float = Cutting.target_segment_s
    min_pause_ms: int = 256
    min_silence_ms: int = 3000
    silence_dbfs: float = Cutting.silence_dbfs
    speech_probability: float = 0.5
    version: int = 1
    silence: SilenceRule = field(default=Cutting.silence, metadata=UNHASHED_DEFAULT)
    track: str = field(default=Cutting.track, metadata=UNHASHED_DEFAULT)
    channels: str = field(default=Cutting.channels, metadata=UNHASHED_DEFAULT)

    def __post_init__(self) -> None:
        if not _TRACK.fullmatch(self.track):
            raise ConfigurationError(
                f"--track {self.track}: write default, all, a number from 0, or a language as the"
                " container has it, such as deu"
            )
        if not _CHANNELS.fullmatch(self.channels):
            raise ConfigurationError(
                f"--channels {self.channels}: write mix, each, loudest, or a number from 0"
            )
        if not 0.5 <= self.max_segment_s <= 30.0:
            raise ConfigurationError("--max-segment-s must lie between 0.5 and 30")
        if not self.max_segment_s <= self.max_clip_s <= LONGEST_CLIP_S:
            raise ConfigurationError(
                f"--max-clip-s must lie between --max-segment-s and {LONGEST_CLIP_S:g}"
            )
        if not 0.25 <= self.target_segment_s <= self.max_segment_s:
            raise ConfigurationError("--target-segment-s must lie between 0.25 and the maximum")


@dataclass(frozen=True)
class Span:
    """Frames `[start, end)` of a clip; `silent` where nothing rises above the silence level."""

    start: int
    end: int
    silent: bool


def segmentation_of(cut: Cutting) -> Segmentation:
    """How recordings are cut, as part of every clip's identity; `auto` as the longest that any
    model may declare.

    Raises:
        ConfigurationError: a length is out of its range.
    """
    return Segmentation(
        max_clip_s=LONGEST_CLIP_S if isinstance(cut.max_clip_s, str) else cut.max_clip_s,
        max_segment_s=cut.max_segment_s,
        target_segment_s=cut.target_segment_s,
        silence_dbfs=cut.silence_dbfs,
        silence=cut.silence,
        track=cut.track.lower(),
        channels=cut.channels,
    )


def frame_levels(samples: npt.NDArray[np.int16]) -> Levels:
    """Highest level of each frame in dBFS, `[frames]`; digital silence is -120."""
    padding = -len(samples) % FRAME_SAMPLES
    frames = np.pad(samples, (0, padding)).reshape(-1, FRAME_SAMPLES)
    # no frame is copied to wider integers: a clip's would be 40 MB
    peaks = np.maximum(frames.max(axis=1, initial=0), -frames.min(axis=1, initial=0).astype(int))
    return (20 * np.log10(np.maximum(peaks / 32768, 1e-6))).astype(np.float32)


def clip_end(speech: Probabilities, levels: Levels, settings: Segmentation) -> int:
    """The frame to end a clip at, given more than `max_clip_s` of audio: its best pause.

    Looked for in the last 40 % of the clip, so that clips stay long.
    """
    last = int(settings.max_clip_s * 1000 / FRAME_MS)
    first = int(last * 0.6)
    runs = runs_of_true(_quiet_frames(speech[:last], levels[:last], settings))
    pauses = [(min(end, last) - start, start, end) for start, end in runs if end > first]
    if pauses:
        length, start, end = max(pauses)
        if length * FRAME_MS >= settings.min_pause_ms:
            return max((start + min(end, last)) // 2, first)
    return first + int(np.argmin(_smooth(speech[first:last]) + levels[first:last] / 120))


def segment_spans(speech: Probabilities, levels: Levels, settings: Segmentation) -> list[Span]:
    """Cut a clip into spans of at most `max_segment_s`, without gap or overlap.

    Silence of `min_silence_ms` or more always stands alone; what lies between is cut at pauses.
    """
    max_frames = int(settings.max_segment_s * 1000 / FRAME_MS)
    silent = levels < settings.silence_dbfs
    spans: list[Span] = []
    here = 0
    for start, end in [*runs_of_true(silent), (len(levels), len(levels))]:
        if (end - start) * FRAME_MS < settings.min_silence_ms and start < len(levels):
            continue
        if start > here:
            edges = _best_cuts(speech[here:start], levels[here:start], settings)
            for first, last in itertools.pairwise(edges):
                heard = bool((~silent[here + first : here + last]).any())
                spans.append(Span(here + first, here + last, not heard))
        for first in range(start, end, max_frames):
            spans.append(Span(first, min(first + max_frames, end), True))
        here = end
    return spans


def _best_cuts(speech: Probabilities, levels: Levels, settings: Segmentation) -> list[int]:
    """Edges of segments, the first 0 and the last the end: a shortest path over possible cuts.

    Long pauses are cheap, a cut without pause is dear, and lengths tend to the target.
    """
    cuts = _candidates(speech, levels, settings)
    max_frames = int(settings.max_segment_s * 1000 / FRAME_MS)
    target = settings.target_segment_s * 1000 / FRAME_MS
    positions = sorted(cuts)
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    first = 0
    for index, here in enumerate(positions[1:], start=1):
        while here - positions[first] > max_frames:
            first += 1
        best[here] = min(
            (best[start][0] + ((here - start) / target - 1) ** 2 + cuts[here], start)
            for start in positions[first:index]
        )
    edges = [len(levels)]
    while edges[-1] > 0:
        edges.append(best[edges[-1]][1])
    return edges[::-1]


def _candidates(speech: Probabilities, levels: Levels, settings: Segmentation) -> dict[int, float]:
    """Frames where a cut may be, with its cost."""
    frame_count = len(levels)
    cuts: dict[int, float] = {}
    for step in range(_FORCED_STEP_FRAMES, frame_count, _FORCED_STEP_FRAMES):
        window = slice(step - _FORCED_STEP_FRAMES, step)
        score = speech[window] + levels[window] / 120
        cuts[max(step - _FORCED_STEP_FRAMES + int(np.argmin(score)), 1)] = _FORCED_CUT_COST
    for start, end in runs_of_true(_quiet_frames(speech, levels, settings)):
        pause_ms = (end - start) * FRAME_MS
        if pause_ms >= settings.min_pause_ms and 0 < (start + end) // 2 < frame_count:
            cuts[(start + end) // 2] = min(1.0, settings.min_pause_ms / pause_ms)
    return cuts | {0: 0.0, frame_count: 0.0}


def _quiet_frames(
    speech: Probabilities, levels: Levels, settings: Segmentation
) -> npt.NDArray[np.bool_]:
    return np.asarray(
        (_smooth(speech) < settings.speech_probability) | (levels < settings.silence_dbfs)
    )


def _smooth(values: Probabilities) -> Probabilities:
    """Mean over three frames: one uncertain frame makes no pause."""
    if len(values) < 3:
        return values
    padded = np.pad(values, 1, mode="edge")
    return np.asarray((padded[:-2] + padded[1:-1] + padded[2:]) / 3, np.float32)


def runs_of_true(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
