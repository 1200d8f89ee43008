"""How sure a figure is, and whether two models differ on the same items.

Items count as independent; several questions about one sound make intervals narrower than they
are. All draws are seeded and depend on the scores alone, not on their order.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from af3core.evaluation.score import Score

Floats = npt.NDArray[np.float64]
Method = Literal["exact McNemar", "exact permutations", "permutations"]

CONFIDENCE = 0.95
RESAMPLES = 2_000
PERMUTATIONS = 5_000
_SEED = 2_025
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Interval:
    """Ends of a 95 % interval, in the figure's scale."""

    low: float
    high: float

    def holds(self, figure: float) -> bool:
        return self.low <= figure <= self.high


@dataclass(frozen=True)
class PairedTest:
    """A second model against a first, on the items that both were asked.

    Attributes:
        items: of both.
        difference: the second's figure less the first's.
        interval: of the difference.
        p_value: how often as great a difference comes by chance where the models are equal.
        first_only, second_only: items where that model alone has the greater value; for word
            errors the greater value is the worse.
    """

    items: int
    difference: float
    interval: Interval
    p_value: float
    method: Method
    first_only: int
    second_only: int


def figure_interval(scores: Sequence[Score], scale: float = 1.0) -> Interval | None:
    """The figure's 95 % interval by drawing items anew, with replacement (percentiles).

    None where nothing has weight. Draws without any weight are left out.
    """
    pairs = np.array([(score.value, score.weight) for score in scores], np.float64).reshape(-1, 2)
    if not pairs[:, 1].sum():
        return None
    sums = _resampled_sums(pairs)
    drawn = sums[sums[:, 1] > 0]
    return _percentiles(scale * drawn[:, 0] / drawn[:, 1])


def grouped_interval(scores: Mapping[str, Sequence[Score]], scale: float = 1.0) -> Interval | None:
    """The figure's 95 % interval by drawing groups anew, such as recordings with all their items:
    what lies in one recording is alike, and drawing items apart would make the interval too narrow.

    None where nothing has weight, or there is one group alone.
    """
    sums = [
        Score(sum(score.value for score in held), sum(score.weight for score in held))
        for held in scores.values()
    ]
    return figure_interval(sums, scale) if len(sums) > 1 else None


def wilson_interval(right: int, count: int, scale: float = 1.0) -> Interval | None:
    """The 95 % interval of a share of answers that are right; None where there are none.

    Source: Wilson (1927), as Brown, Cai and DasGupta (2001) recommend it for small counts.
    """
    if not count:
        return None
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share, spread = right / count, z * z / count
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / count + spread / count / 4) / (1 + spread)
    return Interval(scale * max(0.0, middle - half), scale * min(1.0, middle + half))


def paired_test(
    first: Mapping[str, Score], second: Mapping[str, Score], scale: float = 1.0
) -> PairedTest | None:
    """Whether two models differ; None where no common item has weight.

    Scores of 0 and 1 go through McNemar's exact test. Others are swapped between the models item
    by item: in all ways where they are few, else in 5,000 random ones, so that p is at least
    0.0002.
    """
    common = [(first[name], second[name]) for name in first if name in second]
    values = np.array(
        [(a.value, a.weight, b.value, b.weight) for a, b in common], np.float64
    ).reshape(-1, 4)
    sums = values.sum(axis=0)
    if not sums[1] or not sums[3]:
        return None
    method, p_value = _mcnemar(values) or _permutation_test(values)
    drawn = _resampled_sums(values)
    drawn = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    return PairedTest(
        items=len(common),
        difference=float(scale * _difference(sums)),
        interval=_percentiles(scale * _difference(drawn)),
        p_value=p_value,
        method=method,
        first_only=int((values[:, 0] > values[:, 2]).sum()),
        second_only=int((values[:, 2] > values[:, 0]).sum()),
    )


def _mcnemar(values: Floats) -> tuple[Method, float] | None:
    """For scores of 0 and 1 with weight 1; None for others."""
    if not (np.isin(values[:, [0, 2]], (0, 1)).all() and (values[:, [1, 3]] == 1).all()):
        return None
    from scipy.stats import binomtest

    first = int((values[:, 0] > values[:, 2]).sum())
    differing = int((values[:, 0] != values[:, 2]).sum())
    p_value = float(binomtest(first, differing).pvalue) if differing else 1.0
    return "exact McNemar", p_value


def _permutation_test(values: Floats) -> tuple[Method, float]:
    """Swap the two models' scores of items, and see how often they differ as much."""
    total = values[:, :2].sum(axis=0) + values[:, 2:].sum(axis=0)
    kinds, counts = _distinct_rows(values[:, :2] - values[:, 2:])
    moving = kinds.any(axis=1)
    kinds, counts = kinds[moving], counts[moving]
    # 2 to the power of their number, which may be thousands
    is_exact = counts.sum() <= math.log2(PERMUTATIONS)
    if is_exact:
        kinds = np.repeat(kinds, counts, axis=0)
    observed = abs(_difference(values.sum(axis=0)))
    reached = tried = 0
    for signs in _all_signs(len(kinds)) if is_exact else _random_signs(counts):
        moved = signs @ kinds
        sums = np.hstack([total + moved, total - moved]) / 2
        sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
        reached += int((np.abs(_difference(sums)) >= observed * (1 - 1e-9)).sum())
        tried += len(sums)
    if is_exact:
        return "exact permutations", reached / tried
    return "permutations", (reached + 1) / (tried + 1)


def _all_signs(items: int) -> Iterator[Floats]:
    """All ways to leave items (1) or swap them (-1), `[ways, items]`."""
    ways = list(itertools.product((1.0, -1.0), repeat=items))
    yield np.array(ways, np.float64).reshape(len(ways), items)


def _random_signs(counts: npt.NDArray[np.int64]) -> Iterator[Floats]:
    """Random ways: of each kind of item, those left less those swapped."""
    generator = np.random.default_rng(_SEED)
    for size in _chunks(PERMUTATIONS, len(counts)):
        swapped = generator.binomial(counts, 0.5, (size, len(counts)))
        yield np.asarray(counts - 2 * swapped, np.float64)


def _resampled_sums(rows: Floats) -> Floats:
    """Sums of each column over as many rows drawn anew, `[RESAMPLES, columns]`."""
    generator = np.random.default_rng(_SEED)
    kinds, counts = _distinct_rows(rows)
    total = int(counts.sum())
    drawn = [
        generator.multinomial(total, counts / total, size) @ kinds
        for size in _chunks(RESAMPLES, len(counts))
    ]
    return np.concatenate(drawn)


def _distinct_rows(rows: Floats) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Distinct rows, sorted, and how often each stands; few, where scores are 0 or 1."""
    kinds, counts = np.unique(rows, axis=0, return_counts=True)
    return kinds, counts.astype(np.int64)


def _chunks(total: int, columns: int) -> Iterator[int]:
    """Numbers of draws whose tables stay small, adding up to the total."""
    size = max(1, _CELLS_AT_ONCE // max(columns, 1))
    for first in range(0, total, size):
        yield min(size, total - first)


def _difference(sums: Floats) -> Floats:
    """The second figure less the first, of sums (value, weight, value, weight)."""
    difference: Floats = sums[..., 2] / sums[..., 3] - sums[..., 0] / sums[..., 1]
    return difference


def _percentiles(drawn: Floats) -> Interval:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    return Interval(float(low), float(high))
