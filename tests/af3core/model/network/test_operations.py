"""How many operations a forward pass asks of CUDA at AF3's sizes, counted without a GPU.

The figures of docs/engines.md: `pytest -s` prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from af3core.model.kernels.greedy import greedy
from af3core.model.network.fused_decoder import FusedDecoder
from af3core.model.network.fused_encoder import FusedEncoder
from af3core.model.network.step_tables import PAGE_TOKENS, StepTables
from tests.af3core.model.fake_cuda import Operations, fake_model
from tests.af3core.model.kernels.paged import Pool
from tests.benchmarks.full_model import full_config

CUDA = torch.device("cuda")


@pytest.fixture(scope="module")
def mode() -> Iterator[FakeTensorMode]:
    with torch.no_grad():
        yield FakeTensorMode()


@pytest.fixture(scope="module")
def model(mode: FakeTensorMode) -> Any:
    with mode:
        return fake_model(full_config(audio_token_id=0))


def numbers(*shape: int, dtype: torch.dtype = torch.int32) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=CUDA)


def pool_of(model: Any, pages: int) -> Pool:
    layer = model.decoder.decoder_layers()[0]
    shape = (pages, PAGE_TOKENS, layer.kv_heads, layer.size)
    keys, values = (
        [torch.empty(shape, dtype=torch.bfloat16, device=CUDA) for _ in model.decoder.layers]
        for _ in "kv"
    )
    return Pool(keys, values)


def tables_of(clips: int, rows: int) -> StepTables:
    return StepTables(
        prefix_pages=numbers(clips, 16),
        prefix_lengths=numbers(clips),
        group_start=numbers(clips + 1),
        row_group=numbers(rows),
        own_pages=numbers(rows, 8),
        own_lengths=numbers(rows),
    )


@pytest.mark.parametrize(("clips", "rows"), [(1, 7), (64, 448)])
def test_a_decode_step_with_its_sampler(
    model: Any, mode: FakeTensorMode, clips: int, rows: int
) -> None:
    with mode:
        pool, tables = pool_of(model, 4000), tables_of(clips, rows)
        ids = numbers(rows, dtype=torch.int64)
        with Operations() as operations:
            logits = FusedDecoder(model.decoder).step(ids, tables.positions(), tables, pool)
            chosen, logprobs = greedy(logits)
    print(f"\na decode step of {clips} clips: {operations.total}\n{operations.table()}")
    assert (logits.shape, logits.dtype, logits.device.type) == (
        (rows, 151_672),
        torch.bfloat16,
        "cuda",
    )
    assert (chosen.shape, logprobs.dtype) == ((rows,), torch.float32)
    assert operations.total <= 350
    assert operations.hosts == []


def test_questions_are_read_by_the_same_operations(model: Any, mode: FakeTensorMode) -> None:
    with mode:
        pool, tables = pool_of(model, 4000), tables_of(64, 4000)
        ids, wanted = numbers(4000, dtype=torch.int64), numbers(448, dtype=torch.int64)
        with Operations() as operations:
            logits = FusedDecoder(model.decoder).step(ids, tables.positions(), tables, pool, wanted)
    print(f"\nreading questions: {operations.total}")
    assert logits.shape == (448, 151_672)
    assert operations.total <= 350
    assert operations.hosts == []


@pytest.mark.parametrize("clips", [1, 32])
def test_a_prefill(model: Any, mode: FakeTensorMode, clips: int) -> None:
    with mode:
        pool = pool_of(model, 4000)
        embeddings = torch.empty(clips, 760, 3584, dtype=torch.bfloat16, device=CUDA)
        slots = numbers(clips * 760, dtype=torch.int64)
        with Operations() as operations:
            FusedDecoder(model.decoder).prefill(embeddings, slots, pool)
    print(f"\na prefill of {clips} clips: {operations.total}\n{operations.table()}")
    assert operations.total <= 600
    assert operations.hosts == []


@pytest.mark.parametrize("windows", [1, 32])
def test_an_encoder_batch(model: Any, mode: FakeTensorMode, windows: int) -> None:
    with mode:
        mel = torch.empty(windows, 128, 3000, dtype=torch.bfloat16, device=CUDA)
        index = numbers(windows, dtype=torch.int64)
        with Operations() as operations:
            encoder = FusedEncoder(model.encoder)
            embeddings = encoder.embeddings(mel, numbers(windows), index)
    print(f"\nan encoder batch of {windows} windows: {operations.total}\n{operations.table()}")
    assert embeddings.shape == (windows, 750, 3584)
    assert operations.total <= 500
    assert operations.hosts == []
