"""Stretches of made signals: where they start and end, what is joined, what leaves no rest."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio.sound_activity import Region, find_regions, is_dense
from af3core.nano.espeak_voices import Audio


def noise(seconds: float, amplitude: float, seed: int = 0) -> Audio:
    random = np.random.default_rng(seed)
    return (amplitude * random.standard_normal(round(seconds * 16_000))).astype(np.float32)


def laid_out(*pieces: tuple[float, float], seconds: float) -> Audio:
    """Noise at 0.1 in stretches (start, end) over a floor at 0.0001."""
    audio = noise(seconds, 1e-4)
    for start_s, end_s in pieces:
        first, last = round(start_s * 16_000), round(end_s * 16_000)
        audio[first:last] += noise((last - first) / 16_000, 0.1, seed=1)
    return audio


def spans(regions: list[Region]) -> list[tuple[int, int]]:
    return [(region.start_ms, region.end_ms) for region in regions]


def test_stretches_are_found_to_a_few_frames() -> None:
    found = spans(find_regions(laid_out((0.5, 1.5), (2.0, 4.2), seconds=6)))
    assert len(found) == 2
    np.testing.assert_allclose(found, [(500, 1500), (2000, 4200)], atol=30)


def test_a_short_rest_is_within_a_stretch() -> None:
    found = spans(find_regions(laid_out((1.0, 2.0), (2.2, 3.0), seconds=5)))
    np.testing.assert_allclose(found, [(1000, 3000)], atol=30)


def test_taps_are_one_stretch_and_longer_sounds_are_not() -> None:
    taps = [(1 + 0.5 * n, 1.1 + 0.5 * n) for n in range(6)]
    np.testing.assert_allclose(
        spans(find_regions(laid_out(*taps, seconds=6))), [(1000, 3600)], atol=30
    )
    words = [(1 + 1.0 * n, 1.6 + 1.0 * n) for n in range(3)]
    assert len(find_regions(laid_out(*words, seconds=6))) == 3


def test_silence_and_too_few_samples_have_none() -> None:
    assert find_regions(np.zeros(16_000, np.float32)) == []
    assert find_regions(np.zeros(100, np.float32)) == []
    assert find_regions(np.zeros(0, np.float32)) == []


@pytest.mark.parametrize(("bed", "dense"), [(0.02, True), (1e-4, False), (0.0, False)])
def test_a_bed_under_everything_leaves_no_rest(bed: float, dense: bool) -> None:
    audio = laid_out((1.0, 2.0), seconds=5) + noise(5, bed, seed=2)
    assert is_dense(audio) is dense


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0.3, 1.5), st.floats(0.05, 1.5)), max_size=6))
def test_stretches_are_in_order_and_a_quarter_of_a_second_apart(
    lengths: list[tuple[float, float]],
) -> None:
    cursor, pieces = 0.3, []
    for rest_s, length_s in lengths:
        pieces.append((cursor + rest_s, cursor + rest_s + length_s))
        cursor += rest_s + length_s
    found = find_regions(laid_out(*pieces, seconds=cursor + 1))
    assert all(region.start_ms < region.end_ms for region in found)
    for before, after in itertools.pairwise(found):
        assert after.start_ms - before.end_ms >= 250
