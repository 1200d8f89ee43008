"""Rotary positions (RoFormer, arXiv 2104.09864), with the scalings that need no sequence length."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

ROPE_TYPES = ("default", "linear", "yarn", "llama3")
"""Whose frequencies are the same at every length; `dynamic` and `longrope` change with it."""


def rotary_frequencies(config: Any, head_dim: int) -> tuple[Tensor, float]:
    """Radians a position turns each pair of a head by `[head_dim / 2]`, on the CPU, and the factor
    on cosines and sines.

    Args:
        config: with `rope_parameters`, as transformers resolves them.
        head_dim: numbers that are turned, of each head.
    """
    rope = config.rope_parameters
    with torch.device("cpu"):
        if rope["rope_type"] == "default":
            steps = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
            return 1.0 / (rope["rope_theta"] ** steps), 1.0
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        frequencies, factor = ROPE_INIT_FUNCTIONS[rope["rope_type"]](config, torch.device("cpu"))
        return frequencies, float(factor)
