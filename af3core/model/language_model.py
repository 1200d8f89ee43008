"""Texts and JSON documents from an engine that is asked without sound."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jsonschema

from af3core.errors import ModelError, SettingUnsupported
from af3core.messages import tell
from af3core.model.request import Answer, Decoding, Request, Turn

TRIES = 3
"""A malformed document is asked for twice more."""

_AGAIN_TEMPERATURE = 0.7

_WISHES: dict[str, Any] = {
    "repetition_penalty": 1.0,
    "json_schema": None,
    "temperature": 1.0,
    "top_p": 1.0,
}
"""What a writer goes without, and what stands for it then. A model that takes no temperature draws
at 1.0."""
_MOST_WISHES = 3
"""A server refuses one of them at a time."""


class MalformedAnswer(ModelError):
    """The language model wrote no JSON document of the schema, however often it was asked."""


class Ask(Protocol):
    """Answers requests in their order; an engine's `answer`, taken in turns."""

    def __call__(self, requests: Sequence[Request]) -> list[Answer | ModelError]: ...


@dataclass(frozen=True)
class Document:
    """A JSON document of the schema that was asked for, and how often it was asked."""

    value: dict[str, Any]
    tries: int


def text_request(prompt: str, decoding: Decoding) -> Request:
    """A question without a sound."""
    return Request((), (Turn("user", prompt),), decoding)


def write_texts(ask: Ask, prompts: Sequence[str], max_new_tokens: int) -> list[Answer | ModelError]:
    """One text or one error per prompt."""
    decoding = Decoding(max_new_tokens, repetition_penalty=1.05)
    return _ask_as_can_be(ask, [text_request(prompt, decoding) for prompt in prompts])


def write_documents(
    ask: Ask, prompts: Sequence[str], schema: dict[str, Any], max_new_tokens: int, seed: int = 0
) -> list[Document | ModelError]:
    """One JSON document of the schema, or one error, per prompt.

    The likeliest document first; where that is malformed, two more are drawn, each with a seed of
    its own. An engine that knows grammars is held to the schema; a server may not be able to.
    """
    found: dict[int, Document | ModelError] = {}
    waiting = list(range(len(prompts)))
    for attempt in range(TRIES):
        decoding = Decoding(
            max_new_tokens,
            temperature=_AGAIN_TEMPERATURE if attempt else 0.0,
            top_p=0.9 if attempt else 1.0,
            seed=seed + attempt,
            json_schema=json.dumps(schema),
        )
        requests = [text_request(prompts[number], decoding) for number in waiting]
        answers = _ask_as_can_be(ask, requests)
        for number, answer in zip(waiting, answers, strict=True):
            found[number] = _document(answer, schema, attempt + 1)
        waiting = [n for n in waiting if isinstance(found[n], MalformedAnswer)]
        if not waiting:
            break
    return [found[number] for number in range(len(prompts))]


def _ask_as_can_be(ask: Ask, requests: Sequence[Request]) -> list[Answer | ModelError]:
    """Answers, asked for again without those settings that a server does not take. Here they are
    wishes: a text is read by people, and a document is held against its schema.
    """
    answers = ask(requests)
    for _ in range(_MOST_WISHES):
        refused = {
            number: answer
            for number, answer in enumerate(answers)
            if isinstance(answer, SettingUnsupported) and answer.settings & _WISHES.keys()
        }
        if not refused:
            break
        for error in {str(answer): answer for answer in refused.values()}.values():
            _say_once(f"texts are written without {_named(error.settings)}: {error}")
        again = [_without(requests[number], error.settings) for number, error in refused.items()]
        requests = [*requests]
        for number, request in zip(refused, again, strict=True):
            requests[number] = request
        for number, answer in zip(refused, ask(again), strict=True):
            answers[number] = answer
    return answers


def _without(request: Request, settings: frozenset[str]) -> Request:
    wishes = {name: value for name, value in _WISHES.items() if name in settings}
    return replace(request, decoding=replace(request.decoding, **wishes))


def _named(settings: frozenset[str]) -> str:
    return " and ".join(sorted(settings))


@functools.lru_cache(maxsize=64)
def _say_once(text: str) -> None:
    tell(text)


def _document(
    answer: Answer | ModelError, schema: dict[str, Any], tries: int
) -> Document | ModelError:
    if isinstance(answer, ModelError):
        return answer
    try:
        value = json.loads(_unfenced(answer.text))
        jsonschema.validate(value, schema)
    except (ValueError, jsonschema.ValidationError) as error:
        said = " ".join(answer.text.split())[:120]
        reason = getattr(error, "message", str(error))
        return MalformedAnswer(f"no document of the schema after {tries} tries ({reason}): {said}")
    return Document(value, tries)


def _unfenced(text: str) -> str:
    """Without the code fence that chat models like to put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        return text.strip("`").removeprefix("json").strip()
    return text
