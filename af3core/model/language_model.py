"""Texts and JSON documents from an engine that is asked without sound."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jsonschema

from af3core.errors import ModelError
from af3core.model.request import Answer, Decoding, Request, Turn

TRIES = 3
"""A malformed document is asked for twice more."""

_AGAIN_TEMPERATURE = 0.7


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
    return ask([text_request(prompt, decoding) for prompt in prompts])


def write_documents(
    ask: Ask, prompts: Sequence[str], schema: dict[str, Any], max_new_tokens: int, seed: int = 0
) -> list[Document | ModelError]:
    """One JSON document of the schema, or one error, per prompt.

    The likeliest document first; where that is malformed, two more are drawn, each with a seed of
    its own. An engine that knows grammars is held to the schema; a server may ignore it.
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
        answers = ask([text_request(prompts[number], decoding) for number in waiting])
        for number, answer in zip(waiting, answers, strict=True):
            found[number] = _document(answer, schema, attempt + 1)
        waiting = [n for n in waiting if isinstance(found[n], MalformedAnswer)]
        if not waiting:
            break
    return [found[number] for number in range(len(prompts))]


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
