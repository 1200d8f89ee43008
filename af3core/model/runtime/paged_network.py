"""A model as the paged runner asks it: each part takes tensors of the device alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from af3core.model.audio_limits import AudioLimit
from af3core.model.network.af3_model import Af3Model
from af3core.model.network.step_tables import PagedKeysValues, StepTables
from af3core.model.request import Waveform


class PagedNetwork(Protocol):
    """What is computed; recorded calls hold no value of the host.

    Attributes:
        config: of the checkpoint.
        limit: how much it hears.
        like: a weight `[vocabulary, hidden]`, for device and dtype.
    """

    config: Any
    limit: AudioLimit
    like: Tensor

    def log_mel(self, windows: Sequence[Waveform]) -> Tensor:
        """`[windows, mel, frames]`."""
        ...

    def embed_windows(self, mel: Tensor, lengths: Tensor, numbers: Tensor) -> Tensor:
        """`[windows, tokens, hidden]`, padding included; `lengths` int32 are the positions that are
        real, `numbers` int64 the how manieth of its sound each window is.
        """
        ...

    def states(self, mel: Tensor, frames: list[int]) -> list[Tensor]:
        """The encoder's own output `[tokens, width]` of each window; not recorded."""
        ...

    def prefix_embeddings(self, ids: Tensor, sounds: Sequence[Tensor]) -> Tensor:
        """Embeddings `[prefix, hidden]`; not recorded."""
        ...

    def prefill(self, embeddings: Tensor, slots: Tensor, pool: PagedKeysValues) -> None:
        """Prefixes `[clips, length, hidden]` into the pool's places `slots [clips * length]`."""
        ...

    def step(
        self, ids: Tensor, positions: Tensor, tables: StepTables, pool: PagedKeysValues
    ) -> Tensor:
        """Logits `[rows, vocabulary]` of one token more behind each row."""
        ...

    def greedy(self, logits: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest ids int64 of each row, and their log-probabilities float32."""
        ...


class FusedNetwork:
    """A Flamingo through the kernels of `af3core/model/kernels/`.

    Args:
        model: with weights.
        tokens_at_once: of a slice of a long prefix.
    """

    def __init__(self, model: Af3Model, tokens_at_once: int) -> None:
        # Triton is there where torch is built for CUDA
        from af3core.model.kernels.greedy import greedy
        from af3core.model.network.fused_decoder import FusedDecoder
        from af3core.model.network.fused_encoder import FusedEncoder

        self.config, self.limit = model.config, model.limit
        self.like = model.decoder.embed.weight
        self._model = model
        self._encoder = FusedEncoder(model.encoder)
        decoder = FusedDecoder(model.decoder, tokens_at_once)
        self.log_mel = model.log_mel
        self.embed_windows = self._encoder.embeddings
        self.prefix_embeddings = model.prefix_embeddings
        self.prefill, self.step = decoder.prefill, decoder.step
        self.greedy = greedy

    def states(self, mel: Tensor, frames: list[int]) -> list[Tensor]:
        """As `AudioEncoder.states`."""
        return self._model.encoder.states(mel.to(self.like.dtype), frames, [])
