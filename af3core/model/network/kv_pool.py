"""Keys and values of all clips in pages: a clip's prefix and an answer hold pages, not stretches.

Pages are those of vLLM's PagedAttention (Kwon et al. 2023): the tensors keep their addresses for
the life of a runner, and a table of page numbers says where a prefix or an answer lies. What is
finished gives its pages back; nothing is copied.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from af3core.model.network.kv_cache import head_dim
from af3core.model.network.step_tables import PAGE_TOKENS

SPARE_PAGE = 0
"""Written and read by rows and clips that a bucket has and nobody uses."""


class KvPool:
    """The pages of all layers.

    Args:
        config: of the checkpoint.
        pages: how many, the spare one included.
        like: a weight, for device and dtype.

    Attributes:
        keys, values: of each layer `[pages, PAGE_TOKENS, kv_heads, head_dim]`.
    """

    def __init__(self, config: Any, pages: int, like: Tensor) -> None:
        text = config.text_config
        shape = (pages, PAGE_TOKENS, text.num_key_value_heads, head_dim(text))
        layers = range(text.num_hidden_layers)
        self.pages = pages
        self.page_tokens = PAGE_TOKENS
        self.keys = [like.new_zeros(shape) for _ in layers]
        self.values = [like.new_zeros(shape) for _ in layers]

    @property
    def page_bytes(self) -> int:
        """Keys and values of a page in all layers."""
        return sum(tensor[0].nbytes for tensor in (*self.keys, *self.values))

    def write_prefixes(self, layer: int, pages: Tensor, keys: Tensor, values: Tensor) -> None:
        """Store a layer's keys and values `[clips, kv_heads, length, head_dim]` of prefixes; the
        length is that of whole pages, whose numbers are `pages [clips * length / PAGE_TOKENS]`
        int64. Padding at the end of a clip belongs to no page of it: the spare one.
        """
        self.keys[layer].index_copy_(0, pages, _by_page(keys))
        self.values[layer].index_copy_(0, pages, _by_page(values))


def pages_for(tokens: int) -> int:
    """Pages that so many tokens take."""
    return -(-tokens // PAGE_TOKENS)


def _by_page(of_clips: Tensor) -> Tensor:
    """`[clips, kv_heads, length, size]` to `[pages, PAGE_TOKENS, kv_heads, size]`."""
    return of_clips.transpose(1, 2).unflatten(1, (-1, PAGE_TOKENS)).flatten(0, 1)
