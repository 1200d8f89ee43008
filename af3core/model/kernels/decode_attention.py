"""Attention of a step's rows over their group's prefix and their own tokens, in pages:
`af3::decode_attention`.

Two kernels, whatever the number of groups. The first has an item of work for each tile of queries,
key head and split of the keys. The queries of all rows of a group are the rows of its tiles, so
that a prefix is read once for all of them (Juravsky et al. 2024); a row's own tokens are further
splits. Its programs are about as many as a GPU holds, and take the items in turns: tables on the
device say which there are, so that a recorded step does nothing for groups that its bucket has room
for and that are not there. The second merges the splits of a row by their log-sum-exp, exactly.

Tiles have one size, and the splits of a prefix follow from its own length: a row's numbers are the
same in any company.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

LOG2_E = 1.4426950408889634
_TILES = {2: (64, 64, 4, 2), 4: (16, 32, 4, 1)}
"""By bytes of a number: queries of a tile of a prefix, keys of a tile (a part of a page), warps,
stages of loads."""
SPLIT_PAGES = 4
"""Of a split, at least."""
MOST_PREFIX_SPLITS, MOST_OWN_SPLITS = 32, 8
"""A longer one has larger splits."""
MOST_PROGRAMS = 1_056
"""Of all key heads: eight for each processor of an H200, more than it holds at once."""


@triton.jit
def split_pages_of(
    length: tl.tensor, page_tokens: tl.constexpr, least: tl.constexpr, most: tl.constexpr
) -> tl.tensor:
    return tl.maximum(tl.cdiv(tl.cdiv(length, page_tokens), most), least)


@triton.jit
def used_splits_of(
    length: tl.tensor, page_tokens: tl.constexpr, least: tl.constexpr, most: tl.constexpr
) -> tl.tensor:
    return tl.cdiv(length, split_pages_of(length, page_tokens, least, most) * page_tokens)


@triton.jit
def clip_items(
    prefix_lengths: tl.tensor,
    group_start: tl.tensor,
    clips: tl.tensor,
    groups: tl.constexpr,
    page_tokens: tl.constexpr,
    block_clips: tl.constexpr,
    block_queries: tl.constexpr,
    least: tl.constexpr,
    most: tl.constexpr,
) -> tl.tensor:
    # tiles of queries times splits of the prefix, of each clip; none where rows or a prefix are not
    clip = tl.arange(0, block_clips)
    is_clip = clip < clips
    starts = tl.load(group_start + clip, mask=is_clip, other=0)
    ends = tl.load(group_start + clip + 1, mask=is_clip, other=0)
    length = tl.load(prefix_lengths + clip, mask=is_clip, other=0)
    tiles = tl.cdiv((ends - starts) * groups, block_queries)
    return tiles * used_splits_of(length, page_tokens, least, most)


@triton.jit
def attend_split(
    query: tl.tensor,
    keys: tl.tensor,
    values: tl.tensor,
    partial: tl.tensor,
    log_sums: tl.tensor,
    pages: tl.tensor,
    first_row: tl.tensor,
    row_count: tl.tensor,
    tile: tl.tensor,
    length: tl.tensor,
    split: tl.tensor,
    split_column: tl.tensor,
    splits: tl.tensor,
    kv_head: tl.tensor,
    scale: tl.tensor,
    kv_heads: tl.constexpr,
    groups: tl.constexpr,
    size: tl.constexpr,
    query_row: tl.constexpr,
    page_tokens: tl.constexpr,
    block_queries: tl.constexpr,
    block_keys: tl.constexpr,
    block_size: tl.constexpr,
    least: tl.constexpr,
    most: tl.constexpr,
) -> None:
    # one split of the keys of one tile of queries: its part of the output, and its log-sum-exp
    span = split_pages_of(length, page_tokens, least, most) * page_tokens
    begin = split * span
    end = tl.minimum(begin + span, length)
    if begin < end:
        number = tile * block_queries + tl.arange(0, block_queries)
        asked = number < row_count * groups
        row = (first_row + number // groups).to(tl.int64)
        head = kv_head * groups + number % groups
        dims = tl.arange(0, block_size)
        wide = dims < size
        written = asked[:, None] & wide[None, :]
        places = (row * query_row + head * size)[:, None] + dims[None, :]
        queries = tl.load(query + places, mask=written, other=0.0)
        sums = tl.zeros((block_queries, block_size), tl.float32)
        peak = tl.full((block_queries,), float("-inf"), tl.float32)
        total = tl.zeros((block_queries,), tl.float32)
        for start in range(begin, end, block_keys):
            page = tl.load(pages + start // page_tokens).to(tl.int64)
            place = start + tl.arange(0, block_keys)
            seen = place < end
            inside = seen[:, None] & wide[None, :]
            slots = ((page * page_tokens + place % page_tokens) * kv_heads + kv_head) * size
            slots = slots[:, None] + dims[None, :]
            key = tl.load(keys + slots, mask=inside, other=0.0)
            scores = tl.dot(queries, tl.trans(key), input_precision="tf32x3") * scale
            scores = tl.where(seen[None, :], scores, float("-inf"))
            highest = tl.maximum(peak, tl.max(scores, axis=1))
            weights = tl.exp2(scores - highest[:, None])
            shrink = tl.exp2(peak - highest)
            total = total * shrink + tl.sum(weights, axis=1)
            value = tl.load(values + slots, mask=inside, other=0.0)
            sums = tl.dot(
                weights.to(value.dtype), value, sums * shrink[:, None], input_precision="tf32x3"
            )
            peak = highest
        part = (row * (kv_heads * groups) + head) * splits + split_column
        target = partial + (part * size)[:, None] + dims[None, :]
        tl.store(target, sums / total[:, None], mask=written)
        tl.store(log_sums + part, peak + tl.log2(total), mask=asked)


@triton.jit(
    do_not_specialize=[
        "rows",
        "prefix_splits",
        "own_splits",
        "clips",
        "most_prefix_pages",
        "most_own_pages",
    ]
)
def splits_kernel(
    query: tl.tensor,
    keys: tl.tensor,
    values: tl.tensor,
    partial: tl.tensor,
    log_sums: tl.tensor,
    prefix_pages: tl.tensor,
    prefix_lengths: tl.tensor,
    group_start: tl.tensor,
    own_pages: tl.tensor,
    own_lengths: tl.tensor,
    rows: tl.tensor,
    prefix_splits: tl.tensor,
    own_splits: tl.tensor,
    clips: tl.tensor,
    most_prefix_pages: tl.tensor,
    most_own_pages: tl.tensor,
    scale: tl.tensor,
    block_clips: tl.constexpr,
    kv_heads: tl.constexpr,
    groups: tl.constexpr,
    size: tl.constexpr,
    query_row: tl.constexpr,
    page_tokens: tl.constexpr,
    block_queries: tl.constexpr,
    block_own_queries: tl.constexpr,
    block_keys: tl.constexpr,
    block_size: tl.constexpr,
    least: tl.constexpr,
    most_prefix_splits: tl.constexpr,
    most_own_splits: tl.constexpr,
) -> None:
    program, kv_head = tl.program_id(0), tl.program_id(1)
    splits = prefix_splits + own_splits
    items = clip_items(
        prefix_lengths,
        group_start,
        clips,
        groups,
        page_tokens,
        block_clips,
        block_queries,
        least,
        most_prefix_splits,
    )
    prefix_items = tl.sum(items, axis=0)
    programs = tl.num_programs(0)
    for number in range(program, prefix_items, programs):
        # items are numbered through the clips: which clip has this one
        clip = tl.arange(0, block_clips)
        items = clip_items(
            prefix_lengths,
            group_start,
            clips,
            groups,
            page_tokens,
            block_clips,
            block_queries,
            least,
            most_prefix_splits,
        )
        mine = tl.sum((tl.cumsum(items, axis=0) <= number).to(tl.int32), axis=0)
        item = number - tl.sum(tl.where(clip < mine, items, 0), axis=0)
        length = tl.load(prefix_lengths + mine)
        used = used_splits_of(length, page_tokens, least, most_prefix_splits)
        first_row = tl.load(group_start + mine)
        attend_split(
            query,
            keys,
            values,
            partial,
            log_sums,
            prefix_pages + mine.to(tl.int64) * most_prefix_pages,
            first_row,
            tl.load(group_start + mine + 1) - first_row,
            item // used,
            length,
            item % used,
            item % used,
            splits,
            kv_head,
            scale,
            kv_heads,
            groups,
            size,
            query_row,
            page_tokens,
            block_queries,
            block_keys,
            block_size,
            least,
            most_prefix_splits,
        )
    # whoever has had fewest of them begins
    first = (program + programs - prefix_items % programs) % programs
    for number in range(first, rows * own_splits, programs):
        row = number // own_splits
        split = number % own_splits
        attend_split(
            query,
            keys,
            values,
            partial,
            log_sums,
            own_pages + row.to(tl.int64) * most_own_pages,
            row,
            1,
            0,
            tl.load(own_lengths + row),
            split,
            prefix_splits + split,
            splits,
            kv_head,
            scale,
            kv_heads,
            groups,
            size,
            query_row,
            page_tokens,
            block_own_queries,
            block_keys,
            block_size,
            least,
            most_own_splits,
        )


@triton.jit(do_not_specialize=["prefix_splits", "own_splits"])
def merge_kernel(
    partial: tl.tensor,
    log_sums: tl.tensor,
    prefix_lengths: tl.tensor,
    row_group: tl.tensor,
    own_lengths: tl.tensor,
    attended: tl.tensor,
    prefix_splits: tl.tensor,
    own_splits: tl.tensor,
    heads: tl.constexpr,
    size: tl.constexpr,
    page_tokens: tl.constexpr,
    block_splits: tl.constexpr,
    block_size: tl.constexpr,
    least: tl.constexpr,
    most_prefix_splits: tl.constexpr,
    most_own_splits: tl.constexpr,
) -> None:
    row, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    prefix_length = tl.load(prefix_lengths + tl.load(row_group + row))
    own_length = tl.load(own_lengths + row)
    prefix_used = used_splits_of(prefix_length, page_tokens, least, most_prefix_splits)
    used = prefix_used + used_splits_of(own_length, page_tokens, least, most_own_splits)
    # splits that were written: the prefix's first ones, then the row's own first ones
    first = (row * heads + head) * (prefix_splits + own_splits)
    number = tl.arange(0, block_splits)
    column = tl.where(number < prefix_used, number, number - prefix_used + prefix_splits)
    log_sum = tl.load(log_sums + first + column, mask=number < used, other=float("-inf"))
    highest = tl.max(log_sum, axis=0)
    total = tl.sum(tl.exp2(log_sum - highest), axis=0)
    dims = tl.arange(0, block_size)
    wide = dims < size
    sums = tl.zeros((block_size,), tl.float32)
    for split in range(0, used):
        part = first + tl.where(split < prefix_used, split, split - prefix_used + prefix_splits)
        share = tl.exp2(tl.load(log_sums + part) - highest) / total
        sums += share * tl.load(partial + part * size + dims, mask=wide, other=0.0)
    target = attended + (row * heads + head) * size + dims
    tl.store(target, sums.to(attended.dtype.element_ty), mask=wide)


def launch_decode_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    prefix_pages: Tensor,
    prefix_lengths: Tensor,
    group_start: Tensor,
    row_group: Tensor,
    own_pages: Tensor,
    own_lengths: Tensor,
    scale: float,
) -> Tensor:
    """As `decode_attention`."""
    rows, heads, size = query.shape
    _, page_tokens, kv_heads, _ = keys.shape
    clips, most_prefix_pages = prefix_pages.shape
    most_own_pages = own_pages.shape[1]
    groups = heads // kv_heads
    prefix_splits = min(MOST_PREFIX_SPLITS, triton.cdiv(most_prefix_pages, SPLIT_PAGES))
    own_splits = min(MOST_OWN_SPLITS, triton.cdiv(most_own_pages, SPLIT_PAGES))
    splits = prefix_splits + own_splits
    partial = query.new_empty(rows, heads, splits, size, dtype=torch.float32)
    log_sums = query.new_empty(rows, heads, splits, dtype=torch.float32)
    attended = query.new_empty(rows, heads, size)
    block_queries, block_keys, warps, stages = _TILES[query.element_size()]
    block_size = max(16, triton.next_power_of_2(size))
    # of every clip the last tile may be part empty
    most_items = (rows * groups // block_queries + clips) * prefix_splits + rows * own_splits
    shared: dict[str, Any] = {
        "size": size,
        "page_tokens": page_tokens,
        "block_size": block_size,
        "least": SPLIT_PAGES,
        "most_prefix_splits": MOST_PREFIX_SPLITS,
        "most_own_splits": MOST_OWN_SPLITS,
    }
    splits_kernel[(min(most_items, triton.cdiv(MOST_PROGRAMS, kv_heads)), kv_heads)](
        query,
        keys,
        values,
        partial,
        log_sums,
        prefix_pages,
        prefix_lengths,
        group_start,
        own_pages,
        own_lengths,
        rows,
        prefix_splits,
        own_splits,
        clips,
        most_prefix_pages,
        most_own_pages,
        scale * LOG2_E,
        block_clips=max(16, triton.next_power_of_2(clips)),
        kv_heads=kv_heads,
        groups=groups,
        query_row=query.stride(0),
        block_queries=block_queries,
        block_own_queries=max(16, triton.next_power_of_2(groups)),
        block_keys=block_keys,
        num_warps=warps,
        num_stages=stages,
        **shared,
    )
    merge_kernel[(rows, heads)](
        partial,
        log_sums,
        prefix_lengths,
        row_group,
        own_lengths,
        attended,
        prefix_splits,
        own_splits,
        heads=heads,
        block_splits=triton.next_power_of_2(MOST_PREFIX_SPLITS + MOST_OWN_SPLITS),
        num_warps=1,
        **shared,
    )
    return attended


@torch.library.custom_op("af3::decode_attention", mutates_args=())
def decode_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    prefix_pages: Tensor,
    prefix_lengths: Tensor,
    group_start: Tensor,
    row_group: Tensor,
    own_pages: Tensor,
    own_lengths: Tensor,
    scale: float,
) -> Tensor:
    """Attention of each row over the prefix of its group, then its own tokens.

    Args:
        query: `[rows, heads, head_dim]`; a row's heads stand together, rows may lie apart.
        keys, values: of a layer `[pages, PAGE_TOKENS, kv_heads, head_dim]`, contiguous.
        prefix_pages, prefix_lengths, group_start, row_group, own_pages, own_lengths: of
            `af3core.model.network.step_tables.StepTables`.
        scale: on the scores.

    Returns:
        `[rows, heads, head_dim]`.
    """
    return launch_decode_attention(
        query,
        keys,
        values,
        prefix_pages,
        prefix_lengths,
        group_start,
        row_group,
        own_pages,
        own_lengths,
        scale,
    )


@decode_attention.register_fake
def _(query: Tensor, *_others: object) -> Tensor:
    return query.new_empty(query.shape)
