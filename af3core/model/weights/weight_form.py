"""In which form weights are held and computed with: what `--dtype` names."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.errors import ConfigurationError
from af3core.model.low_bit.int8_weight import to_int8
from af3core.model.weights.stored_weights import HEAD

_DECODER_LAYERS = "model.language_model.layers."
_LINEAR = "_proj.weight"


@dataclass(frozen=True)
class WeightForm:
    """How weights are held.

    Attributes:
        computed_in: what activations, keys and values are, and all weights but those of few bits.
        is_low_bit: the decoder's linear layers and the output layer are held in eight bits. They
            are nine tenths of AF3 and what each step reads; the encoder, whose time goes into
            products, stays as it is, and so do embeddings, norms and biases.
    """

    computed_in: torch.dtype
    is_low_bit: bool = False

    def place(self, name: str, stored: Tensor, device: torch.device) -> Tensor:
        """A copy of a stored weight on the device, in the form that it is held in."""
        placed = stored.to(device=device, dtype=self.computed_in, copy=True)
        return self.keep(name, placed)

    def keep(self, name: str, weight: Tensor) -> Tensor:
        """A weight of transformers' name as it is held."""
        is_linear = name.startswith(_DECODER_LAYERS) and name.endswith(_LINEAR)
        if self.is_low_bit and (is_linear or name == HEAD):
            return to_int8(weight, self.computed_in)
        return weight


_FORMS = {
    "float32": WeightForm(torch.float32),
    "bfloat16": WeightForm(torch.bfloat16),
    "int8": WeightForm(torch.bfloat16, is_low_bit=True),
}
"""`COMPUTED_BYTES` and `LOW_BIT` of the options say the same without torch."""


def form_of(dtype: str) -> WeightForm:
    """The form of a name.

    Raises:
        ConfigurationError: it is none.
    """
    if dtype not in _FORMS:
        *others, last = _FORMS
        raise ConfigurationError(
            f"--dtype {dtype} is not supported: {', '.join(others)} or {last}; bfloat16 is as small"
            " as float16 and has the range of float32"
        )
    return _FORMS[dtype]
