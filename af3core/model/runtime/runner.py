"""Runs batches on the device: encode, prefill, decode one token more. Knows tensors, no queues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from af3core.model.audio_limits import audio_tokens, mel_frames
from af3core.model.network.af3_model import Af3Model
from af3core.model.network.kv_cache import KvCache
from af3core.model.prompt import Prompt
from af3core.model.request import Sound, Waveform
from af3core.model.runtime.cuda_graph import CudaGraph

_TOKENS_AT_ONCE = {"cuda": 24_000, "cpu": 1_500}
"""Audio tokens of one call of the encoder or of a prefill: enough to fill the device, and no more
activations than that (about 0.2 MB a token for the 8 B model in bfloat16)."""


@dataclass(frozen=True)
class _Window:
    """A stretch of the sound of this number, the how manieth of it."""

    sound: int
    number: int
    samples: Waveform


class Runner:
    """The device's side of the engine: running batches by number, each with its KV cache.

    Args:
        model: with weights.
        tokens_at_once: of one call of encoder or prefill; by device where it is None.
    """

    def __init__(self, model: Af3Model, tokens_at_once: int | None = None) -> None:
        self.model = model
        self._at_once = tokens_at_once or _TOKENS_AT_ONCE[model.device.type]
        self._caches: dict[int, KvCache] = {}
        self._graph = CudaGraph()
        self._changes = 0

    @property
    def kv_bytes(self) -> int:
        """Bytes of all keys and values held now."""
        return sum(cache.kv_bytes for cache in self._caches.values())

    def start(self, number: int, clips: Sequence[Sequence[Prompt]], capacity: int) -> Tensor:
        """Start a batch: encode its sounds, prefill its prefixes, read its questions.

        Args:
            number: names the batch from now on.
            clips: the prompts that share each prefix, longest prefix first.
            capacity: most tokens of a question and its answer.

        Returns:
            Logits `[rows, vocabulary]` of the first token of each answer.
        """
        firsts = [prompts[0] for prompts in clips]
        sounds = {id(s): s for first in firsts for s in first.sounds}
        audio = dict(zip(sounds, self.encode(list(sounds.values())), strict=True))
        cache = KvCache(
            self.model.config,
            [first.prefix for first in firsts],
            [clip for clip, prompts in enumerate(clips) for _ in prompts],
            capacity,
            like=self.model.decoder.embed.weight,
        )
        self._prefill(cache, firsts, audio)
        logits = self._read(cache, [prompt for prompts in clips for prompt in prompts])
        self._caches[number] = cache
        self._changes += 1
        return logits

    def step(self, ids: Sequence[Tensor]) -> list[Tensor]:
        """Put one token behind each row; logits of each batch, in the order of their start."""
        caches = list(self._caches.values())
        on_cuda = self.model.device.type == "cuda"

        def run(all_ids: Tensor) -> Tensor:
            # a graph needs fixed shapes: it reads a row's whole capacity
            placements = [
                c.place_next(c.capacity if on_cuda else c.longest_row + 1) for c in caches
            ]
            return self.model.decoder.extend(all_ids, caches, placements)

        logits = self._graph.run(self._changes, run, torch.cat(list(ids)))
        for cache in caches:
            cache.advance()
        return list(logits.split([cache.rows for cache in caches]))

    def keep(self, number: int, rows: list[int]) -> None:
        """Drop all other rows of a batch; the whole batch where none stays."""
        self._changes += 1
        if rows:
            self._caches[number].keep(rows)
        else:
            del self._caches[number]

    def forget(self) -> None:
        """Drop all batches."""
        self._caches.clear()
        self._graph.forget()

    def encode(self, sounds: Sequence[Sound]) -> list[Tensor]:
        """Embeddings `[tokens, hidden]` of each sound; windows of all sounds run together."""
        return self._encode_windows(sounds, self.model.encoder)

    def encoder_states(self, sounds: Sequence[Sound]) -> list[Tensor]:
        """The encoder's own states, `[tokens, width]` of each sound."""
        return self._encode_windows(sounds, self.model.encoder.states)

    def _encode_windows(
        self,
        sounds: Sequence[Sound],
        encode: Callable[[Tensor, list[int], list[int]], list[Tensor]],
    ) -> list[Tensor]:
        windows = [
            _Window(sound, number, samples)
            for sound, heard in enumerate(sounds)
            for number, samples in enumerate(heard.windows(self.model.limit))
        ]
        embeddings: dict[int, Tensor] = {}
        order = sorted(range(len(windows)), key=lambda i: -len(windows[i].samples))
        costs = [audio_tokens(len(windows[i].samples)) for i in order]
        dtype = self.model.decoder.embed.weight.dtype
        for batch in _batches(costs, self._at_once):
            chosen = [order[i] for i in batch]
            samples = [windows[i].samples for i in chosen]
            mel = self.model.log_mel(samples).to(dtype)
            frames = [mel_frames(len(piece)) for piece in samples]
            numbers = [windows[i].number for i in chosen]
            embeddings.update(zip(chosen, encode(mel, frames, numbers), strict=True))
        return [
            torch.cat([embeddings[i] for i, w in enumerate(windows) if w.sound == number])
            for number in range(len(sounds))
        ]

    def _prefill(self, cache: KvCache, firsts: Sequence[Prompt], audio: dict[int, Tensor]) -> None:
        for batch in _batches([first.prefix for first in firsts], self._at_once):
            rows = [self._prefix(firsts[i], audio) for i in batch]
            padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            for layer, (keys, values) in enumerate(self.model.decoder.prefill(padded)):
                length = keys.shape[2]
                clips = slice(batch.start, batch.stop)
                cache.prefix_keys[layer][clips, :, :length] = keys
                cache.prefix_values[layer][clips, :, :length] = values

    def _prefix(self, prompt: Prompt, audio: dict[int, Tensor]) -> Tensor:
        """Embeddings `[prefix, hidden]`, with those of the sounds (`audio`, by id) in place."""
        ids = torch.tensor(prompt.ids[: prompt.prefix], device=self.model.device)
        embeddings = self.model.decoder.embed(ids)
        if prompt.sounds:
            of_sounds = torch.cat([audio[id(sound)] for sound in prompt.sounds])
            places = (ids == self.model.config.audio_token_id)[:, None]
            embeddings = embeddings.masked_scatter(places, of_sounds)
        return embeddings

    def _read(self, cache: KvCache, prompts: Sequence[Prompt]) -> Tensor:
        """Read each question's own tokens behind its prefix, packed."""
        device = self.model.device
        own = [prompt.ids[prompt.prefix :] for prompt in prompts]
        lengths = torch.tensor([len(ids) for ids in own], device=device)
        ids = torch.tensor([token for row in own for token in row], device=device)
        row = torch.arange(len(own), device=device).repeat_interleave(lengths)
        ends = lengths.cumsum(0)
        offset = torch.arange(len(ids), device=device) - (ends - lengths)[row]
        longest = max(len(ids) for ids in own)
        placement = cache.place(row, offset, longest, longest)
        logits = self.model.decoder.extend(ids, [cache], [placement], wanted=ends - 1)
        cache.lengths += lengths
        cache.longest_row = longest
        return logits


def _batches(costs: Sequence[int], budget: int) -> Iterator[range]:
    """Runs of neighbours, longest first, whose padded cost fits the budget; at least one each."""
    start = 0
    while start < len(costs):
        count = max(1, budget // max(costs[start], 1))
        yield range(start, min(start + count, len(costs)))
        start += count
