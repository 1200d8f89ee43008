"""The few shapes that steps, prefills and encoder batches have on a GPU.

A CUDA graph replays one shape. What is smaller than a bucket is filled up with rows that nobody
uses, and what is larger than all is run as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from af3core.model.network.kv_pool import pages_for

STEP_ROWS = (1, 8, 32, 128, 256, 512)
_REACHES = ((16, 8), (128, 32))
"""Pages of prefix and of own tokens: 30 s with answers of 500 tokens, five minutes with those of
2,000; a third reach is all that the pool holds."""

_BATCH_COUNTS = (1, 4)
_PREFIX_TOKENS = (192, 448, 832)
_WINDOW_FRAMES = (768, 1_536, 3_000)
"""Up to 30 s. A GPU takes longer to compute larger batches than the host to launch them."""


@dataclass(frozen=True)
class StepBucket:
    """Rows of a step, and the most pages of a row's prefix and of its own tokens."""

    rows: int
    prefix_pages: int
    own_pages: int


@dataclass(frozen=True)
class BatchBucket:
    """So many clips or windows of so many tokens or frames."""

    count: int
    length: int


def step_buckets(rows: int, prefix_tokens: int, own_tokens: int) -> tuple[StepBucket, ...]:
    """Buckets for steps of up to `rows`, the last of which holds all; tokens are the most of a
    prefix, and of a question with its answer.
    """
    prefix, own = pages_for(prefix_tokens), pages_for(own_tokens)
    reaches = [(min(p, prefix), min(o, own)) for p, o in (*_REACHES, (prefix, own))]
    counts = [count for count in STEP_ROWS if count < rows]
    return tuple(
        StepBucket(count, *reach)
        for count, reach in product([*counts, rows], dict.fromkeys(reaches))
    )


def smallest_step(
    buckets: Sequence[StepBucket], rows: int, prefix_pages: int, own_pages: int
) -> StepBucket:
    """The first bucket that holds the step."""
    return next(
        bucket
        for bucket in buckets
        if bucket.rows >= rows
        and bucket.prefix_pages >= prefix_pages
        and bucket.own_pages >= own_pages
    )


def prefill_buckets(tokens_at_once: int) -> tuple[BatchBucket, ...]:
    """Of clips with their tokens, within the tokens of one call."""
    return _batch_buckets(_PREFIX_TOKENS, tokens_at_once)


MOST_RECORDED_TOKENS = _BATCH_COUNTS[-1] * _PREFIX_TOKENS[-1]
"""Of the largest prefill that is recorded; an encoder batch and a step take less."""
MOST_RECORDED_FRAMES = _BATCH_COUNTS[-1] * _WINDOW_FRAMES[-1]
"""Of the largest encoder batch that is recorded."""


def encoder_buckets(most_frames: int, frames_at_once: int) -> tuple[BatchBucket, ...]:
    """Of windows with their mel frames, an even number; a whole window is the largest."""
    lengths = (*(length for length in _WINDOW_FRAMES if length < most_frames), most_frames)
    return _batch_buckets(lengths, frames_at_once)


def _batch_buckets(lengths: Sequence[int], at_once: int) -> tuple[BatchBucket, ...]:
    return tuple(
        BatchBucket(count, length)
        for count, length in product(_BATCH_COUNTS, lengths)
        if count * length <= at_once
    )


def smallest_batch(buckets: Sequence[BatchBucket], count: int, length: int) -> BatchBucket | None:
    """The cheapest bucket that holds a batch; None where none does."""
    fitting = [b for b in buckets if b.count >= count and b.length >= length]
    return min(fitting, key=lambda b: b.count * b.length, default=None)
