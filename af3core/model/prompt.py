"""From a conversation to token ids: chat template, sounds in their places, the shared prefix."""

from __future__ import annotations

import functools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from af3core.errors import ModelError
from af3core.model.audio_limits import AF3_LIMIT, SAMPLE_RATE_HZ, AudioLimit, audio_tokens
from af3core.model.decoding_limits import check_decoding
from af3core.model.prompt_form import samples_in_authors_form, turn_in_authors_form
from af3core.model.request import Request, Sound, check_sound
from schemas.options.night import DEFAULT_PROMPT_FORM, PromptFormName

_MARKER = re.compile(r"<sound-(\d+)>")
SPECIAL = re.compile(r"<sound>|<\|[a-z_]+\|>")
_KEPT_TEXTS = 256
"""Conversations whose token ids are kept: a night asks the same few questions of each segment."""
AUDIO_TOKEN = "<sound>"  # noqa: S105 - no password


class InvalidPrompt(ModelError):
    """A conversation that cannot be put to the model."""

    permanent = True


class PromptTooLong(ModelError):
    """More tokens than the model's positions."""

    permanent = True


@dataclass(frozen=True)
class Prompt:
    """A conversation as the decoder reads it.

    Attributes:
        ids: token ids; audio tokens hold the placeholder's id.
        sounds: in order of their places, as often as they are named.
        prefix: how many of the ids come before the words that only this question has: all up to
            the last audio token, or the first one of a conversation without sounds.
    """

    ids: tuple[int, ...]
    sounds: tuple[Sound, ...]
    prefix: int

    @property
    def prefix_key(self) -> tuple[object, ...]:
        """Equal where two prompts share a prefix: same ids, same sound objects."""
        return (self.ids[: self.prefix], tuple(id(sound) for sound in self.sounds))


class PromptBuilder:
    """Builds prompts with a checkpoint's tokenizer and chat template.

    Args:
        processor: transformers' processor of the checkpoint.
        max_positions: of the decoder; prompt and answer must fit.
        limit: how much the model hears.
        form: how sounds and words are put to the model.
    """

    def __init__(
        self,
        processor: Any,
        max_positions: int,
        limit: AudioLimit,
        form: PromptFormName = DEFAULT_PROMPT_FORM,
    ) -> None:
        self._processor = processor
        self._form = form
        self._heard: WeakKeyDictionary[Sound, Sound] = WeakKeyDictionary()
        self._tokenizing = threading.Lock()
        self._ids_of = functools.lru_cache(_KEPT_TEXTS)(self._tokenize)
        self.limit = limit
        self._tokenizer: Callable[[str], Any] = processor.tokenizer
        self._audio_id: int = processor.audio_token_id
        # Music Flamingo and AF-Next put a sound between two tokens of their own
        self._before, self._after = (
            [getattr(processor, name)] if hasattr(processor, name) else []
            for name in ("audio_bos_token_id", "audio_eos_token_id")
        )
        self._max_positions = max_positions

    def build(self, request: Request) -> Prompt:
        """The prompt of a request.

        Raises:
            ModelError: a sound or a turn that the model cannot take, with its reason.
        """
        check_request(request, self.limit)
        numbers, texts = place_sounds(request)
        named = [request.sounds[number] for number in numbers]
        total = sum(len(sound.samples) for sound in named)
        if total > self.limit.max_samples:
            raise InvalidPrompt(
                f"{total / SAMPLE_RATE_HZ:.1f} s of audio in one conversation: the model takes at"
                f" most {self.limit}"
            )
        if self._form == "authors":
            named = [self._in_authors_form(sound) for sound in named]
            texts = [turn_in_authors_form(text) for text in texts]
        roles = (turn.role for turn in request.turns)
        ids, last_audio = self._expand_sounds(self._ids_of(*zip(roles, texts, strict=True)), named)
        if len(ids) + request.decoding.max_new_tokens > self._max_positions:
            raise PromptTooLong(
                f"{len(ids)} tokens and an answer of {request.decoding.max_new_tokens}: the model"
                f" has {self._max_positions} positions"
            )
        return Prompt(tuple(ids), tuple(named), last_audio or 1)

    def _tokenize(self, *turns: tuple[str, str]) -> tuple[int, ...]:
        """Token ids of turns, each a role and its text: a sound is its placeholder."""
        messages = [
            {"role": role, "content": [{"type": "text", "text": text}]} for role, text in turns
        ]
        with self._tokenizing:  # tokenizers lend themselves to one thread at a time
            text: str = self._processor.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
            return tuple(self._tokenizer(text).input_ids)

    def _in_authors_form(self, sound: Sound) -> Sound:
        """The sound as the authors' loader gives it; one object for one sound, which questions
        share.
        """
        heard = self._heard.get(sound)
        if heard is None:
            heard = self._heard.setdefault(sound, Sound(samples_in_authors_form(sound.samples)))
        return heard

    def _expand_sounds(self, ids: Sequence[int], named: list[Sound]) -> tuple[list[int], int]:
        """Ids with each placeholder repeated to its sound's tokens, and where the last one ends."""
        expanded: list[int] = []
        last_audio, sounds = 0, iter(named)
        for token in ids:
            if token != self._audio_id:
                expanded.append(token)
                continue
            tokens = [token] * audio_tokens(len(next(sounds).samples))
            expanded += [*self._before, *tokens, *self._after]
            last_audio = len(expanded)
        return expanded, last_audio


def check_request(request: Request, limit: AudioLimit = AF3_LIMIT) -> None:
    """Refuse what no engine can answer.

    Args:
        request: to be answered.
        limit: how much the model hears.

    Raises:
        ModelError: with the reason.
    """
    for sound in request.sounds:
        check_sound(sound, limit)
    if not request.turns or request.turns[-1].role != "user":
        raise InvalidPrompt("a conversation ends with a user's turn, to be answered")
    for turn in request.turns:
        special = SPECIAL.search(turn.text)
        if special:
            raise InvalidPrompt(f"the text holds the special token {special[0]}; leave it out")
    check_decoding(request.decoding)


def place_sounds(request: Request) -> tuple[list[int], list[str]]:
    """Which sounds stand in the prompt, in order, and the turns' texts with `<sound>` for each.

    A sound may be named more than once, and is then given more than once.

    Raises:
        InvalidPrompt: a marker without a sound, or a sound that no marker names.
    """
    numbers: list[int] = []

    def mark(match: re.Match[str]) -> str:
        number = int(match[1]) - 1
        if not 0 <= number < len(request.sounds):
            raise InvalidPrompt(f"{match[0]}: the request holds {len(request.sounds)} sounds")
        numbers.append(number)
        return AUDIO_TOKEN

    texts = [_MARKER.sub(mark, turn.text) for turn in request.turns]
    if not numbers:
        texts[0] = AUDIO_TOKEN * len(request.sounds) + texts[0]
        return list(range(len(request.sounds))), texts
    unnamed = set(range(len(request.sounds))) - set(numbers)
    if unnamed:
        raise InvalidPrompt(f"<sound-{min(unnamed) + 1}> is named in no turn")
    return numbers, texts
