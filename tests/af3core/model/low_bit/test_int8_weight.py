"""A weight in eight bits: what it holds, how near it is, and what may be done with it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from af3core.model.low_bit.int8_weight import Int8Weight, held_bytes, to_int8


def weight_of(outputs: int, inputs: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(seed))


def test_a_weight_takes_a_byte_a_number_and_a_scale_an_output() -> None:
    made = to_int8(weight_of(300, 256), torch.bfloat16)
    assert (made.shape, made.dtype, made.numbers.dtype) == ((300, 256), torch.bfloat16, torch.int8)
    assert made.held_bytes == held_bytes(made) == 300 * 256 + 300 * 2
    assert held_bytes(torch.zeros(300, 256, dtype=torch.bfloat16)) == 300 * 256 * 2


def test_literal_numbers() -> None:
    made = to_int8(torch.tensor([[1.0, -0.5, 0.25], [0.0, 0.0, 0.0]]), torch.float32)
    assert made.numbers.tolist() == [[127, -64, 32], [0, 0, 0]]
    assert made.scales[0].item() == pytest.approx(1 / 127)
    assert made.restored()[1].tolist() == [0.0, 0.0, 0.0]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31), st.floats(1e-6, 1e4))
def test_no_number_is_further_off_than_the_rounding(
    outputs: int, inputs: int, seed: int, size: float
) -> None:
    exact = weight_of(outputs, inputs, seed) * size
    made = to_int8(exact, torch.bfloat16)
    # half a step, and what the largest loses where its scale was rounded down to bfloat16
    step = made.scales.float()[:, None]
    off = (made.numbers.float() * step - exact).abs()
    assert bool((off <= step * (0.5 + 127 * 2**-8)).all())


def test_rows_beyond_one_turn_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = to_int8(weight_of(50, 16), torch.bfloat16)
    monkeypatch.setattr("af3core.model.low_bit.int8_weight._ROWS_AT_ONCE", 7)
    pieces = to_int8(weight_of(50, 16), torch.bfloat16)
    assert torch.equal(whole.numbers, pieces.numbers)
    assert torch.equal(whole.scales, pieces.scales)


def test_a_weight_is_widened_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """An output layer whole would take more memory than a GPU's pool leaves."""
    made, activations = to_int8(weight_of(50, 16), torch.bfloat16), weight_of(200, 16).bfloat16()
    whole = nn.functional.linear(activations, made)
    monkeypatch.setattr("af3core.model.low_bit.int8_linear.WIDENED_OUTPUTS", 7)
    assert torch.equal(nn.functional.linear(activations, made), whole)
    exact = activations.float() @ made.restored().float().T
    assert torch.allclose(whole.float(), exact, atol=0.1, rtol=0.02)


def test_weights_are_joined_by_their_outputs() -> None:
    exact = weight_of(30, 16)
    joined = torch.cat([to_int8(exact[:10], torch.float32), to_int8(exact[10:], torch.float32)])
    assert isinstance(joined, Int8Weight)
    assert torch.equal(joined.restored(), to_int8(exact, torch.float32).restored())
    with pytest.raises(NotImplementedError, match="joined by their outputs"):
        torch.cat([joined, exact])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_a_layer_takes_it_as_its_weight(dtype: torch.dtype) -> None:
    layer = nn.Linear(64, 48, device="meta", dtype=dtype)
    weight, bias = to_int8(weight_of(48, 64), dtype), weight_of(1, 48)[0].to(dtype)
    layer.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    activations = weight_of(15, 64, seed=1).to(dtype).unflatten(0, (3, 5))
    expected = activations.float() @ weight.restored().float().T + bias.float()
    given = layer(activations)
    assert (given.shape, given.dtype) == ((3, 5, 48), dtype)
    near = 1e-4 if dtype == torch.float32 else 0.15
    torch.testing.assert_close(given.float(), expected, atol=near, rtol=0.01)


def test_what_is_not_computed_in_eight_bits_is_named() -> None:
    with pytest.raises(NotImplementedError, match=r"aten.mul.* of a weight in int8"):
        to_int8(weight_of(4, 4), torch.float32) * 2
