"""The encoder on CUDA: a layer is eight kernels, and no mask is made.

The modules and their weights are `AudioEncoder`'s. All inputs are tensors of the device, so that a
batch of fixed shape can be recorded as a CUDA graph.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import gelu

from af3core.model.kernels.flash_attention import flash_attention
from af3core.model.kernels.norms import add_layer_norm, layer_norm
from af3core.model.network.encoder import AudioEncoder, pooled_pairs


class FusedEncoder:
    """Windows of log-mel to embeddings; holds no weight of its own.

    Args:
        encoder: with weights on CUDA.
    """

    def __init__(self, encoder: AudioEncoder) -> None:
        self._encoder = encoder

    def embeddings(self, mel: Tensor, lengths: Tensor, numbers: Tensor) -> Tensor:
        """`[windows, tokens, hidden]`; rows of padding mean nothing.

        Args:
            mel: `[windows, mel, frames]`, with the border that LogMel leaves.
            lengths: positions of each window that are real `[windows]` int32.
            numbers: the how manieth of its sound each window is, from 0 `[windows]` int64.
        """
        return self._encoder.projected(self.pooled(mel, lengths), numbers)

    def pooled(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """The encoder's own output `[windows, tokens, width]`; arguments as of `embeddings`."""
        encoder = self._encoder
        hidden = gelu(encoder.conv2(gelu(encoder.conv1(mel)))).transpose(1, 2)
        residual = (hidden + encoder.embed_positions.weight[: hidden.shape[1]]).contiguous()
        added = residual
        for number, layer in enumerate(encoder.encoder_layers()):
            norm = layer.attention_norm
            if number:
                normed = add_layer_norm(added, residual, norm.weight, norm.bias, norm.eps)
            else:
                normed = layer_norm(residual, norm.weight, norm.bias, norm.eps)
            query, key, value = layer.qkv(normed).unflatten(-1, (3, layer.heads, -1)).unbind(2)
            attended = layer.out(flash_attention(query, key, value, lengths))
            norm = layer.mlp_norm
            normed = add_layer_norm(attended, residual, norm.weight, norm.bias, norm.eps)
            added = layer.fc2(gelu(layer.fc1(normed)))
        pooled: Tensor = encoder.layer_norm(pooled_pairs(residual + added))
        return pooled
