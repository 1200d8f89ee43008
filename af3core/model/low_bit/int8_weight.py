"""A linear layer's weight in eight bits: a whole number each, and one scale for each output.

Symmetric round-to-nearest by output channel, as `LLM.int8()` (arXiv 2208.07339, section 2) and
torchao's weight-only form have it. Sums are taken in what the activations are computed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import linear

from af3core.model.low_bit.int8_linear import int8_linear

_LARGEST = 127
_ROWS_AT_ONCE = 16_384
"""Of float32 on the way: 0.23 GB of AF3's widest layer."""


class Int8Weight(Tensor):
    """A weight `[outputs, inputs]` that `torch.nn.functional.linear` takes, and `torch.cat` joins.

    It shows the dtype that it is computed in; `held_bytes` says what it takes.

    Args:
        numbers: `[outputs, inputs]`, int8.
        scales: `[outputs]`, in the dtype of the activations.
    """

    numbers: Tensor
    scales: Tensor

    @staticmethod
    def __new__(cls, numbers: Tensor, scales: Tensor) -> Int8Weight:
        return Tensor._make_wrapper_subclass(
            cls, numbers.shape, dtype=scales.dtype, device=numbers.device
        )

    def __init__(self, numbers: Tensor, scales: Tensor) -> None:
        self.numbers, self.scales = numbers, scales

    @property
    def held_bytes(self) -> int:
        """Bytes of its numbers and scales."""
        return self.numbers.nbytes + self.scales.nbytes

    def __repr__(self, **_form: Any) -> str:  # type: ignore[override]
        return f"Int8Weight({list(self.shape)}, {self.dtype}, {self.device})"

    def restored(self) -> Tensor:
        """The weight that is computed with."""
        return self.numbers.to(self.scales.dtype) * self.scales[:, None]

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Linear layers and joins are computed; what only looks at a tensor goes on as ever."""
        if function is linear:
            return _linear(*args, **(kwargs or {}))
        if function is torch.cat:
            return _joined(*args, **(kwargs or {}))
        with torch._C.DisableTorchFunctionSubclass():
            return function(*args, **(kwargs or {}))

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls,
        operation: Any,
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """A parameter is made of a detached tensor; nothing else is known of eight bits.

        Raises:
            NotImplementedError: names the operation.
        """
        if operation in (torch.ops.aten.detach.default, torch.ops.aten.alias.default):
            return cls(args[0].numbers, args[0].scales)
        raise NotImplementedError(f"{operation} of a weight in int8")


def to_int8(weight: Tensor, computed_in: torch.dtype) -> Int8Weight:
    """The weight `[outputs, inputs]` in eight bits, on its device.

    Numbers are rounded by the scale as it is kept, so that the scale's own rounding shifts none.
    """
    outputs, inputs = weight.shape
    numbers = torch.empty(outputs, inputs, dtype=torch.int8, device=weight.device)
    scales = torch.empty(outputs, dtype=computed_in, device=weight.device)
    for start in range(0, outputs, _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        exact = weight[rows].float()
        peak = exact.abs().amax(dim=1).clamp_(min=torch.finfo(torch.float32).tiny * _LARGEST)
        scales[rows] = (peak / _LARGEST).to(computed_in)
        kept = scales[rows].float()[:, None]
        numbers[rows] = (exact / kept).round_().clamp_(-_LARGEST, _LARGEST).to(torch.int8)
    return Int8Weight(numbers, scales)


def held_bytes(weight: Tensor) -> int:
    """Bytes that a weight takes, whatever its form."""
    inner = weight.data if isinstance(weight, torch.nn.Parameter) else weight
    return weight.held_bytes if isinstance(weight, Int8Weight) else inner.nbytes


def _linear(activations: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if not isinstance(weight, Int8Weight):
        raise NotImplementedError("linear: a weight in int8 stands where none is known")
    product = int8_linear(activations.flatten(0, -2), weight.numbers, weight.scales)
    product = product if bias is None else product + bias
    return product.unflatten(0, activations.shape[:-1])


def _joined(parts: Sequence[Tensor], dim: int = 0) -> Int8Weight:
    if dim != 0 or not all(isinstance(part, Int8Weight) for part in parts):
        raise NotImplementedError(
            "weights in int8 are joined by their outputs, and among each other"
        )
    weights = cast(Sequence[Int8Weight], parts)
    return Int8Weight(
        torch.cat([weight.numbers for weight in weights]),
        torch.cat([weight.scales for weight in weights]),
    )
