"""Runs batches on a CPU: encode, prefill, decode one token more. Knows tensors, no queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from af3core.model.network.af3_model import Af3Model
from af3core.model.network.kv_cache import KvCache
from af3core.model.prompt import Prompt
from af3core.model.request import Sound
from af3core.model.runtime.memory_budget import CPU_TOKENS_AT_ONCE
from af3core.model.runtime.sound_windows import batches, join_windows, window_batches, windows_of


class Runner:
    """The tensors' side of the engine: running batches by number, each with its KV cache.

    Args:
        model: with weights.
        tokens_at_once: of one call of encoder or prefill.
    """

    def __init__(self, model: Af3Model, tokens_at_once: int = CPU_TOKENS_AT_ONCE) -> None:
        self.model = model
        self._at_once = tokens_at_once
        self._caches: dict[int, KvCache] = {}

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
        return logits

    def step(self, ids: Sequence[Tensor]) -> list[Tensor]:
        """Put one token behind each row; logits of each batch, in the order of their start."""
        caches = list(self._caches.values())
        placements = [cache.place_next() for cache in caches]
        logits = self.model.decoder.extend(torch.cat(list(ids)), caches, placements)
        for cache in caches:
            cache.advance()
        return list(logits.split([cache.rows for cache in caches]))

    def keep(self, number: int, rows: list[int]) -> None:
        """Drop all other rows of a batch; the whole batch where none stays."""
        if rows:
            self._caches[number].keep(rows)
        else:
            del self._caches[number]

    def forget(self) -> None:
        """Drop all batches."""
        self._caches.clear()

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
        windows = windows_of(sounds, self.model.limit)
        embeddings: dict[int, Tensor] = {}
        dtype = self.model.decoder.embed.weight.dtype
        for chosen in window_batches(windows, self._at_once):
            batch = [windows[i] for i in chosen]
            mel = self.model.log_mel([window.samples for window in batch]).to(dtype)
            encoded = encode(mel, [w.frames for w in batch], [w.number for w in batch])
            embeddings.update(zip(chosen, encoded, strict=True))
        return join_windows(windows, embeddings, len(sounds))

    def _prefill(self, cache: KvCache, firsts: Sequence[Prompt], audio: dict[int, Tensor]) -> None:
        for batch in batches([first.prefix for first in firsts], self._at_once):
            rows = [self._prefix(firsts[i], audio) for i in batch]
            padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            for layer, (keys, values) in enumerate(self.model.decoder.prefill(padded)):
                length = keys.shape[2]
                clips = slice(batch.start, batch.stop)
                cache.prefix_keys[layer][clips, :, :length] = keys
                cache.prefix_values[layer][clips, :, :length] = values

    def _prefix(self, prompt: Prompt, audio: dict[int, Tensor]) -> Tensor:
        ids = torch.tensor(prompt.ids[: prompt.prefix], device=self.model.device)
        return self.model.prefix_embeddings(ids, [audio[id(sound)] for sound in prompt.sounds])

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
