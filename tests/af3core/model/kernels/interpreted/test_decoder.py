"""The decoder's fused step, prefill and reading of questions against the CPU's path: the same
greedy tokens, log-probabilities within 1e-4, on random checkpoints of each form of the family.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.kernels.greedy import greedy
from af3core.model.network.decoder import Decoder
from af3core.model.network.fused_decoder import FusedDecoder
from af3core.model.network.fused_encoder import FusedEncoder
from af3core.model.network.kv_cache import KvCache
from af3core.model.network.step_tables import PAGE_TOKENS, StepTables
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.family_checkpoints import Form, checkpoint_of
from tests.af3core.model.kernels.paged import Pages, Pool, pool_of, table_of
from tests.af3core.model.test_family_parity import FORMS

STEPS = 3


DECODERS = [
    form
    for form in FORMS
    if form.name in ("af3", "af3-one-kv-tied", "music-one-kv-tied", "next-yarn")
]
"""Ratios of heads 4:2, 6:1 and 3:3, tied embeddings, both architectures, a scaled rope."""


class Paged:
    """Prefixes and rows in a pool of pages, as a runner holds them."""

    def __init__(self, decoder: Decoder, prefixes: list[Tensor], questions: list[list[Tensor]]):
        layer = decoder.decoder_layers()[0]
        self.fused = FusedDecoder(decoder)
        self.pages = Pages(40, seed=3)
        self.pool: Pool = pool_of(len(decoder.layers), 40, layer.kv_heads, layer.size)
        self.prefix_lengths = [len(x) for x in prefixes]
        self.prefix_pages = [self.pages.of(n) for n in self.prefix_lengths]
        self.groups = [clip for clip, own in enumerate(questions) for _ in own]
        self.lengths = [len(ids) for own in questions for ids in own]
        self.own_pages = [self.pages.of(n + STEPS) for n in self.lengths]

    def prefill(self, prefixes: list[Tensor]) -> None:
        padded = pad_sequence(prefixes, batch_first=True)
        slots = torch.full(padded.shape[:2], self.pages.spare * PAGE_TOKENS)
        for clip, length in enumerate(self.prefix_lengths):
            at = torch.arange(length)
            pages = torch.tensor(self.prefix_pages[clip])
            slots[clip, :length] = pages[at // PAGE_TOKENS] * PAGE_TOKENS + at % PAGE_TOKENS
        self.fused.prefill(padded, slots.flatten(), self.pool)

    def tables(self, rows: list[int], own_lengths: list[int]) -> StepTables:
        """Of tokens of these rows, each with what its row holds by then, and a spare row."""
        groups = [*(self.groups[row] for row in rows), len(self.prefix_lengths) - 1]
        counts = [sum(g < group for g in groups) for group in range(len(self.prefix_lengths) + 1)]
        return StepTables(
            prefix_pages=table_of(self.prefix_pages, self.pages.spare, 4),
            prefix_lengths=torch.tensor(self.prefix_lengths, dtype=torch.int32),
            group_start=torch.tensor(counts, dtype=torch.int32),
            row_group=torch.tensor(groups, dtype=torch.int32),
            own_pages=table_of([*(self.own_pages[row] for row in rows), []], self.pages.spare, 3),
            own_lengths=torch.tensor([*own_lengths, 1], dtype=torch.int32),
        )

    def read(self, questions: list[list[Tensor]]) -> tuple[Tensor, Tensor]:
        """Ids and log-probabilities of each question's first token, a table row for every token."""
        own = [ids for group in questions for ids in group]
        rows = [row for row, ids in enumerate(own) for _ in ids]
        at = self.tables(rows, [place + 1 for ids in own for place in range(len(ids))])
        wanted = torch.tensor(self.lengths).cumsum(0) - 1
        ids = torch.cat([*own, torch.zeros(1, dtype=torch.long)])
        return greedy(self.fused.step(ids, at.positions(), at, self.pool, wanted))

    def step(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        self.lengths = [length + 1 for length in self.lengths]
        at = self.tables(list(range(len(self.lengths))), self.lengths)
        ids = torch.cat([ids, torch.zeros(1, dtype=torch.long)])
        chosen, logprobs = greedy(self.fused.step(ids, at.positions(), at, self.pool))
        return chosen[:-1], logprobs[:-1]


def of_the_cpu(
    decoder: Decoder, config: object, prefixes: list[Tensor], questions: list[list[Tensor]]
) -> tuple[Tensor, Tensor]:
    """Greedy ids and log-probabilities `[steps, rows]` by the CPU's path, as a runner asks it."""
    groups = [clip for clip, own in enumerate(questions) for _ in own]
    own = [ids for group in questions for ids in group]
    lengths = torch.tensor([len(ids) for ids in own])
    longest = int(lengths.max())
    cache = KvCache(
        config, [len(x) for x in prefixes], groups, longest + STEPS, decoder.embed.weight
    )
    padded = pad_sequence(prefixes, batch_first=True)
    for layer, (keys, values) in enumerate(decoder.prefill(padded)):
        cache.prefix_keys[layer][:, :, : keys.shape[2]] = keys
        cache.prefix_values[layer][:, :, : keys.shape[2]] = values
    row = torch.arange(len(own)).repeat_interleave(lengths)
    offset = torch.cat([torch.arange(len(ids)) for ids in own])
    at = cache.place(row, offset, longest, longest)
    logits = decoder.extend(torch.cat(own), [cache], [at], wanted=lengths.cumsum(0) - 1)
    cache.lengths += lengths
    cache.longest_row = longest
    steps = []
    for _ in range(STEPS):
        steps.append((logits.argmax(-1), logits.log_softmax(-1).amax(-1)))
        logits = decoder.extend(steps[-1][0], [cache], [cache.place_next()])
        cache.advance()
    return torch.stack([ids for ids, _ in steps]), torch.stack([x for _, x in steps])


@pytest.mark.parametrize("form", DECODERS, ids=lambda form: form.name)
def test_a_step_gives_the_tokens_of_the_cpu(form: Form, shared: Path, untrained: Path) -> None:
    compare(form, (9, 4), ((3, 1), (2,)), shared, untrained)


def test_a_prefix_and_an_answer_beyond_a_page(shared: Path, untrained: Path) -> None:
    """A page has 64 tokens."""
    compare(FORMS[0], (66,), ((62, 1),), shared, untrained)


@torch.inference_mode()
def compare(
    form: Form,
    prefix_lengths: tuple[int, ...],
    lengths: tuple[tuple[int, ...], ...],
    shared: Path,
    untrained: Path,
) -> None:
    """Both paths over random prefixes, and over random questions of these lengths."""
    engine = Af3Engine.load(find_checkpoint(str(checkpoint_of(form, shared, untrained))))
    model = engine.runners["base"].model
    decoder, random = model.decoder, Random(form.seed)
    torch.manual_seed(form.seed)
    prefixes = [torch.randn(n, decoder.embed.embedding_dim) for n in prefix_lengths]
    vocabulary = decoder.embed.num_embeddings
    questions = [
        [torch.tensor([random.randrange(vocabulary) for _ in range(n)]) for n in counts]
        for counts in lengths
    ]
    expected_ids, expected = of_the_cpu(decoder, model.config, prefixes, questions)
    paged = Paged(decoder, prefixes, questions)
    paged.prefill(prefixes)
    ids, logprobs = paged.read(questions)
    for step in range(STEPS):
        assert ids.tolist() == expected_ids[step].tolist()
        torch.testing.assert_close(logprobs, expected[step], atol=1e-4, rtol=0.0)
        if step < STEPS - 1:
            ids, logprobs = paged.step(ids)
    assert len(set(expected_ids.flatten().tolist())) > 1


@pytest.mark.parametrize("name", ["af3", "music"])
@torch.inference_mode()
def test_the_encoder_gives_the_numbers_of_the_cpu(name: str, shared: Path, untrained: Path) -> None:
    """Windows of unequal length, whole and padded, and the numbers that tell the time."""
    (form,) = (form for form in FORMS if form.name == name)
    engine = Af3Engine.load(find_checkpoint(str(checkpoint_of(form, shared, untrained))))
    encoder = engine.runners["base"].model.encoder
    torch.manual_seed(0)
    frames, numbers = [100, 41, 7], [0, 3, 1]
    mel = torch.randn(3, 128, 102)
    expected = encoder(mel, frames, numbers)
    lengths = torch.tensor([(n - 1) // 2 + 1 for n in frames], dtype=torch.int32)
    ours = FusedEncoder(encoder).embeddings(mel, lengths, torch.tensor(numbers))
    for window, one in enumerate(expected):
        torch.testing.assert_close(ours[window, : len(one)], one, atol=1e-4, rtol=1e-4)
