"""Runs answers on a GPU: recorded calls over fixed tensors, keys and values in pages.

Everything is queued and nothing is waited for; only `Launched.results` waits, for one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from af3core.model.network.kv_pool import KvPool, pages_for
from af3core.model.prompt import Prompt
from af3core.model.request import Decoding, Sound
from af3core.model.runtime.accelerator import Accelerator, Mark, Recorded
from af3core.model.runtime.beside_sampler import BesideSampler, needs_sampler
from af3core.model.runtime.buckets import StepBucket, step_buckets
from af3core.model.runtime.device_rows import RESULTS, DeviceRows
from af3core.model.runtime.free_pages import FreePages
from af3core.model.runtime.host_rows import HostRows, NewRow, Step
from af3core.model.runtime.json_constraint import JsonConstraint
from af3core.model.runtime.memory_budget import PoolSizes
from af3core.model.runtime.paged_network import PagedNetwork
from af3core.model.runtime.recorded_batches import EncoderCalls, PrefillCalls
from af3core.model.runtime.sound_windows import batches, join_windows, window_batches, windows_of
from af3core.model.runtime.step_layout import host_views, layout_size

_STEPS_AHEAD = 2
"""A step is launched while the one before runs; tables of the one before that are free."""


@dataclass(frozen=True)
class NewQuestion:
    """A request that starts: its number, prompt and decoding."""

    number: int
    prompt: Prompt
    decoding: Decoding
    constraint: JsonConstraint | None


@dataclass(frozen=True)
class Launched:
    """A step that is queued.

    Attributes:
        step: what it was launched with.
        results: int32 of the host, once the device is past the mark.
        mark: behind the copy of the results.
    """

    step: Step
    results: npt.NDArray[np.int32]
    mark: Mark

    def wait(self) -> npt.NDArray[np.int32]:
        """The results of the step's chosen tokens `[len(RESULTS), tokens]`, until the step after
        the next is launched.
        """
        self.mark.synchronize()
        rows = self.step.rows
        shaped = self.results[: len(RESULTS) * self.step.bucket.rows].reshape(len(RESULTS), -1)
        are_first = len(rows) and rows[-1] == len(rows) - 1
        return shaped[:, : len(rows)] if are_first else shaped[:, rows]


class PagedRunner:
    """A model with its pool, rows and recorded calls. All calls are recorded here, none later.

    Args:
        network: with weights.
        sizes: of the pool and of steps.
        end_ids: tokens that end an answer.
        accelerator: the device.
        pool: keys and values, where another runner's are used in turns.
    """

    @torch.inference_mode()
    def __init__(
        self,
        network: PagedNetwork,
        sizes: PoolSizes,
        end_ids: Sequence[int],
        accelerator: Accelerator,
        pool: KvPool | None = None,
    ) -> None:
        self.network = network
        self.sizes = sizes
        self.pool = pool or KvPool(network.config, sizes.pages, network.like)
        self._accelerator = accelerator
        self._buckets = step_buckets(sizes.step_rows, sizes.prefix_tokens, sizes.own_tokens)
        ends = accelerator.upload(np.array(sorted(end_ids), np.int64))
        self._device_rows = DeviceRows(sizes.slots, self._buckets, ends, self.pool, network)
        room = len(self._device_rows.tables)
        self._staged = [accelerator.host_buffer(room) for _ in range(_STEPS_AHEAD)]
        rows = self._device_rows
        tables = {b: rows.tables[: layout_size(b)] for b in self._buckets}
        told = {b: rows.results_of(b).flatten() for b in self._buckets}
        self._send = {b: [s.sender(tables[b]) for s in self._staged] for b in self._buckets}
        self._staged_views = {
            bucket: [host_views(staged.values, bucket) for staged in self._staged]
            for bucket in self._buckets
        }
        results = len(self._device_rows.results)
        self._told = [accelerator.host_buffer(results) for _ in range(_STEPS_AHEAD)]
        self._receive = {b: [t.receiver(told[b]) for t in self._told] for b in self._buckets}
        self._vocabulary = len(network.like)
        self._has_queued = False
        self.forget()
        self._encoder = EncoderCalls(network, accelerator, sizes.tokens_at_once)
        self._prefill = PrefillCalls(network, self.pool, accelerator, sizes.tokens_at_once)
        self._steps = {bucket: self._record(bucket) for bucket in reversed(self._buckets)}

    def _record(self, bucket: StepBucket) -> Recorded:
        """With tables in which no row is used."""
        nothing = np.zeros(0, np.int64)
        self._put_tables(Step(bucket, *[nothing] * 6))
        return self._accelerator.record(self._device_rows.step_function(bucket))

    def forget(self) -> None:
        """Drop all rows; pages and recorded calls stay.

        A step that is queued is waited for: it reads its tables where the next one's are written.
        """
        if self._has_queued:
            self._accelerator.mark().synchronize()
        self._has_queued = False
        self.pages = FreePages(self.sizes.pages)
        self.rows = HostRows(self.sizes.slots, self._buckets)
        self._sampler = BesideSampler(self.sizes.slots, self._vocabulary, self._accelerator.upload)
        self._launches = 0

    @property
    def kv_bytes(self) -> int:
        """Bytes of keys and values in pages that are taken."""
        return (self.pages.total - len(self.pages)) * self.pool.page_bytes

    def encode(self, sounds: Sequence[Sound]) -> list[Tensor]:
        """Embeddings `[tokens, hidden]` of each sound; windows of all sounds run together."""
        windows = windows_of(sounds, self.network.limit)
        embeddings: dict[int, Tensor] = {}
        for chosen in window_batches(windows, self.sizes.tokens_at_once):
            encoded = self._encoder.encode([windows[i] for i in chosen])
            embeddings.update(zip(chosen, encoded, strict=True))
        return join_windows(windows, embeddings, len(sounds))

    def encoder_states(self, sounds: Sequence[Sound]) -> list[Tensor]:
        """The encoder's own states, `[tokens, width]` of each sound."""
        windows = windows_of(sounds, self.network.limit)
        states: dict[int, Tensor] = {}
        for chosen in window_batches(windows, self.sizes.tokens_at_once):
            batch = [windows[i] for i in chosen]
            mel = self.network.log_mel([window.samples for window in batch])
            found = self.network.states(mel, [window.frames for window in batch])
            states.update(zip(chosen, found, strict=True))
        return join_windows(windows, states, len(sounds))

    def start(self, clips: Sequence[Sequence[NewQuestion]]) -> dict[int, int]:
        """Start questions by the prefix that they share, the longest first; gives each one's slot
        by its number. There must be slots and pages for all.

        Sounds are encoded for one call of the prefill at a time: embeddings of all that starts
        would take an eighth of the pool's memory, beside it. One that several calls hear is kept.
        """
        firsts = [questions[0].prompt for questions in clips]
        calls = list(batches([first.prefix for first in firsts], self.sizes.tokens_at_once))
        heard = [{id(s): s for i in batch for s in firsts[i].sounds} for batch in calls]
        slots: dict[int, int] = {}
        audio: dict[int, Tensor] = {}
        for number, batch in enumerate(calls):
            new = {key: sound for key, sound in heard[number].items() if key not in audio}
            later = {key for sounds in heard[number:] for key in sounds}
            audio = {key: embedded for key, embedded in audio.items() if key in later}
            audio |= zip(new, self.encode(list(new.values())), strict=True)
            pages = [self.pages.take(pages_for(firsts[i].prefix)) for i in batch]
            self._prefill.prefill([self._prefix(firsts[i], audio) for i in batch], pages)
            for clip, of_clip in zip(batch, pages, strict=True):
                slots |= self._begin(clips[clip], of_clip)
        return slots

    def _prefix(self, prompt: Prompt, audio: dict[int, Tensor]) -> Tensor:
        ids = self._accelerator.upload(np.array(prompt.ids[: prompt.prefix], np.int64))
        return self.network.prefix_embeddings(ids, [audio[id(sound)] for sound in prompt.sounds])

    def _begin(self, questions: Sequence[NewQuestion], pages: Sequence[int]) -> dict[int, int]:
        prefix = questions[0].prompt.prefix
        rows = [self._new_row(question) for question in questions]
        slots = self.rows.begin(prefix, pages, rows)
        for slot, question in zip(slots, questions, strict=True):
            if needs_sampler(question.decoding):
                ids = np.array(question.prompt.ids, np.int64)
                self._sampler.begin(slot, question.decoding, ids, question.constraint)
        return {q.number: slot for q, slot in zip(questions, slots, strict=True)}

    def _new_row(self, question: NewQuestion) -> NewRow:
        own = question.prompt.ids[question.prompt.prefix :]
        tokens = len(own) + question.decoding.max_new_tokens
        return NewRow(
            number=question.number,
            ids=own,
            max_new_tokens=question.decoding.max_new_tokens,
            min_new_tokens=question.decoding.min_new_tokens,
            pages=self.pages.take(pages_for(tokens)),
            beside=needs_sampler(question.decoding),
            lags=question.constraint is not None,
        )

    def end(self, slot: int) -> None:
        """A row's answer is written, or not wanted: its place is another's."""
        self.pages.give_back(self.rows.end(slot))
        self._sampler.end(slot)

    def launch(self) -> Launched | None:
        """Queue the next step; None where no row can go on before the host has seen tokens."""
        step, is_new = self.rows.next_step()
        if step is None:
            return None
        self._has_queued = True
        if is_new:
            self._put_tables(step)
        logits = self._steps[step.bucket].replay()
        if len(step.beside):
            self._choose_beside(step, logits)
        turn = self._launches % _STEPS_AHEAD
        self._receive[step.bucket][turn]()
        self._launches += 1
        self.rows.launched(step)
        return Launched(step, self._told[turn].values, self._accelerator.mark())

    def _put_tables(self, step: Step) -> None:
        turn = self._launches % _STEPS_AHEAD
        self.rows.fill_tables(step, self._staged_views[step.bucket][turn])
        self._send[step.bucket][turn]()

    def _choose_beside(self, step: Step, logits: Tensor) -> None:
        rows = self._accelerator.upload(step.rows[step.beside])
        slots = step.slots[step.beside]
        places = self.rows.counts_of(slots)
        chosen, logprobs = self._sampler.choose(logits.index_select(0, rows).float(), slots, places)
        self._device_rows.choose_beside(step.bucket, rows, chosen, logprobs)
