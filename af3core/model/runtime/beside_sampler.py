"""Tokens of rows that take another than the likeliest: penalised, constrained, drawn; in one batch.

The rules and their order are those of `sampling.py`; here the rows of a step are computed together
on the device, beside the recorded step. A draw inverts the distribution at a number between 0 and 1
that the row's seed and the token's place decide, so that no company changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from af3core.model.request import Decoding
from af3core.model.runtime.json_constraint import JsonConstraint

_NEVER = float("-inf")
_WORD_BITS = 32

Upload = Callable[[np.ndarray], Tensor]


def needs_sampler(decoding: Decoding) -> bool:
    """Whether a step's own choice is not what the row takes."""
    return bool(decoding.temperature or decoding.repetition_penalty != 1.0 or decoding.json_schema)


@dataclass
class _Row:
    decoding: Decoding
    constraint: JsonConstraint | None
    draws: npt.NDArray[np.float32] = field(repr=False)


class BesideSampler:
    """The rows that need it, by slot.

    Args:
        slots: of the runner.
        vocabulary: width of the logits.
        upload: brings values to the device.
    """

    def __init__(self, slots: int, vocabulary: int, upload: Upload) -> None:
        self._slots = slots
        self._vocabulary = vocabulary
        self._upload = upload
        self._rows: dict[int, _Row] = {}
        self._seen: Tensor | None = None

    def begin(
        self,
        slot: int,
        decoding: Decoding,
        prompt_ids: npt.NDArray[np.int64],
        constraint: JsonConstraint | None,
    ) -> None:
        """A row whose tokens are chosen here from now on."""
        draws = np.zeros(0, np.float32)
        if decoding.temperature:
            generator = np.random.default_rng(decoding.seed % 2**64)
            draws = generator.random(decoding.max_new_tokens, np.float32)
        self._rows[slot] = _Row(decoding, constraint, draws)
        if decoding.repetition_penalty != 1.0:
            ids = self._upload(prompt_ids)
            if self._seen is None:
                self._seen = torch.zeros(
                    self._slots, self._vocabulary, dtype=torch.bool, device=ids.device
                )
            self._seen[slot] = False
            self._seen[slot].index_fill_(0, ids, True)

    def end(self, slot: int) -> None:
        """Forget a row."""
        self._rows.pop(slot, None)

    def choose(
        self,
        logits: Tensor,
        slots: npt.NDArray[np.int64],
        places: npt.NDArray[np.int64],
    ) -> tuple[Tensor, Tensor]:
        """Token ids `[rows]` int64 and log-probabilities from `logits [rows, vocabulary]`.

        Args:
            logits: in which ends are forbidden already where an answer must go on.
            slots: of the rows.
            places: of the tokens in their answers, from 0.
        """
        rows = [self._rows[slot] for slot in slots.tolist()]
        on_device = self._upload(slots)
        logits = self._penalise(logits, rows, on_device)
        logits = self._constrain(logits, rows)
        chosen = logits.argmax(dim=-1)
        drawn = np.array([i for i, row in enumerate(rows) if row.decoding.temperature], np.int64)
        if len(drawn):
            index = self._upload(drawn)
            tokens = self._draw(
                logits.index_select(0, index), [rows[i] for i in drawn], places[drawn]
            )
            chosen = chosen.index_copy(0, index, tokens)
        picked = logits.gather(-1, chosen[:, None])[:, 0]
        if self._seen is not None:
            self._seen[on_device, chosen] = True
        return chosen, picked - logits.logsumexp(dim=-1)

    def _penalise(self, logits: Tensor, rows: list[_Row], slots: Tensor) -> Tensor:
        penalties = np.array([row.decoding.repetition_penalty for row in rows], np.float32)
        if self._seen is None or (penalties == 1.0).all():
            return logits
        by = self._upload(penalties)[:, None]
        penalised = torch.where(logits < 0, logits * by, logits / by)
        return torch.where(self._seen.index_select(0, slots) & (by != 1.0), penalised, logits)

    def _constrain(self, logits: Tensor, rows: list[_Row]) -> Tensor:
        masks = {i: row.constraint.allowed_bits() for i, row in enumerate(rows) if row.constraint}
        if not masks:
            return logits
        words = -(-self._vocabulary // _WORD_BITS)
        bits = np.full((len(rows), words), -1, np.int32)
        for row, mask in masks.items():
            bits[row] = 0
            bits[row, : len(mask)] = mask[:words]
        on_device = self._upload(bits)
        shifts = torch.arange(_WORD_BITS, dtype=torch.int32, device=logits.device)
        allowed = ((on_device[:, :, None] >> shifts) & 1).flatten(1)[:, : self._vocabulary]
        return logits.masked_fill(allowed == 0, _NEVER)

    def _draw(self, logits: Tensor, rows: list[_Row], places: npt.NDArray[np.int64]) -> Tensor:
        """One token id of each row by temperature, top-k and top-p (nucleus)."""
        decodings = [row.decoding for row in rows]
        heat, nucleus, draws = (
            self._upload(np.array(values, np.float32))[:, None]
            for values in (
                [d.temperature for d in decodings],
                [d.top_p for d in decodings],
                [r.draws[min(p, len(r.draws) - 1)] for r, p in zip(rows, places, strict=True)],
            )
        )
        tops = [min(d.top_k, self._vocabulary) or self._vocabulary for d in decodings]
        last = self._upload(np.array(tops, np.int64) - 1)[:, None]
        ordered, order = (logits / heat).sort(dim=-1, descending=True, stable=True)
        ordered = ordered.masked_fill(ordered < ordered.gather(1, last), _NEVER)
        probabilities = ordered.softmax(dim=-1)
        before = probabilities.cumsum(dim=-1) - probabilities
        kept = probabilities.masked_fill((before >= nucleus) & (nucleus < 1.0), 0.0)
        reached = kept.cumsum(dim=-1)
        place = torch.searchsorted(reached, draws * reached[:, -1:], right=True)
        most = (kept > 0).sum(dim=-1, keepdim=True) - 1
        return order.gather(1, torch.minimum(place, most))[:, 0]
