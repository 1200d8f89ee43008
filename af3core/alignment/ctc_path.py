"""The best path of a known text through a CTC model's frames (Graves et al. 2006), by Viterbi.

Between tokens may be blanks; between equal tokens must be one. A star stands for speech that the
model has no token for; at the borders of words there may be speech that the text lacks. Both cost a
bit more than a frame's likeliest token.

The scores of some frames are kept, and the steps between two of them are worked out again on the
way back (Hirschberg 1975; Grice et al. 1997), from the states alone that can lead to where the way
back is: memory grows by (frames x states)^(2/3), 30 MB for half an hour of speech.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STAR = -1
"""In place of a token: any speech."""

_STAR_COST = 0.5
"""Of a frame, so that what the text has is not taken for a star."""
_UNWRITTEN_COST = 2.0
"""Of a frame of speech between words that the text lacks: more than a right word's letters cost."""

LogProbabilities = npt.NDArray[np.float32]
_Scores = npt.NDArray[np.float64]
_Indices = npt.NDArray[np.int64]
_BLANK, _STAR, _BORDER, _FIRST_TOKEN = range(4)


@dataclass(frozen=True)
class TokenSpan:
    """Frames `[start, end)` of a token."""

    start: int
    end: int


@dataclass(frozen=True)
class Emissions:
    """What a text's path needs of a model's frames, whatever the size of its vocabulary.

    Attributes:
        columns: log-probabilities `[frames, blank, star, border of words, tokens …]`.
        likeliest: of each frame's likeliest token or blank: the path without any text.
        tokens: the model's tokens of the last columns.
    """

    columns: LogProbabilities
    likeliest: LogProbabilities
    tokens: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def is_silent(self) -> npt.NDArray[np.bool_]:
        """Frames whose likeliest is the blank."""
        return self.columns[:, _BLANK] >= self.likeliest


@dataclass(frozen=True)
class ForcedPath:
    """The frames of each token, and what each frame has: its log-probability, whether a token."""

    spans: list[TokenSpan]
    logprobs: LogProbabilities
    is_token: npt.NDArray[np.bool_]


def emissions(logprobs: LogProbabilities, tokens: Sequence[int], blank: int) -> Emissions:
    """The columns of a text's tokens.

    Args:
        logprobs: `[frames, tokens of the model]`.
        tokens: of the text; `STAR` is any speech.
        blank: the model's token for nothing new.
    """
    wanted = tuple(sorted(set(tokens) - {STAR}))
    speech = np.delete(logprobs, blank, axis=1).max(axis=1)
    silence = logprobs[:, blank]
    border = np.maximum(silence, speech - _UNWRITTEN_COST)
    columns = np.column_stack([silence, speech - _STAR_COST, border, logprobs[:, list(wanted)]])
    return Emissions(columns, np.maximum(silence, speech), wanted)


def joined(parts: Sequence[Emissions]) -> Emissions:
    """Those of a sound of the parts of it, in order."""
    return Emissions(
        np.concatenate([part.columns for part in parts]),
        np.concatenate([part.likeliest for part in parts]),
        parts[0].tokens,
    )


def best_path(
    heard: Emissions,
    tokens: Sequence[int],
    word_starts: Collection[int] = (),
    block: int | None = None,
) -> ForcedPath | None:
    """The frames of each token, in order; None where the frames are too few for them.

    Args:
        heard: of the text's tokens.
        tokens: of the text, in order; `STAR` is any speech.
        word_starts: numbers of the tokens before which, and behind the last, there may be speech
            that the text lacks; none: there is none.
        block: frames between two whose scores are kept; None takes the least memory.
    """
    frames = len(heard)
    doubled = sum(a == b != STAR for a, b in itertools.pairwise(tokens))
    if not tokens or frames < len(tokens) + doubled:
        return None
    states = _states(heard, tokens, word_starts)
    skipped = _skip_costs(tokens)
    block = block or max(1, round((2 * frames * len(states)) ** (1 / 3)))
    kept, last = _forward(heard.columns, states, skipped, block)
    state = len(states) - (1 if last[-1] >= last[-2] else 2)
    if not np.isfinite(last[state]):
        return None
    path = np.empty(frames, np.int64)
    for number in range(len(kept) - 1, -1, -1):
        start, end = number * block, min((number + 1) * block, frames - 1)
        low = max(0, state - 2 * (end - start))
        near = slice(low, state + 1)
        steps = _steps(heard.columns[start + 1 : end + 1], kept[number], states, skipped, near)
        for frame in range(end, start, -1):
            path[frame] = state
            state -= int(steps[frame - start - 1, state - low])
        path[start] = state
    along = heard.columns[np.arange(frames), states[path]]
    return ForcedPath(_spans(path, len(tokens)), along, path % 2 == 1)


def _states(heard: Emissions, tokens: Sequence[int], word_starts: Collection[int]) -> _Indices:
    """The columns of blank, token, blank, token, …, blank."""
    column = {token: _FIRST_TOKEN + place for place, token in enumerate(heard.tokens)}
    states = np.full(2 * len(tokens) + 1, _BLANK, np.int64)
    states[1::2] = [_STAR if token == STAR else column[token] for token in tokens]
    if word_starts:
        states[[*(2 * start for start in word_starts), -1]] = _BORDER
    return states


def _skip_costs(tokens: Sequence[int]) -> _Scores:
    """Of each state, of coming to it from the last but one: 0 where the blank may be left out."""
    costs = np.full(2 * len(tokens) + 1, -np.inf)
    free = [a != b or b == STAR for a, b in itertools.pairwise(tokens)]
    costs[3::2] = np.where(free, 0.0, -np.inf)
    return costs


def _forward(
    columns: LogProbabilities, states: _Indices, skipped: _Scores, block: int
) -> tuple[list[_Scores], _Scores]:
    """The scores of all states in every so many frames, and in the last one."""
    score = np.full(len(states), -np.inf)
    score[:2] = columns[0, states[:2]]
    kept, best, other = [], np.empty_like(score), np.empty_like(score)
    emitted = np.empty(len(states), np.float32)
    for frame in range(1, len(columns)):
        if (frame - 1) % block == 0:
            kept.append(score.copy())
        np.maximum(score[1:], score[:-1], out=best[1:])
        best[0] = score[0]
        np.add(score[:-2], skipped[2:], out=other[2:])
        np.maximum(best[2:], other[2:], out=best[2:])
        np.take(columns[frame], states, out=emitted, mode="clip")
        np.add(best, emitted, out=score)
    return kept or [score], score


def _steps(
    columns: LogProbabilities, score: _Scores, states: _Indices, skipped: _Scores, near: slice
) -> npt.NDArray[np.int8]:
    """By how many states each state of some frames is further than its best predecessor.

    True of those states that lead to the last one of `near` alone.
    """
    score, states, skipped = score[near], states[near], skipped[near]
    steps = np.zeros((len(columns), len(score)), np.int8)
    for frame, row in enumerate(columns):
        one, two = np.full_like(score, -np.inf), np.full_like(score, -np.inf)
        one[1:] = score[:-1]
        two[2:] = score[:-2] + skipped[2:]
        best = np.maximum(np.maximum(score, one), two)
        steps[frame] = np.where(best == score, 0, np.where(best == one, 1, 2))
        score = best + row[states]
    return steps


def _spans(path: _Indices, token_count: int) -> list[TokenSpan]:
    starts = np.searchsorted(path, 2 * np.arange(token_count) + 1)
    ends = np.searchsorted(path, 2 * np.arange(token_count) + 2)
    return [TokenSpan(int(start), int(end)) for start, end in zip(starts, ends, strict=True)]
