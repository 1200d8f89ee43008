"""From what heads attend to, to a place for each word: one monotone path, as in time warping.

Each word is one state of the path, and so is what lies before, between and behind words; a word's
score in a frame is its share of what all words attend to there. Where voice activity hears a pause,
words cost and pauses do not; a word behind a pause begins where energy rises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from af3core.alignment.interpolation import Stretch
from af3core.alignment.text_words import TextWord
from af3core.audio import SAMPLE_RATE_HZ
from af3core.model.request import Waveform

Matrix = npt.NDArray[np.float32]
TOKEN_MS = 40
"""25 audio tokens a second."""

_PAUSE_SHARE = 0.02
"""What a pause is taken to attend to in a frame: a word's row has 1 over all frames."""
_LEAST = 1e-3
_SPEECH_FLOOR, _PAUSE_FLOOR = 0.05, 0.3
"""So that a word in what the detector calls a pause costs a lot, and a pause in speech little."""

_ENERGY_MS = 10
_ONSET_REACH_MS = 60
_ONSET_FRAMES = 3
_ONSET_COST_PER_MS = 0.04
"""Of the distance from where attention begins, in the logarithm of energy."""
_PAUSE_MS = 2 * TOKEN_MS


@dataclass(frozen=True)
class WrittenWords:
    """A text for a model, and the code points of each of its words in it."""

    text: str
    spans: tuple[tuple[int, int], ...]


def written(words: Sequence[TextWord]) -> WrittenWords:
    """Words as their text had them: with a space between those that did not touch."""
    parts: list[str] = []
    spans: list[tuple[int, int]] = []
    at = 0
    for number, word in enumerate(words):
        if number and words[number - 1].end_char != word.start_char:
            parts.append(" ")
            at += 1
        parts.append(word.text)
        spans.append((at, at + len(word.text)))
        at += len(word.text)
    return WrittenWords("".join(parts), tuple(spans))


def tokens_of_words(
    spans: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]
) -> list[list[int]]:
    """The tokens that hold a part of each word; one token may hold parts of several."""
    return [
        [n for n, (first, last) in enumerate(offsets) if first < end and last > start]
        for start, end in spans
    ]


def attention_of_words(attention: Matrix, tokens: Sequence[Sequence[int]]) -> Matrix:
    """`[words, frames]` from `attention [heads, tokens, frames]`: means over heads and a word's
    tokens, of each row's share in the sound. A word without tokens has none.
    """
    shares = attention / np.maximum(attention.sum(axis=2, keepdims=True), 1e-12)
    mean = shares.mean(axis=0)
    rows = [mean[list(own)].mean(axis=0) if own else np.zeros_like(mean[0]) for own in tokens]
    return np.asarray(rows, np.float32)


def place_words(
    attention: Matrix, speech: Sequence[Stretch], samples: Waveform
) -> list[Stretch] | None:
    """When each word is spoken, in milliseconds; None where there are fewer frames than words.

    Args:
        attention: `[words, frames]`, of words in order.
        speech: where the detector hears speech.
        samples: 16 kHz mono.
    """
    count, frames = attention.shape
    if frames < count:
        return None
    path = _best_path(_scores(attention, speech))
    borders = [np.searchsorted(path, (2 * number + 1, 2 * number + 2)) for number in range(count)]
    spans = [(int(start) * TOKEN_MS, int(end) * TOKEN_MS) for start, end in borders]
    rises = _energy_rises(samples)
    placed: list[Stretch] = []
    for start, end in spans:
        least = placed[-1][1] if placed else 0
        if not placed or start - placed[-1][1] >= _PAUSE_MS:
            start = min(max(least, _onset_near(start, rises)), end - TOKEN_MS // 2)
        placed.append((start, end))
    return placed


def _scores(attention: Matrix, speech: Sequence[Stretch]) -> Matrix:
    """Of each frame in logarithms `[frames, words + 1]`, the pause last."""
    heard = _speech_shares(speech, attention.shape[1])
    total = attention.sum(axis=0) + _PAUSE_SHARE
    words = np.log(attention / total + _LEAST) + np.log(heard + _SPEECH_FLOOR)
    pause = np.log(_PAUSE_SHARE / total + _LEAST) + np.log(1 - heard + _PAUSE_FLOOR)
    return np.asarray(np.vstack([words, pause]).T, np.float32)


def _best_path(scores: Matrix) -> npt.NDArray[np.int64]:
    """The state of each frame on the best path (Viterbi): pause, word, pause, word, …, pause.

    Each word has a frame at least; pauses may have none.
    """
    frames, words = len(scores), scores.shape[1] - 1
    states = np.full(2 * words + 1, words)
    states[1::2] = np.arange(words)
    over_pause = np.zeros(len(states), bool)
    over_pause[3::2] = True
    best = np.full(len(states), -np.inf)
    best[:2] = scores[0, states[:2]]
    steps = np.zeros((frames, len(states)), np.int8)
    for frame in range(1, frames):
        one, two = np.full((2, len(states)), -np.inf)
        one[1:], two[2:] = best[:-1], best[:-2]
        two[~over_pause] = -np.inf
        found = np.stack([best, one, two])
        steps[frame] = found.argmax(axis=0)
        best = found.max(axis=0) + scores[frame, states]
    path = np.empty(frames, np.int64)
    state = len(states) - (1 if best[-1] >= best[-2] else 2)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(steps[frame, state])
    return path


def _speech_shares(speech: Sequence[Stretch], frames: int) -> Matrix:
    """How much of each frame is speech."""
    starts = np.arange(frames) * TOKEN_MS
    shares = np.zeros(frames)
    for start, end in speech:
        shares += np.clip(np.minimum(end, starts + TOKEN_MS) - np.maximum(start, starts), 0, None)
    return np.asarray(shares / TOKEN_MS, np.float32)


def _energy_rises(samples: Waveform) -> Matrix:
    """By how much the logarithm of energy rises at each 10 ms, over 30 ms on either side."""
    size = SAMPLE_RATE_HZ * _ENERGY_MS // 1000
    frames = len(samples) // size
    power = np.square(samples[: frames * size], dtype=np.float64).reshape(frames, size).mean(axis=1)
    sums = np.concatenate([[0.0], np.cumsum(np.log(power + 1e-7))])
    rises = np.zeros(frames)
    k = _ONSET_FRAMES
    if frames > 2 * k:
        rises[k : frames - k + 1] = (sums[2 * k :] - 2 * sums[k:-k] + sums[: -2 * k]) / k
    return np.asarray(rises, np.float32)


def _onset_near(start_ms: int, rises: Matrix) -> int:
    """Where energy rises most, near a time; that time where there is no sound."""
    first = max(0, (start_ms - _ONSET_REACH_MS) // _ENERGY_MS)
    times = np.arange(first, min(len(rises), (start_ms + _ONSET_REACH_MS) // _ENERGY_MS + 1))
    if not len(times):
        return start_ms
    worth = rises[times] - _ONSET_COST_PER_MS * np.abs(times * _ENERGY_MS - start_ms)
    return int(times[worth.argmax()]) * _ENERGY_MS
