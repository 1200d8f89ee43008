"""A step's batch of conversations: those about one sound share its encoding and its prefix."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from af3core.nano.batches import IGNORED, LETTER_WEIGHT, mask_spectrogram, right_options
from af3core.nano.export_data import Conversation, Exchange, Part, SoundFile
from af3core.nano.questions import Question
from af3core.nano.tokenizer import IM_END, IM_START, PROMPT_HEAD, PROMPT_TAIL
from af3core.nano.training_data import MEL_BINS

LONGEST_TOKENS = 4096
"""Of a conversation with its sounds: some 150 s of audio; longer ones are skipped."""

_CONVERSATIONS = 8
"""Behind one sound, in one step."""
_TOKENS_PER_STEP = 8192
_FRAMES_PER_STEP = 4_000
"""40 s of audio: an export is small, and many small steps teach more than a few large ones."""
_NEXT_TURN = f"\n{IM_START}user\n"
_CHOICE = re.compile(r"\([A-Z]\) ")
_OPTION = re.compile(r"^\(([A-Z])\) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class TalkBatch:
    """A step's tensors.

    Attributes:
        mel, frames: of the windows of all sounds, `[windows, mel, frames]`; none where all is text.
        heard: windows in the order in which their tokens stand in the rows.
        input_ids, audio, position_ids, mask, labels, weights: of the rows; `audio` is true where
            a window's tokens stand. `mask [batch, 1, length, length]` lets a conversation see its
            sounds and itself alone.
        right_options: 1 or 0 at the last token of an option that is right or wrong.
    """

    mel: Tensor
    frames: Tensor
    heard: tuple[int, ...]
    input_ids: Tensor
    audio: Tensor
    position_ids: Tensor
    mask: Tensor
    labels: Tensor
    weights: Tensor
    right_options: Tensor


@dataclass(frozen=True)
class _Talk:
    """A conversation with the count of its tokens after its leading sounds."""

    conversation: Conversation
    tokens: int


@dataclass
class _Row:
    """Tokens of one row. `None` as an id stands for a token of sound; owner 0 is the prefix."""

    ids: list[int | None] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    right_options: list[int] = field(default_factory=list)
    sounds: list[SoundFile] = field(default_factory=list)
    place: int = 0

    def add(self, ids: Sequence[int | None], owner: int) -> None:
        count = len(ids)
        self.ids += ids
        self.positions += range(self.place, self.place + count)
        self.owners += [owner] * count
        self.labels += [IGNORED] * count
        self.weights += [0.0] * count
        self.right_options += [IGNORED] * count
        self.place += count

    def add_sound(self, sound: SoundFile, owner: int) -> None:
        self.sounds.append(sound)
        self.add([None] * sound.token_count, owner)

    def teach(self, answer: list[int], owner: int, first_weight: float) -> None:
        """Add an answer; each of its tokens is what the token before it should foresee."""
        self.labels[-1] = answer[0]
        self.weights[-1] = first_weight
        self.add(answer, owner)
        rest = slice(-len(answer), -1)
        self.labels[rest] = answer[1:]
        self.weights[rest] = [len(answer) ** -0.5] * (len(answer) - 1)


class TalkBatches:
    """Batches of an export's conversations, in random order and drawn anew each time.

    Args:
        conversations: of the export.
        tokenizer: of the checkpoint.
        random: draws.
    """

    def __init__(
        self,
        conversations: Sequence[Conversation],
        tokenizer: PreTrainedTokenizerFast,
        random: Random,
    ) -> None:
        self._tokenizer = tokenizer
        self._random = random
        self._groups: dict[tuple[SoundFile, ...], list[_Talk]] = {}
        self.too_long = 0
        for conversation in conversations:
            talk = _Talk(conversation, self._length(conversation))
            if _lead_tokens(conversation.lead) + talk.tokens > LONGEST_TOKENS:
                self.too_long += 1
            else:
                self._groups.setdefault(conversation.lead, []).append(talk)

    def __len__(self) -> int:
        return sum(len(group) for group in self._groups.values())

    def epoch(self) -> list[list[list[Conversation]]]:
        """Rows of steps: every conversation once, those about one sound in one row or a few."""
        rows: list[tuple[float, int, list[Conversation]]] = []
        for lead, group in self._groups.items():
            drawn = self._random.sample(group, len(group))
            size = _CONVERSATIONS if lead else 1
            for talks in (drawn[first : first + size] for first in range(0, len(drawn), size)):
                row = [talk.conversation for talk in talks]
                tokens = _lead_tokens(lead) + sum(talk.tokens for talk in talks)
                rows.append((_frames(row) + self._random.uniform(0, 60), tokens, row))
        steps: list[list[list[Conversation]]] = []
        longest_row = 0
        for frames, tokens, row in sorted(rows, key=lambda row: row[0]):
            longest_row = max(longest_row, tokens)
            count = len(steps[-1]) + 1 if steps else 1
            full = frames * count > _FRAMES_PER_STEP or longest_row * count > _TOKENS_PER_STEP
            if full or not steps:
                steps.append([])
                longest_row = tokens
            steps[-1].append(row)
        self._random.shuffle(steps)
        return steps

    def tensors(self, step: Sequence[Sequence[Conversation]]) -> TalkBatch:
        """The tensors of one step."""
        rows = [self._row(conversations) for conversations in step]
        length = max(len(row.ids) for row in rows)
        shape = (len(rows), length)
        input_ids = torch.zeros(shape, dtype=torch.long)
        position_ids, labels = torch.zeros_like(input_ids), torch.full_like(input_ids, IGNORED)
        audio, owners = torch.zeros(shape, dtype=torch.bool), torch.full(shape, -1)
        weights, right = torch.zeros(shape), torch.full_like(labels, IGNORED)
        for i, row in enumerate(rows):
            count = len(row.ids)
            input_ids[i, :count] = torch.tensor([token or 0 for token in row.ids])
            audio[i, :count] = torch.tensor([token is None for token in row.ids])
            position_ids[i, :count] = torch.tensor(row.positions)
            labels[i, :count] = torch.tensor(row.labels)
            weights[i, :count] = torch.tensor(row.weights)
            owners[i, :count] = torch.tensor(row.owners)
            right[i, :count] = torch.tensor(row.right_options)
        causal = torch.ones(length, length, dtype=torch.bool).tril()
        same = (owners[:, :, None] == owners[:, None, :]) | (owners[:, None, :] == 0)
        mel, frames, heard = self._windows([sound for row in rows for sound in row.sounds])
        return TalkBatch(
            mel, frames, heard, input_ids, audio, position_ids, (same & causal)[:, None], labels,
            weights, right,
        )  # fmt: skip

    def _windows(self, sounds: Sequence[SoundFile]) -> tuple[Tensor, Tensor, tuple[int, ...]]:
        """Each sound is heard once, however often it stands in the rows."""
        first: dict[SoundFile, range] = {}
        mels: list[np.ndarray] = []
        for sound in dict.fromkeys(sounds):
            windows = [mask_spectrogram(mel, self._random) for mel in sound.windows()]
            first[sound] = range(len(mels), len(mels) + len(windows))
            mels += windows
        longest = max((mel.shape[1] for mel in mels), default=0)
        padded = np.zeros((len(mels), MEL_BINS, longest), np.float32)
        for row, mel in zip(padded, mels, strict=True):
            row[:] = mel.min()
            row[:, : mel.shape[1]] = mel
        frames = torch.tensor([mel.shape[1] for mel in mels], dtype=torch.long)
        heard = tuple(window for sound in sounds for window in first[sound])
        return torch.from_numpy(padded), frames, heard

    def _row(self, conversations: Sequence[Conversation]) -> _Row:
        row = _Row()
        row.add(self._ids(PROMPT_HEAD), 0)
        for sound in conversations[0].lead:
            row.add_sound(sound, 0)
        prefix = row.place
        for owner, conversation in enumerate(conversations, start=1):
            row.place = prefix
            for number, exchange in enumerate(conversation.exchanges):
                self._add_exchange(row, exchange, owner, first=number == 0)
        return row

    def _add_exchange(self, row: _Row, exchange: Exchange, owner: int, first: bool) -> None:
        if not first:
            row.add(self._ids(_NEXT_TURN), owner)
        for part in exchange.asked:
            if isinstance(part, SoundFile):
                row.add_sound(part, owner)
            else:
                row.add(self._ids(part), owner)
        row.add(self._ids(PROMPT_TAIL), owner)
        marks = self._marks(exchange)
        row.right_options[len(row.ids) - len(marks) :] = marks
        answer = self._ids(exchange.answer + IM_END)
        is_choice = _CHOICE.match(exchange.answer) is not None
        row.teach(answer, owner, LETTER_WEIGHT if is_choice else len(answer) ** -0.5)

    def _marks(self, exchange: Exchange) -> list[int]:
        """Which options of a choice are right, at the tokens of its last words and of the tail."""
        words = exchange.asked[-1] if exchange.asked else ""
        if isinstance(words, SoundFile) or not _CHOICE.match(exchange.answer):
            return []
        found = _OPTION.findall(words)
        letters = "".join(letter for letter, _ in found)
        if not string.ascii_uppercase.startswith(letters):
            return []
        options = tuple(option for _, option in found)
        return right_options(Question("", words, exchange.answer, options), self._tokenizer)

    def _length(self, conversation: Conversation) -> int:
        asked = [part for exchange in conversation.exchanges for part in exchange.asked]
        tokens = sum(map(self._part_length, asked))
        return tokens + sum(self._part_length(e.answer) + 8 for e in conversation.exchanges)

    def _part_length(self, part: Part) -> int:
        return part.token_count if isinstance(part, SoundFile) else len(self._ids(part))

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text).input_ids
        return ids


def _lead_tokens(lead: Sequence[SoundFile]) -> int:
    return sum(sound.token_count for sound in lead)


def _frames(row: Sequence[Conversation]) -> int:
    """Of all that a row hears."""
    asked = (part for c in row for exchange in c.exchanges for part in exchange.asked)
    sounds = [*row[0].lead, *(part for part in asked if isinstance(part, SoundFile))]
    return sum(sound.frame_count for sound in sounds)
