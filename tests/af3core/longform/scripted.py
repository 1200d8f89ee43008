"""A language model that follows a script, and passages to ask it about."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from af3core.errors import ModelError
from af3core.longform.passages import Passage
from af3core.longform.word_forms import stems_of
from af3core.model.request import Answer, Request

Reply = str | ModelError


class Scripted:
    """Answers each prompt by a function; `prompts` holds what it was asked."""

    def __init__(self, reply: Callable[[str], Reply]) -> None:
        self.reply = reply
        self.prompts: list[str] = []

    def __call__(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        answers: list[Answer | ModelError] = []
        for request in requests:
            prompt = request.turns[0].text
            self.prompts.append(prompt)
            said = self.reply(prompt)
            answers.append(said if isinstance(said, ModelError) else Answer(said, 1, None, "stop"))
        return answers


def segment(number: int, said: str = "", heard: str = "", length_ms: int = 15_000) -> Passage:
    """The numbered segment of a recording whose segments are of one length."""
    start = number * length_ms
    return Passage(f"s{number}", start, start + length_ms, said, heard, length_ms)


def by_words(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit vectors that are near where words are shared: 4,096 hashed counts, no model."""
    vectors = np.zeros((len(texts), 4096), np.float32)
    for row, text in enumerate(texts):
        for word in stems_of(text):
            vectors[row, zlib.crc32(word.encode()) % 4096] += 1
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
