"""A decode step over pages in plain torch, row by row."""

from __future__ import annotations

import torch
from torch import Tensor

from af3core.model.network.decoder import Decoder
from af3core.model.network.kv_pool import KvPool
from af3core.model.network.step_tables import PAGE_TOKENS, StepTables


class ReferenceStep:
    """`decode_step` of a decoder."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def __call__(self, ids: Tensor, positions: Tensor, tables: StepTables, pool: KvPool) -> Tensor:
        decoder = self._decoder
        rotation = decoder._rotation(positions)
        hidden = decoder.embed(ids)
        slots = tables.slots()
        for number, layer in enumerate(decoder._layers()):
            query, key, value = layer.heads(hidden, rotation)
            keys, values = pool.keys[number].flatten(0, 1), pool.values[number].flatten(0, 1)
            keys[slots], values[slots] = key, value
            rows = [_attend(row, query[row], tables, keys, values) for row in range(tables.rows)]
            hidden = layer.after_attention(hidden, torch.stack(rows).flatten(1))
        logits: Tensor = decoder.lm_head(decoder.norm(hidden))
        return logits.float()


def _attend(row: int, query: Tensor, tables: StepTables, keys: Tensor, values: Tensor) -> Tensor:
    group = int(tables.row_group[row])
    places = torch.cat(
        [
            _places(tables.prefix_pages[group], int(tables.prefix_lengths[group])),
            _places(tables.own_pages[row], int(tables.own_lengths[row])),
        ]
    )
    share = len(query) // keys.shape[1]
    of_row = keys[places].transpose(0, 1).repeat_interleave(share, 0)
    scores = (of_row @ query[:, :, None])[:, :, 0] * query.shape[-1] ** -0.5
    weighted = values[places].transpose(0, 1).repeat_interleave(share, 0)
    return (scores.softmax(-1)[:, None] @ weighted)[:, 0]


def _places(pages: Tensor, length: int) -> Tensor:
    tokens = torch.arange(length)
    return pages[tokens // PAGE_TOKENS].long() * PAGE_TOKENS + tokens % PAGE_TOKENS


def reference_greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest ids with their log-probabilities."""
    ids = logits.argmax(-1)
    return ids, logits.gather(1, ids[:, None])[:, 0] - logits.logsumexp(-1)
