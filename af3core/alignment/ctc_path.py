"""The best path of a known text through a CTC model's frames (Graves et al. 2006), by Viterbi.

Between tokens may be blanks; between equal tokens must be one. A star stands for speech that the
text lacks or the model has no token for: it costs a bit more than a frame's likeliest token.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STAR = -1
"""In place of a token: any speech."""

_STAR_COST = 0.5
"""Of a frame, so that what the text has is not taken for a star."""

LogProbabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class TokenSpan:
    """Frames `[start, end)` of a token, and the mean of its probability's logarithm over them."""

    start: int
    end: int
    mean_logprob: float


def best_path(
    logprobs: LogProbabilities, tokens: Sequence[int], blank: int
) -> list[TokenSpan] | None:
    """The frames of each token, in order; None where the frames are too few for them.

    Args:
        logprobs: `[frames, tokens of the model]`.
        tokens: of the text, in order; `STAR` is any speech.
        blank: the model's token for nothing new.
    """
    frames = len(logprobs)
    doubled = sum(a == b != STAR for a, b in itertools.pairwise(tokens))
    if not tokens or frames < len(tokens) + doubled:
        return None
    states = _states(tokens, blank)
    speech = np.delete(logprobs, blank, axis=1).max(axis=1) - _STAR_COST
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    may_skip[3::2] |= states[3::2] == STAR
    score = np.full(len(states), -np.inf, np.float32)
    score[:2] = _emitted(logprobs[0], states[:2], speech[0])
    steps = np.zeros((frames, len(states)), np.int8)
    for frame in range(1, frames):
        stay, one, two = score, _shifted(score, 1), _shifted(score, 2)
        two = np.where(may_skip, two, -np.inf)
        best = np.maximum(np.maximum(stay, one), two)
        steps[frame] = np.where(best == stay, 0, np.where(best == one, 1, 2))
        score = best + _emitted(logprobs[frame], states, speech[frame])
    state = len(states) - (1 if score[-1] >= score[-2] else 2)
    if not np.isfinite(score[state]):
        return None
    path = _states_by_frame(steps, state)
    along = np.where(
        states[path] == STAR, speech, logprobs[np.arange(frames), np.maximum(states[path], 0)]
    )
    return _spans(path, along, len(tokens))


def _states(tokens: Sequence[int], blank: int) -> npt.NDArray[np.int64]:
    """Blank, token, blank, token, …, blank."""
    states = np.full(2 * len(tokens) + 1, blank, np.int64)
    states[1::2] = tokens
    return states


def _emitted(
    frame: LogProbabilities, states: npt.NDArray[np.int64], speech: np.float32
) -> LogProbabilities:
    """Of each state in one frame; of all frames at once they would fill a machine's memory."""
    return np.where(states == STAR, speech, frame[np.maximum(states, 0)])


def _shifted(score: LogProbabilities, places: int) -> LogProbabilities:
    shifted = np.full_like(score, -np.inf)
    shifted[places:] = score[:-places]
    return shifted


def _states_by_frame(steps: npt.NDArray[np.int8], last: int) -> npt.NDArray[np.int64]:
    path = np.empty(len(steps), np.int64)
    state = last
    for frame in range(len(steps) - 1, -1, -1):
        path[frame] = state
        state -= int(steps[frame, state])
    return path


def _spans(
    path: npt.NDArray[np.int64], along: LogProbabilities, token_count: int
) -> list[TokenSpan]:
    spans = []
    for number in range(token_count):
        state = 2 * number + 1
        start, end = np.searchsorted(path, [state, state + 1])
        mean = float(along[start:end].mean())
        spans.append(TokenSpan(int(start), int(end), mean))
    return spans
