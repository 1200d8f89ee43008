"""Rotary times on the encoder's output: Music Flamingo and Audio Flamingo Next hear when it is.

The numbers of transformers' MusicFlamingoRotaryEmbedding, operation by operation: at half an hour
an angle is 45,000 radians, where another order of roundings gives another sine. One half of the
turned width goes by the window's number in its sound, the other by the token's in its window, and
both by the token's time in seconds.
"""

from __future__ import annotations

from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from af3core.model.network.rope import rotary_frequencies

_FRAMES_PER_TOKEN = 4
"""Of the second convolution and of the average over pairs."""


class TimeRotation(nn.Module):
    """Turns pairs of an encoder's outputs by their times.

    Args:
        config: of a MusicFlamingoForConditionalGeneration.
    """

    frequencies: Tensor
    token_angles: Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self._config = config
        self._token_s = config.audio_frame_step * _FRAMES_PER_TOKEN
        self._window_tokens = window_tokens(config)
        self._places = config.max_position_embeddings
        self.place(torch.device("meta"))

    def place(self, device: torch.device) -> None:
        """Compute on a device what is in no checkpoint."""
        frequencies, _ = rotary_frequencies(self._config, rotated_width(self._config))
        positions = torch.arange(self._window_tokens, dtype=torch.float32, device="cpu")
        angles = (positions / self._places * (2 * pi)).unsqueeze(-1) * frequencies
        token_angles = angles.repeat_interleave(2, dim=-1)
        self.register_buffer("frequencies", frequencies.to(device), persistent=False)
        self.register_buffer("token_angles", token_angles.to(device), persistent=False)

    def forward(self, states: Tensor, numbers: Tensor) -> Tensor:
        """`states [windows, tokens, width]` turned; `numbers [windows]` int64 says the how manieth
        of its sound each window is, from 0.
        """
        tokens = states.shape[1]
        offsets = torch.arange(tokens, device=states.device, dtype=torch.float32) * self._token_s
        times = numbers.unsqueeze(1) * self._window_tokens * self._token_s + offsets
        window_angles = (numbers.float() / self._places).unsqueeze(-1) * self.frequencies
        window_angles = window_angles.repeat_interleave(2, dim=-1)[:, None, :]
        token_angles = self.token_angles[:tokens][None]
        both = torch.cat(torch.broadcast_tensors(window_angles, token_angles), dim=-1)
        angles = both * (-times * 2 * pi).unsqueeze(-1)
        return _turned(states, angles)


def window_tokens(config: Any) -> int:
    """Tokens of a whole window."""
    return int(config.audio_config.max_source_positions) // 2


def rotated_width(config: Any) -> int:
    """How much of the encoder's width each of the two halves turns."""
    return int(config.head_dim * config.rope_parameters.get("partial_rotary_factor", 1.0))


def _turned(states: Tensor, angles: Tensor) -> Tensor:
    """Neighbours turned as pairs, in float64 as transformers does; the rest of the width stays."""
    width = angles.shape[-1]
    cos, sin = angles.cos().double(), angles.sin().double()
    turned = states[..., :width].double()
    first, second = turned.unflatten(-1, (-1, 2)).unbind(dim=-1)
    beside = torch.stack((-second, first), dim=-1).flatten(-2)
    return torch.cat(((turned * cos + beside * sin).to(states.dtype), states[..., width:]), dim=-1)
