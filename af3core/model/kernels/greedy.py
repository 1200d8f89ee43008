"""The likeliest token of each row and its log-probability: `af3::greedy`.

Two kernels: chunks of a row's logits, then the chunks together. Chunks have one size, so that a
row's figures are the same in any company.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

_CHUNK = 4096
"""Logits of one program."""


@triton.jit
def greedy_chunks_kernel(
    logits: tl.tensor,
    peaks: tl.tensor,
    places: tl.tensor,
    totals: tl.tensor,
    vocabulary: tl.constexpr,
    chunks: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row, chunk = tl.program_id(0).to(tl.int64), tl.program_id(1)
    at = chunk * block + tl.arange(0, block)
    inside = at < vocabulary
    value = tl.load(logits + row * vocabulary + at, mask=inside, other=float("-inf"))
    value = value.to(tl.float32)
    peak = tl.max(value, axis=0)
    # where a constraint leaves nothing in a chunk, its share is 0 and not NaN
    base = tl.where(peak == float("-inf"), 0.0, peak)
    target = row * chunks + chunk
    tl.store(peaks + target, peak)
    tl.store(places + target, chunk * block + tl.argmax(value, axis=0, tie_break_left=True))
    tl.store(totals + target, tl.sum(tl.exp(value - base), axis=0))


@triton.jit
def greedy_merge_kernel(
    peaks: tl.tensor,
    places: tl.tensor,
    totals: tl.tensor,
    ids: tl.tensor,
    logprobs: tl.tensor,
    chunks: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, block)
    inside = at < chunks
    peak = tl.load(peaks + row * chunks + at, mask=inside, other=float("-inf"))
    total = tl.load(totals + row * chunks + at, mask=inside, other=0.0)
    highest = tl.max(peak, axis=0)
    winner = tl.argmax(peak, axis=0, tie_break_left=True)
    tl.store(ids + row, tl.load(places + row * chunks + winner).to(tl.int64))
    tl.store(logprobs + row, -tl.log(tl.sum(total * tl.exp(peak - highest), axis=0)))


def launch_greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """As `greedy`."""
    logits = logits.contiguous()
    rows, vocabulary = logits.shape
    block = min(_CHUNK, triton.next_power_of_2(vocabulary))
    chunks = triton.cdiv(vocabulary, block)
    peaks, totals = logits.new_empty(2, rows, chunks, dtype=torch.float32)
    places = logits.new_empty(rows, chunks, dtype=torch.int32)
    ids, logprobs = _results(logits)
    greedy_chunks_kernel[(rows, chunks)](
        logits,
        peaks,
        places,
        totals,
        vocabulary=vocabulary,
        chunks=chunks,
        block=block,
        num_warps=4,
    )
    greedy_merge_kernel[(rows,)](
        peaks,
        places,
        totals,
        ids,
        logprobs,
        chunks=chunks,
        block=triton.next_power_of_2(chunks),
        num_warps=1,
    )
    return ids, logprobs


@torch.library.custom_op("af3::greedy", mutates_args=())
def greedy(logits: Tensor) -> tuple[Tensor, Tensor]:
    """The largest of `logits [rows, vocabulary]`, of equal ones the first.

    Returns:
        Ids `[rows]` int64, and natural logarithms of their probabilities `[rows]` float32.
    """
    return launch_greedy(logits)


@greedy.register_fake
def _results(logits: Tensor) -> tuple[Tensor, Tensor]:
    rows = len(logits)
    return logits.new_empty(rows, dtype=torch.int64), logits.new_empty(rows, dtype=torch.float32)
