"""What a server says that is no answer: its words without our key, and the fields it refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import httpx

_LONGEST = 300  # of the server's words in a message
_PLACES = ("error", "message", "detail")


class ServerWords:
    """Reads a server's errors, in the shapes in which servers put them.

    Args:
        api_key: is shown nowhere, though some servers repeat the key that they do not know.
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def of_response(self, response: httpx.Response) -> str:
        """Status and message, on one line."""
        return f"HTTP {response.status_code}: {self.of(_document(response))}"

    def of(self, found: Any) -> str:
        """The message of a document, on one line."""
        for name in _PLACES:
            if isinstance(found, dict) and found.get(name):
                found = found[name]
        text = found if isinstance(found, str) else json.dumps(found)
        if self._api_key:
            text = text.replace(self._api_key, "[key]")
        return " ".join(text.split())[:_LONGEST]


def fields_named(response: httpx.Response, fields: Collection[str]) -> set[str]:
    """Those of a request's fields that a refusal speaks of.

    OpenAI names a field in `param`, FastAPI in `loc`, others in their words alone. There a name
    that is a plain word, such as `stop`, counts where it stands in quotes or behind a colon.
    """
    texts = [*_texts(_document(response))]
    named = set()
    for field in fields:
        plain = rf"['\"`:]\s*{field}\b" if "_" not in field else rf"\b{field}\b"
        if any(text == field or re.search(plain, text) for text in texts):
            named.add(field)
    return named


def speaks_of_model(response: httpx.Response, model: str) -> bool:
    """Whether a refusal says that the server does not know the model."""
    found = _document(response)
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    name = re.escape(model)
    said = re.compile(rf"[`'\"]{name}[`'\"]|\b{name} is not a valid model")
    return code == "model_not_found" or any(said.search(text) for text in _texts(found))


def _document(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


def _texts(found: Any) -> Iterator[str]:
    """All words of a document but what it repeats of the request."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        for each in found:
            yield from _texts(each)
    elif isinstance(found, dict):
        for name, value in found.items():
            if name not in ("input", "ctx"):
                yield from _texts(value)
