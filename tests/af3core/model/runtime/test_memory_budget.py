"""What a GPU's free memory is shared out to."""

from __future__ import annotations

import dataclasses

import pytest

from af3core.errors import GpuFull
from af3core.model.model_sizes import ModelSizes
from af3core.model.runtime.memory_budget import (
    ModelNeeds,
    host_bytes,
    pool_sizes,
    recorded_bytes,
    sizes_of_all,
    working_bytes,
)
from tests.benchmarks.full_model import full_config

TEN_MINUTES, HALF_AN_HOUR = 15_000, 45_000
AF3 = ModelNeeds(ModelSizes.of(full_config(audio_token_id=0).to_dict()), 2, TEN_MINUTES)
PAGE_BYTES = 64 * 56 * 1024


def hearing(longest_sound_tokens: int) -> ModelNeeds:
    return dataclasses.replace(AF3, longest_sound_tokens=longest_sound_tokens)


def test_a_token_of_af3_takes_56_kib() -> None:
    assert AF3.token_bytes == 56 * 1024


def test_af3_in_each_form() -> None:
    parameters = 8_268_000_000
    low = dataclasses.replace(AF3, is_low_bit=True)
    assert AF3.weight_bytes(parameters) == 16_536_000_000
    assert low.weight_bytes(parameters) == 9_470_203_632
    assert low.weight_bytes(parameters, 10**9) - low.weight_bytes(parameters) == pytest.approx(
        1e9, rel=0.001
    )


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
    needs = hearing(longest)
    sizes = pool_sizes(needs, round(free_gb * 1e9))
    assert sizes.tokens >= max(at_least, longest + 2_000)
    assert sizes.prefix_tokens == min(sizes.tokens, 32_768), "the model's positions"
    assert (sizes.slots, sizes.step_rows) == (256, 512)
    taken = sizes.tokens * AF3.token_bytes + working_bytes(needs, sizes.tokens_at_once, longest)
    assert taken + recorded_bytes(needs, 1) < free_gb * 1e9 * 0.92


def test_calls_grow_only_beside_the_longest_sound() -> None:
    """With more memory, what fitted before fits all the same."""
    found = [pool_sizes(AF3, free_mb * 10**6) for free_mb in range(3_000, 6_000, 20)]
    fits = [sizes.tokens >= TEN_MINUTES + 2_000 for sizes in found]
    assert fits == sorted(fits)
    assert {sizes.tokens_at_once for sizes in found} == {1_500, 3_000, 6_000}


def test_recorded_calls_keep_their_memory_and_each_runner_its_logits_and_inputs() -> None:
    one, two = (pool_sizes(AF3, 30 * 10**9, runners=n).pages for n in (1, 2))
    own = 2 * (512 * 151_672 + 4 * 3_000 * 128 + 4 * 832 * 3_584)
    assert (one - two) * PAGE_BYTES == pytest.approx(own, abs=PAGE_BYTES)
    assert recorded_bytes(AF3, 1) - own == pytest.approx(0.62e9, abs=0.01e9)


def test_a_weight_in_eight_bits_is_widened_beside_each_call() -> None:
    """In the calls that are recorded, and in those that are not."""
    low = dataclasses.replace(AF3, is_low_bit=True)
    widened = 18_944 * 3_584 * 2
    assert working_bytes(low, 3_000, 0) - working_bytes(AF3, 3_000, 0) == widened
    assert recorded_bytes(low, 2) - recorded_bytes(AF3, 2) == widened
    wide, narrow = (pool_sizes(needs, 13 * 10**9).tokens for needs in (AF3, low))
    assert (wide - narrow) * AF3.token_bytes == pytest.approx(2 * widened, abs=2 * PAGE_BYTES)


def test_a_number_of_tokens_may_be_asked_for() -> None:
    sizes = pool_sizes(AF3, 120 * 10**9, batch_tokens=1_000)
    assert (sizes.pages, sizes.slots, sizes.step_rows) == (17, 15, 30)
    assert (sizes.tokens, sizes.prefix_tokens) == (1_024, 1_024)


def test_calls_take_what_the_tokens_that_were_asked_for_leave() -> None:
    free = 10 * 10**9
    most = pool_sizes(AF3, free)
    asked = pool_sizes(AF3, free, batch_tokens=130_000)
    assert (most.tokens_at_once, asked.tokens_at_once) == (12_000, 3_000)
    taken = asked.tokens * AF3.token_bytes + working_bytes(AF3, asked.tokens_at_once, 0)
    assert taken + recorded_bytes(AF3, 1) < free * 0.92
    with pytest.raises(GpuFull) as caught:
        pool_sizes(AF3, free, batch_tokens=200_000)
    assert str(caught.value) == (
        "--batch-tokens 200000: 10.00 GB are free of the GPU's memory beside the weights, which"
        " hold 141056 beside what the calls take: lower it, or leave it out"
    )


def test_next_to_nothing_free_is_said() -> None:
    with pytest.raises(GpuFull, match=r"^0\.50 GB are free of the GPU's memory beside"):
        pool_sizes(AF3, 500_000_000)


def test_models_of_one_shape_share_a_pool_and_others_the_memory() -> None:
    free = 60 * 10**9
    wide = dataclasses.replace(AF3.sizes, positions=131_072)
    music = ModelNeeds(wide, 2, HALF_AN_HOUR)
    alike = sizes_of_all({"base": AF3, "think": hearing(HALF_AN_HOUR)}, free, None)
    assert alike["base"] == alike["think"] == pool_sizes(hearing(HALF_AN_HOUR), free, runners=2)
    others = sizes_of_all({"base": AF3, "think": music}, free, None)
    assert others == {"base": pool_sizes(AF3, free // 2), "think": pool_sizes(music, free // 2)}


def test_a_cpu_takes_the_batch_and_one_call() -> None:
    assert host_bytes(AF3, 65_536) == 65_536 * 56 * 1024 + working_bytes(AF3, 1_500, TEN_MINUTES)
