"""Intervals and paired tests, by hand, against scipy, and over many made data sets."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, bootstrap, permutation_test

from af3core.evaluation.score import Score, figure
from af3core.evaluation.statistics import Interval, figure_interval, paired_test

SETS = 300


def scored(values: Sequence[float], weights: Sequence[float] | None = None) -> dict[str, Score]:
    """Scores by item."""
    pairs = zip(values, weights or [1] * len(values), strict=True)
    return {f"item-{n}": Score(float(a), float(b)) for n, (a, b) in enumerate(pairs)}


def tossed(generator: random.Random, share: float, count: int) -> list[float]:
    return [float(generator.random() < share) for _ in range(count)]


def errors_of(generator: random.Random, words: Sequence[int]) -> list[float]:
    return [float(sum(generator.random() < 0.2 for _ in range(count))) for count in words]


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    interval = figure_interval([Score(1.0)] * 700 + [Score(0.0)] * 300, 100)
    assert interval is not None
    low, high = binom.interval(0.95, 1000, 0.7)
    assert interval.low == pytest.approx(low / 10, abs=0.3)
    assert interval.high == pytest.approx(high / 10, abs=0.3)
    assert interval.holds(70)
    assert not interval.holds(75)


def test_the_interval_of_word_errors_is_scipys() -> None:
    generator = random.Random(4)
    words = [generator.randrange(1, 40) for _ in range(400)]
    errors = errors_of(generator, words)
    interval = figure_interval(list(scored(errors, words).values()), 100)
    theirs = bootstrap(
        (np.array(errors), np.array(words)),
        lambda a, b, axis=-1: 100 * a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert interval is not None
    assert interval.low == pytest.approx(theirs.low, abs=0.15)
    assert interval.high == pytest.approx(theirs.high, abs=0.15)


def test_an_interval_holds_the_truth_in_95_of_100_sets() -> None:
    generator = random.Random(11)
    held = 0
    for _ in range(SETS):
        values = tossed(generator, 0.6, 200)
        interval = figure_interval(list(scored(values).values()))
        held += interval is not None and interval.holds(0.6)
    low, high = binom.interval(0.999, SETS, 0.95)
    assert low <= held <= high


def test_all_right_or_one_item_alone_leaves_no_doubt_that_drawing_anew_could_show() -> None:
    assert figure_interval([Score(1.0)] * 20, 100) == Interval(100, 100)
    assert figure_interval([Score(3.0, 4.0)], 100) == Interval(75, 75)


def test_without_weight_there_is_no_interval() -> None:
    assert figure_interval([]) is None
    assert figure_interval([Score(2.0, 0.0)]) is None


def test_items_without_words_count_with_their_errors() -> None:
    interval = figure_interval([Score(0.0, 10.0)] * 50 + [Score(1.0, 0.0)] * 50, 100)
    assert interval is not None
    assert interval.holds(10)


def test_mcnemar_by_hand() -> None:
    """Of 6 items that differ the second has all: 2 * (1/2)**6."""
    test = paired_test(scored([0] * 6 + [1] * 4), scored([1] * 6 + [1] * 4), 100)
    assert test is not None
    assert (test.items, test.first_only, test.second_only) == (10, 0, 6)
    assert (test.difference, test.p_value) == (60, pytest.approx(2 / 2**6))
    assert test.method == "exact McNemar"


def test_few_word_errors_by_hand() -> None:
    """Three items, the second better by 1, 2 and 3: 2 of the 8 ways differ by as much."""
    test = paired_test(scored([1, 2, 3], [5, 5, 10]), scored([0, 0, 0], [5, 5, 10]), 100)
    assert test is not None
    assert (test.difference, test.p_value) == (-30, 2 / 8)
    assert test.method == "exact permutations"
    assert (test.first_only, test.second_only) == (3, 0)


def test_many_values_are_as_scipys_permutations() -> None:
    generator = random.Random(5)
    first = [generator.gauss(0.50, 0.2) for _ in range(200)]
    second = [value + generator.gauss(0.02, 0.15) for value in first]
    test = paired_test(scored(first), scored(second))
    theirs = permutation_test(
        (np.array(second), np.array(first)),
        lambda a, b, axis=-1: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=9999,
        rng=np.random.default_rng(1),
    )
    assert test is not None
    assert test.method == "permutations"
    assert test.difference == pytest.approx(theirs.statistic)
    assert test.p_value == pytest.approx(theirs.pvalue, abs=0.015)


@pytest.mark.parametrize("kind", ["shares", "word errors"])
def test_equal_models_differ_by_chance_in_at_most_5_of_100_sets(kind: str) -> None:
    generator = random.Random(12)
    found = 0
    for _ in range(SETS):
        words = [generator.randrange(5, 30) for _ in range(60)]
        if kind == "shares":
            first, second = (scored(tossed(generator, 0.6, 60)) for _ in range(2))
        else:
            first, second = (scored(errors_of(generator, words), words) for _ in range(2))
        test = paired_test(first, second)
        found += test is not None and test.p_value <= 0.05
    assert found <= binom.ppf(0.999, SETS, 0.05)


def test_a_model_that_is_better_on_the_same_items_is_found_where_intervals_overlap() -> None:
    generator = random.Random(6)
    first = tossed(generator, 0.6, 1000)
    second = [max(value, float(generator.random() < 0.05)) for value in first]
    test = paired_test(scored(first), scored(second), 100)
    mine = figure_interval(list(scored(first).values()), 100)
    theirs = figure_interval(list(scored(second).values()), 100)
    assert test is not None
    assert mine is not None
    assert theirs is not None
    assert mine.high > theirs.low
    assert test.p_value < 0.001
    assert test.interval.low > 0


def test_only_items_of_both_count() -> None:
    first = scored([1, 1, 1, 0])
    second = {"item-0": Score(0.0), "item-1": Score(1.0), "other": Score(1.0)}
    test = paired_test(first, second, 100)
    assert test is not None
    assert (test.items, test.difference) == (2, -50)
    assert paired_test(first, {"other": Score(1.0)}) is None
    assert paired_test({}, {}) is None


def test_weights_that_differ_between_the_models_are_swapped_with_the_values() -> None:
    """Two references of other lengths: both ways of the one item that differs are as far apart."""
    first = {"a": Score(1.0, 4.0), "b": Score(0.0, 4.0)}
    second = {"a": Score(1.0, 8.0), "b": Score(0.0, 4.0)}
    test = paired_test(first, second)
    assert test is not None
    assert test.difference == pytest.approx(1 / 12 - 1 / 8)
    assert test.p_value == 1


values = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=12)


@given(values, st.randoms(use_true_random=False))
def test_the_order_of_items_changes_nothing(
    pairs: list[tuple[int, int]], generator: random.Random
) -> None:
    scores = [Score(float(a), float(b)) for a, b in pairs]
    moved = generator.sample(scores, len(scores))
    assert figure_interval(scores) == figure_interval(moved)


@given(values)
def test_an_interval_lies_within_what_items_reach(pairs: list[tuple[int, int]]) -> None:
    interval = figure_interval([Score(float(a), float(b)) for a, b in pairs], 10)
    reached = [10 * a / b for a, b in pairs]
    assert interval is not None
    assert min(reached) - 1e-9 <= interval.low <= interval.high <= max(reached) + 1e-9


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=10))
def test_two_models_and_the_same_the_other_way(pairs: list[tuple[int, int]]) -> None:
    first, second = (scored([pair[n] for pair in pairs]) for n in (0, 1))
    there, back = paired_test(first, second), paired_test(second, first)
    assert there is not None
    assert back is not None
    assert there.difference == pytest.approx(-back.difference)
    assert there.p_value == pytest.approx(back.p_value)
    assert 0 < there.p_value <= 1
    assert (there.first_only, there.second_only) == (back.second_only, back.first_only)
    means = figure(list(first.values())), figure(list(second.values()))
    assert there.difference == pytest.approx(means[1] - means[0])


@given(values)
def test_a_model_and_itself_do_not_differ(pairs: list[tuple[int, int]]) -> None:
    scores = scored([a for a, _ in pairs], [b for _, b in pairs])
    test = paired_test(scores, scores)
    assert test is not None
    assert (test.difference, test.p_value, test.interval) == (0, 1, Interval(0, 0))
