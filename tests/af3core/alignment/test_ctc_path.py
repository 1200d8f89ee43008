"""The best path through CTC's frames, against all paths."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.alignment.ctc_path import STAR, TokenSpan, best_path

BLANK = 0


def logs(*rows: tuple[float, ...]) -> np.ndarray:
    return np.log(np.array(rows, np.float32))


def test_tokens_are_where_they_are_likely() -> None:
    frames = logs(
        (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
    )
    first, second = best_path(frames, [1, 2], BLANK) or []
    assert (first.start, first.end, second.start, second.end) == (1, 3, 4, 5)
    assert first.mean_logprob == pytest.approx(np.log(0.8))


def test_equal_tokens_need_a_blank_between() -> None:
    frames = logs((0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1))
    spans = best_path(frames, [1, 1], BLANK) or []
    assert [(span.start, span.end) for span in spans] == [(0, 1), (2, 3)]
    assert best_path(frames[:2], [1, 1], BLANK) is None


def test_too_few_frames_have_no_path() -> None:
    assert best_path(logs((0.1, 0.8, 0.1)), [1, 2], BLANK) is None
    assert best_path(logs((0.1, 0.8, 0.1)), [], BLANK) is None


def test_a_star_takes_what_the_text_lacks() -> None:
    one, two, three = (0.05, 0.9, 0.03, 0.02), (0.05, 0.03, 0.9, 0.02), (0.05, 0.03, 0.02, 0.9)
    spans = best_path(logs(one, one, two, two, three), [1, STAR, 3], BLANK) or []
    assert [(span.start, span.end) for span in spans] == [(0, 2), (2, 4), (4, 5)]


def best_of_all(frames: np.ndarray, tokens: list[int]) -> float:
    """The best score over all sequences of tokens that collapse to the text."""
    best = -np.inf
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        kept = [token for token, _ in itertools.groupby(path)]
        if [token for token in kept if token != BLANK] == tokens:
            best = max(best, float(sum(frames[at, token] for at, token in enumerate(path))))
    return best


@given(
    st.integers(0, 10_000), st.integers(1, 5), st.lists(st.integers(1, 2), min_size=1, max_size=3)
)
@settings(max_examples=60, deadline=None)
def test_it_is_the_best_of_all_paths(seed: int, count: int, tokens: list[int]) -> None:
    random = np.random.default_rng(seed)
    drawn = random.random((count, 3)).astype(np.float32) + 0.01
    frames = np.log(drawn / drawn.sum(axis=1, keepdims=True))
    found = best_path(frames, tokens, BLANK)
    best = best_of_all(frames, tokens)
    if found is None:
        assert best == -np.inf
        return
    path = np.full(count, BLANK)
    for span, token in zip(found, tokens, strict=True):
        assert isinstance(span, TokenSpan)
        path[span.start : span.end] = token
    assert sum(frames[at, token] for at, token in enumerate(path)) == pytest.approx(best, abs=1e-4)
