"""The best path through CTC's frames, against all paths."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.alignment.ctc_path import STAR, ForcedPath, TokenSpan, best_path, emissions

BLANK = 0


def logs(*rows: tuple[float, ...]) -> np.ndarray:
    return np.log(np.array(rows, np.float32))


def path_of(
    frames: np.ndarray, tokens: list[int], starts: tuple[int, ...] = (), block: int | None = None
) -> ForcedPath | None:
    return best_path(emissions(frames, tokens, BLANK), tokens, starts, block)


def spans_of(
    frames: np.ndarray, tokens: list[int], starts: tuple[int, ...] = ()
) -> list[TokenSpan]:
    path = path_of(frames, tokens, starts)
    return path.spans if path else []


def test_tokens_are_where_they_are_likely() -> None:
    frames = logs(
        (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.8, 0.1, 0.1), (0.1, 0.1, 0.8)
    )
    path = path_of(frames, [1, 2])
    assert path is not None
    assert path.spans == [TokenSpan(1, 3), TokenSpan(4, 5)]
    assert path.logprobs == pytest.approx(np.log(0.8))
    assert path.is_token.tolist() == [False, True, True, False, True]


def test_equal_tokens_need_a_blank_between() -> None:
    frames = logs((0.1, 0.8, 0.1), (0.1, 0.8, 0.1), (0.1, 0.8, 0.1))
    spans = spans_of(frames, [1, 1])
    assert [(span.start, span.end) for span in spans] == [(0, 1), (2, 3)]
    assert path_of(frames[:2], [1, 1]) is None


def test_too_few_frames_have_no_path() -> None:
    assert path_of(logs((0.1, 0.8, 0.1)), [1, 2]) is None
    assert path_of(logs((0.1, 0.8, 0.1)), []) is None


def test_a_star_takes_what_the_text_lacks() -> None:
    one, two, three = (0.05, 0.9, 0.03, 0.02), (0.05, 0.03, 0.9, 0.02), (0.05, 0.03, 0.02, 0.9)
    spans = spans_of(logs(one, one, two, two, three), [1, STAR, 3])
    assert [(span.start, span.end) for span in spans] == [(0, 2), (2, 4), (4, 5)]


def test_speech_that_the_text_lacks_lies_between_words() -> None:
    one, two, three = (0.05, 0.9, 0.03, 0.02), (0.05, 0.03, 0.9, 0.02), (0.05, 0.03, 0.02, 0.9)
    frames = logs(three, one, one, two, two, three)
    assert spans_of(frames, [1, 3], (0, 1)) == [TokenSpan(1, 3), TokenSpan(5, 6)]


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
    found = path_of(frames, tokens)
    best = best_of_all(frames, tokens)
    if found is None:
        assert best == -np.inf
        return
    path = np.full(count, BLANK)
    for span, token in zip(found.spans, tokens, strict=True):
        path[span.start : span.end] = token
    assert sum(frames[at, token] for at, token in enumerate(path)) == pytest.approx(best, abs=1e-4)


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 20), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_what_is_worked_out_again_is_the_same(seed: int, count: int, text: int, block: int) -> None:
    random = np.random.default_rng(seed)
    frames = random.standard_normal((count, 4)).astype(np.float32)
    tokens = [int(token) for token in random.choice([STAR, 1, 2, 3], text)]
    starts = tuple(range(0, text, 3))
    plain = path_of(frames, tokens, starts, block=count)
    found = path_of(frames, tokens, starts, block=block)
    assert (plain is None) == (found is None)
    if plain is not None and found is not None:
        assert found.spans == plain.spans
        assert np.array_equal(found.logprobs, plain.logprobs)


def test_memory_grows_by_two_thirds_of_frames_times_states() -> None:
    random, count, text = np.random.default_rng(0), 8000, 2500
    tokens = [int(token) for token in random.integers(1, 32, text)]
    heard = emissions(random.standard_normal((count, 32)).astype(np.float32), tokens, BLANK)
    tracemalloc.start()
    try:
        path = best_path(heard, tokens)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path is not None
    assert len(path.spans) == text
    states = 2 * text + 1
    assert peak <= 10 * (count * states) ** (2 / 3) + 100 * (count + states)
    assert peak <= count * states / 10
