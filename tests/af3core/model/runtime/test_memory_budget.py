"""What a GPU's free memory is shared out to."""

from __future__ import annotations

import pytest

from af3core.errors import GpuFull
from af3core.model.runtime.memory_budget import (
    pool_sizes,
    recorded_bytes,
    token_bytes,
    working_bytes,
)
from tests.benchmarks.full_model import full_config

AF3 = full_config(audio_token_id=0)
TEN_MINUTES, HALF_AN_HOUR = 15_000, 45_000


def test_a_token_of_af3_takes_56_kib() -> None:
    assert token_bytes(AF3, 2) == 56 * 1024


@pytest.mark.parametrize(
    ("free_gb", "longest", "at_least"),
    [
        (6.5, TEN_MINUTES, 45_000),  # of 24 GB, beside AF3's weights
        (30.0, HALF_AN_HOUR, 300_000),  # of 48 GB
        (120.0, HALF_AN_HOUR, 1_600_000),  # of an H200
    ],
)
def test_the_longest_prefix_fits_beside_its_working_memory(
    free_gb: float, longest: int, at_least: int
) -> None:
    sizes = pool_sizes(AF3, 2, round(free_gb * 1e9), longest)
    tokens = (sizes.pages - 1) * 64
    assert tokens >= max(at_least, longest + 2_000)
    assert sizes.prefix_tokens == min(tokens, 32_768), "the model's positions"
    assert (sizes.slots, sizes.step_rows) == (256, 512)
    taken = tokens * token_bytes(AF3, 2) + working_bytes(AF3, 2, sizes.tokens_at_once, longest)
    taken += recorded_bytes(AF3, 2, 1)
    assert taken < free_gb * 1e9 * 0.92


def test_recorded_calls_keep_their_memory_and_each_runner_its_logits() -> None:
    one, two = (pool_sizes(AF3, 2, 30 * 10**9, TEN_MINUTES, runners=n).pages for n in (1, 2))
    logits = 512 * 151_672 * 2
    assert (one - two) * 64 * token_bytes(AF3, 2) == pytest.approx(logits, abs=64 * 56 * 1024)
    assert recorded_bytes(AF3, 2, 1) - logits == pytest.approx(0.62e9, abs=0.01e9)


def test_a_number_of_tokens_may_be_asked_for() -> None:
    sizes = pool_sizes(AF3, 2, 120 * 10**9, TEN_MINUTES, batch_tokens=1_000)
    assert (sizes.pages, sizes.slots, sizes.step_rows) == (17, 15, 30)
    assert sizes.prefix_tokens == 1_024


def test_calls_take_what_the_tokens_that_were_asked_for_leave() -> None:
    free, page = 10 * 10**9, 64 * token_bytes(AF3, 2)
    most = pool_sizes(AF3, 2, free, TEN_MINUTES)
    asked = pool_sizes(AF3, 2, free, TEN_MINUTES, batch_tokens=130_000)
    assert (most.tokens_at_once, asked.tokens_at_once) == (12_000, 3_000)
    taken = (asked.pages - 1) * page + working_bytes(AF3, 2, asked.tokens_at_once, 0)
    assert taken + recorded_bytes(AF3, 2, 1) < free * 0.92
    with pytest.raises(GpuFull) as caught:
        pool_sizes(AF3, 2, free, TEN_MINUTES, batch_tokens=200_000)
    assert str(caught.value) == (
        "--batch-tokens 200000: 10.00 GB are free of the GPU's memory beside the weights, which"
        " hold 141504 beside what the calls take: lower it, or leave it out"
    )


def test_next_to_nothing_free_is_said() -> None:
    with pytest.raises(GpuFull, match=r"^0\.50 GB are free of the GPU's memory beside"):
        pool_sizes(AF3, 2, 500_000_000, TEN_MINUTES)
