"""AF-Whisper and the projector: log-mel windows in, embeddings of the decoder out.

AF3 paper, section 3.1: Whisper large-v3's encoder, its output at 50 Hz averaged in pairs, and an
MLP of two layers; between the two Music Flamingo and AF-Next tell the time. Weights and names are
those of transformers' AudioFlamingo3 and MusicFlamingo classes.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from af3core.model.audio_limits import encoder_positions
from af3core.model.network.time_rotation import TimeRotation


class AudioEncoder(nn.Module):
    """Windows of log-mel to embeddings, on their real length.

    Padded positions are masked in attention, so that a window gives the same numbers at any
    padding.

    Args:
        config: of the checkpoint.
        has_times: of its architecture.
    """

    def __init__(self, config: Any, *, has_times: bool) -> None:
        super().__init__()
        audio, width = config.audio_config, config.audio_config.hidden_size
        self.conv1 = nn.Conv1d(audio.num_mel_bins, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(audio.max_source_positions, width)
        self.layers = nn.ModuleList(EncoderLayer(audio) for _ in range(audio.num_hidden_layers))
        self.layer_norm = nn.LayerNorm(width)
        self.time_rotation = TimeRotation(config) if has_times else None
        self.projector = Projector(config)

    def forward(self, mel: Tensor, frames: list[int], numbers: list[int]) -> list[Tensor]:
        """Embeddings `[tokens, hidden]` of each window.

        Args:
            mel: `[windows, mel, frames]`, with the border that LogMel leaves.
            frames: real frames of each window.
            numbers: the how manieth of its sound each window is, from 0.
        """
        pooled = self._pooled(mel, frames)
        index = torch.tensor(numbers, device=mel.device)
        return _without_padding(self.projected(pooled, index), frames)

    def states(self, mel: Tensor, frames: list[int], _numbers: list[int]) -> list[Tensor]:
        """The encoder's own output, `[tokens, width]` of each window, in which no time is told;
        arguments as of `forward`.
        """
        return _without_padding(self._pooled(mel, frames), frames)

    def projected(self, pooled: Tensor, numbers: Tensor) -> Tensor:
        """Embeddings `[windows, tokens, hidden]` of `pooled [windows, tokens, width]`;
        `numbers [windows]` int64 as of `forward`.
        """
        if self.time_rotation is not None:
            pooled = self.time_rotation(pooled, numbers)
        embeddings: Tensor = self.projector(pooled)
        return embeddings

    def encoder_layers(self) -> list[EncoderLayer]:
        """In order."""
        return cast("list[EncoderLayer]", list(self.layers))

    def _pooled(self, mel: Tensor, frames: list[int]) -> Tensor:
        """`[windows, tokens, width]`, padding included."""
        positions = [encoder_positions(count) for count in frames]
        if mel.is_cuda:
            from af3core.model.network.fused_encoder import FusedEncoder

            lengths = torch.tensor(positions, dtype=torch.int32, device=mel.device)
            return FusedEncoder(self).pooled(mel, lengths)
        longest = max(positions)
        hidden = gelu(self.conv1(mel))
        hidden = gelu(self.conv2(hidden))[..., :longest].transpose(1, 2)
        hidden = hidden + self.embed_positions.weight[:longest]
        mask = None
        if min(positions) < longest:
            real = torch.tensor(positions, device=mel.device)[:, None]
            mask = (torch.arange(longest, device=mel.device) < real)[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return self.layer_norm(pooled_pairs(hidden))


def pooled_pairs(hidden: Tensor) -> Tensor:
    """`[windows, positions, width]` averaged in pairs; a last one without a pair is left out."""
    pairs = hidden.shape[1] // 2
    return hidden[:, : 2 * pairs].unflatten(1, (pairs, 2)).mean(dim=2)


def _without_padding(rows: Tensor, frames: list[int]) -> list[Tensor]:
    """Each window's rows without its padding."""
    tokens = [encoder_positions(count) // 2 for count in frames]
    return [row[:count] for row, count in zip(rows, tokens, strict=True)]


class EncoderLayer(nn.Module):
    """Whisper's layer: attention without bias on keys, then a GELU MLP; norms before both."""

    def __init__(self, audio: Any) -> None:
        super().__init__()
        width = audio.hidden_size
        self.heads = audio.num_attention_heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, audio.intermediate_size)
        self.fc2 = nn.Linear(audio.intermediate_size, width)

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """`hidden [windows, positions, width]`; `mask [windows, 1, 1, positions]`, true = real."""
        qkv = self.qkv(self.attention_norm(hidden)).unflatten(-1, (3, self.heads, -1))
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        hidden = hidden + self.out(attended.transpose(1, 2).flatten(2))
        return hidden + self.fc2(gelu(self.fc1(self.mlp_norm(hidden))))


class Projector(nn.Module):
    """From the encoder's width to the decoder's."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        inner, hidden = config.audio_config.hidden_size, config.text_config.hidden_size
        self.linear_1 = nn.Linear(inner, hidden, bias=config.projector_bias)
        self.linear_2 = nn.Linear(hidden, hidden, bias=config.projector_bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """`[windows, tokens, width]` to `[windows, tokens, hidden]`."""
        return self.linear_2(gelu(self.linear_1(pooled)))
