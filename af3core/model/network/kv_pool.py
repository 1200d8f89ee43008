"""Keys and values of all clips in pages: a clip's prefix and an answer hold pages, not stretches.

Pages are those of vLLM's PagedAttention (Kwon et al. 2023): the tensors keep their addresses for
the life of a runner, and a table of page numbers says where a prefix or an answer lies. What is
finished gives its pages back; nothing is copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from af3core.model.model_sizes import head_dim
from af3core.model.network.step_tables import PAGE_TOKENS

if TYPE_CHECKING:
    from torch import Tensor

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
        self.keys = [like.new_zeros(shape) for _ in layers]
        self.values = [like.new_zeros(shape) for _ in layers]

    @property
    def page_bytes(self) -> int:
        """Keys and values of a page in all layers."""
        return sum(tensor[0].nbytes for tensor in (*self.keys, *self.values))


def pages_for(tokens: int) -> int:
    """Pages that so many tokens take."""
    return -(-tokens // PAGE_TOKENS)
