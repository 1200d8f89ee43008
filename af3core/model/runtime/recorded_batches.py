"""Encoder and prefill of small batches as recorded calls of a few shapes.

A batch that fits no bucket is large enough to keep the device busy while the host launches it, and
is run as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import pad

from af3core.model.audio_limits import HOP_SAMPLES, encoder_positions
from af3core.model.network.kv_pool import SPARE_PAGE, KvPool, pages_for
from af3core.model.network.step_tables import PAGE_TOKENS
from af3core.model.runtime.accelerator import Accelerator, Recorded
from af3core.model.runtime.buckets import (
    BatchBucket,
    encoder_buckets,
    prefill_buckets,
    smallest_batch,
)
from af3core.model.runtime.paged_network import PagedNetwork
from af3core.model.runtime.sound_windows import Window

_FRAMES_PER_TOKEN = 4


class EncoderCalls:
    """The encoder with its projector.

    Args:
        network: with weights.
        accelerator: records.
        tokens_at_once: audio tokens of one call.
    """

    def __init__(
        self, network: PagedNetwork, accelerator: Accelerator, tokens_at_once: int
    ) -> None:
        self._network = network
        self._upload = accelerator.upload
        most_frames = network.limit.window_samples // HOP_SAMPLES
        self._buckets = encoder_buckets(most_frames, tokens_at_once * _FRAMES_PER_TOKEN)
        like, self._mel_bins = network.like, network.config.audio_config.num_mel_bins
        most = max((b.count * b.length for b in self._buckets), default=0)
        self._mel = like.new_zeros(most * self._mel_bins)
        self._windows = torch.ones(
            2,
            max((b.count for b in self._buckets), default=0),
            dtype=torch.long,
            device=like.device,
        )
        self._recorded: dict[BatchBucket, Recorded] = {
            bucket: accelerator.record(partial(self._run_bucket, bucket))
            for bucket in self._buckets
        }

    def encode(self, batch: Sequence[Window]) -> list[Tensor]:
        """Embeddings `[tokens, hidden]` of each window."""
        mel = self._network.log_mel([window.samples for window in batch])
        frames = [window.frames for window in batch]
        bucket = smallest_batch(self._buckets, len(batch), mel.shape[2])
        numbers = np.array([window.number for window in batch], np.int64)
        positions = np.array([encoder_positions(count) for count in frames], np.int64)
        if bucket is None:
            even = pad(mel, (0, mel.shape[2] % 2)).to(self._mel.dtype)
            windows = self._upload(np.stack([positions, numbers]))
            padded = self._network.embed_windows(even, windows[0].int(), windows[1])
        else:
            padded = self._replay(bucket, mel, positions, numbers).clone()
        return [rows[: window.tokens] for rows, window in zip(padded, batch, strict=False)]

    def _replay(
        self, bucket: BatchBucket, mel: Tensor, positions: np.ndarray, numbers: np.ndarray
    ) -> Tensor:
        count = len(mel)
        self._mel_of(bucket)[:count, :, : mel.shape[2]] = mel
        windows = np.ones((2, bucket.count), np.int64)
        windows[0, :count], windows[1, :count] = positions, numbers
        self._windows[:, : bucket.count].copy_(self._upload(windows))
        return self._recorded[bucket].replay()

    def _run_bucket(self, bucket: BatchBucket) -> Tensor:
        positions, numbers = self._windows[:, : bucket.count]
        return self._network.embed_windows(self._mel_of(bucket), positions.int(), numbers)

    def _mel_of(self, bucket: BatchBucket) -> Tensor:
        """What lies behind a window's own frames is of earlier ones: finite, and masked."""
        size = bucket.count * self._mel_bins * bucket.length
        return self._mel[:size].view(bucket.count, self._mel_bins, bucket.length)


class PrefillCalls:
    """Prefixes into the pool.

    Args:
        network: with weights.
        pool: keys and values.
        accelerator: records.
        tokens_at_once: of one call.
    """

    def __init__(
        self, network: PagedNetwork, pool: KvPool, accelerator: Accelerator, tokens_at_once: int
    ) -> None:
        self._network = network
        self._pool = pool
        self._upload = accelerator.upload
        self._buckets = prefill_buckets(tokens_at_once)
        like = network.like
        most = max((b.count * b.length for b in self._buckets), default=0)
        self._embeddings = like.new_zeros(most, like.shape[1])
        self._slots = torch.zeros(most, dtype=torch.long, device=like.device)
        self._recorded: dict[BatchBucket, Recorded] = {
            bucket: accelerator.record(partial(self._run_bucket, bucket))
            for bucket in self._buckets
        }

    def prefill(self, prefixes: Sequence[Tensor], pages: Sequence[Sequence[int]]) -> None:
        """Compute keys and values of prefixes `[tokens, hidden]`, and store them in their pages."""
        longest = max(map(len, prefixes))
        bucket = smallest_batch(self._buckets, len(prefixes), longest)
        if bucket is None:
            whole = BatchBucket(len(prefixes), pages_for(longest) * PAGE_TOKENS)
            embeddings = self._embeddings.new_zeros(whole.count, whole.length, prefixes[0].shape[1])
            _place(embeddings, prefixes)
            self._network.prefill(embeddings, self._upload(_slot_table(whole, pages)), self._pool)
            return
        _place(self._embeddings_of(bucket), prefixes)
        self._slots_of(bucket).copy_(self._upload(_slot_table(bucket, pages)))
        self._recorded[bucket].replay()

    def _run_bucket(self, bucket: BatchBucket) -> Tensor:
        embeddings = self._embeddings_of(bucket)
        self._network.prefill(embeddings, self._slots_of(bucket), self._pool)
        return embeddings

    def _embeddings_of(self, bucket: BatchBucket) -> Tensor:
        of_bucket = self._embeddings[: bucket.count * bucket.length]
        return of_bucket.view(bucket.count, bucket.length, -1)

    def _slots_of(self, bucket: BatchBucket) -> Tensor:
        return self._slots[: bucket.count * bucket.length]


def _place(embeddings: Tensor, prefixes: Sequence[Tensor]) -> None:
    for row, prefix in zip(embeddings, prefixes, strict=False):
        row[: len(prefix)] = prefix


def _slot_table(bucket: BatchBucket, pages: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """Where each token of a batch is stored; what is padding goes to the spare page, or behind the
    prefix in its last page, which nobody reads.
    """
    table = np.full((bucket.count, pages_for(bucket.length)), SPARE_PAGE, np.int64)
    for row, of_clip in zip(table, pages, strict=False):
        row[: len(of_clip)] = of_clip
    return (table[:, :, None] * PAGE_TOKENS + np.arange(PAGE_TOKENS)).ravel()
