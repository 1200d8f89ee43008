"""The decoder on CUDA: a layer is ten kernels, over keys and values in pages.

The modules and their weights are `Decoder`'s; the operations are those of `af3core/model/kernels/`,
and torch's matrix products. A step has fixed shapes and asks the device nothing, so that it can be
recorded as a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from af3core.model.kernels.decode_attention import decode_attention
from af3core.model.kernels.flash_attention import flash_attention
from af3core.model.kernels.norms import add_rms_norm, rms_norm
from af3core.model.kernels.rotary import rotary_and_cache
from af3core.model.kernels.swiglu import swiglu
from af3core.model.network.decoder import Decoder, DecoderLayer, RMSNorm
from af3core.model.network.step_tables import PagedKeysValues, StepTables

_SLICE_TOKENS = 24_576


class FusedDecoder:
    """Prefixes and steps over a pool of pages; holds no weight of its own.

    Args:
        decoder: with weights on CUDA.
        slice_tokens: of a prefill's MLP, whose states are the widest; attention takes all at once.
    """

    def __init__(self, decoder: Decoder, slice_tokens: int = _SLICE_TOKENS) -> None:
        self._decoder = decoder
        self._slice_tokens = slice_tokens

    def step(
        self,
        ids: Tensor,
        positions: Tensor,
        tables: StepTables,
        pool: PagedKeysValues,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Put a token behind each row; logits `[wanted, vocabulary]` in the dtype of the weights.

        Several tokens of a question are as many rows, with one page table and lengths that grow.

        Args:
            ids: `[rows]`.
            positions: of the tokens in their conversations `[rows]`.
            tables: where the rows' keys and values are.
            pool: keys and values of the new tokens are written into it.
            wanted: indices of the rows whose logits are wanted; None for all.
        """
        decoder = self._decoder
        cosines, sines = self._rotation(positions)
        slots = tables.slots()
        residual = decoder.embed(ids)
        normed = self._first_normed(residual)
        for number, (layer, next_norm) in enumerate(self._layers()):
            keys, values = pool.keys[number], pool.values[number]
            rotated = rotary_and_cache(layer.qkv(normed), cosines, sines, keys, values, slots)
            attended = decode_attention(
                rotated[:, : layer.query_heads],
                keys,
                values,
                tables.prefix_pages,
                tables.prefix_lengths,
                tables.group_start,
                tables.row_group,
                tables.own_pages,
                tables.own_lengths,
                layer.size**-0.5,
            ).flatten(1)
            if wanted is not None and next_norm is decoder.norm:
                attended, residual = attended[wanted], residual[wanted]
            normed = self._after_attention(layer, attended, residual, next_norm)
        logits: Tensor = decoder.lm_head(normed)
        return logits

    def prefill(self, embeddings: Tensor, slots: Tensor, pool: PagedKeysValues) -> None:
        """Write keys and values of prefixes into their pages.

        Args:
            embeddings: `[clips, length, hidden]`, padded at the end.
            slots: where each token is stored, page * PAGE_TOKENS + offset `[clips * length]` int64;
                a spare page where it is padding.
            pool: written into.
        """
        clips, length, width = embeddings.shape
        cosines, sines = self._rotation(torch.arange(length, device=embeddings.device))
        cosines, sines = (x.repeat(clips, 1) for x in (cosines, sines))
        residual = embeddings.reshape(-1, width).clone()
        normed = self._first_normed(residual)
        for number, (layer, next_norm) in enumerate(self._layers()):
            qkv = layer.qkv(normed)
            keys, values = pool.keys[number], pool.values[number]
            rotated = rotary_and_cache(qkv, cosines, sines, keys, values, slots)
            if next_norm is self._decoder.norm:
                return  # a prefix has no output: its last layer gives keys and values alone
            attended = self._attend_causally(layer, rotated, qkv, clips)
            size = self._slice_tokens
            sliced = [
                self._after_attention(layer, *part, next_norm)
                for part in zip(attended.split(size), residual.split(size), strict=True)
            ]
            normed = sliced[0] if len(sliced) == 1 else torch.cat(sliced)

    @staticmethod
    def _attend_causally(layer: DecoderLayer, rotated: Tensor, qkv: Tensor, clips: int) -> Tensor:
        """`[clips * length, heads * head_dim]`."""
        query, key = rotated.unflatten(0, (clips, -1)).split([layer.query_heads, layer.kv_heads], 2)
        joined = qkv.view(clips, -1, layer.query_heads + 2 * layer.kv_heads, layer.size)
        attended: Tensor = flash_attention(query, key, joined[:, :, -layer.kv_heads :])
        return attended.flatten(0, 1)

    def _layers(self) -> Iterator[tuple[DecoderLayer, RMSNorm]]:
        """Each layer, and the norm that comes after it."""
        layers = self._decoder.decoder_layers()
        norms = [layer.attention_norm for layer in layers[1:]]
        return zip(layers, [*norms, self._decoder.norm], strict=True)

    def _first_normed(self, embeddings: Tensor) -> Tensor:
        norm = self._decoder.decoder_layers()[0].attention_norm
        return rms_norm(embeddings, norm.weight, norm.epsilon)

    @staticmethod
    def _after_attention(
        layer: DecoderLayer, attended: Tensor, residual: Tensor, next_norm: RMSNorm
    ) -> Tensor:
        """The rest of the layer, added to the residual in place, and the norm that comes next."""
        norm = layer.mlp_norm
        normed = add_rms_norm(layer.out(attended), residual, norm.weight, norm.epsilon)
        hidden = layer.down(swiglu(layer.gate_up(normed)))
        return add_rms_norm(hidden, residual, next_norm.weight, next_norm.epsilon)

    def _rotation(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        cosines, sines = self._decoder.rotation(positions)
        return cosines[:, 0], sines[:, 0]
