"""A decode step as one CUDA graph: its kernels are launched once, not one by one from Python."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class CudaGraph:
    """Runs a function of token ids whose other inputs live in fixed tensors.

    On CUDA the first call under a key runs it as it is, which warms it up; the second records it,
    and from then on it is replayed. Elsewhere every call runs it.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._ids: Tensor | None = None
        self._logits: Tensor | None = None

    def run(self, key: object, function: Callable[[Tensor], Tensor], ids: Tensor) -> Tensor:
        """The function's logits. The same key promises the same tensors and shapes; the result is
        overwritten by the next call.
        """
        if not ids.is_cuda:
            return function(ids)
        if key != self._key:
            self._key, self._graph = key, None
            return function(ids)
        if self._graph is None:
            self._ids = ids.clone()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._logits = function(self._ids)
        assert self._ids is not None
        assert self._logits is not None
        self._ids.copy_(ids)
        self._graph.replay()
        return self._logits

    def forget(self) -> None:
        """Give up the graph and its memory."""
        self._key = self._graph = self._ids = self._logits = None
