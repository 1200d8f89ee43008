"""Questions over the archive page's WebSocket, as a page asks them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from websockets.sync.client import ClientConnection, connect

from af3core.errors import ModelError
from af3core.model.request import Answer, Request
from af3core.model.streaming.stream import Stream
from af3core.speech.voice_registry import open_voice
from beam_jobs.talk.answerer import Answerer
from tests.af3core.speech.talkers import nano
from tests.beam_jobs.browse.served import Site

LONG_QUESTION = "Please write down every word that is said in this recording."
"""Nano was not taught to hear questions; to this one it gives an answer of several pieces."""
REEL = "218d54029586124a44971d56"


@dataclass
class NotedEngine:
    """The engine, and what it was asked."""

    inner: Any
    asked: list[Request] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.inner.name)

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        answers: list[Answer | ModelError] = self.inner.answer(requests)
        return answers

    def stream(self, requests: Sequence[Request]) -> Stream:
        self.asked += requests
        stream: Stream = self.inner.stream(requests)
        return stream


def nano_with_espeak() -> Answerer:
    return Answerer("nano", NotedEngine(nano()), open_voice())


@contextmanager
def talking(site: Site, **options: Any) -> Iterator[ClientConnection]:
    """A socket that is opened as a page of the site opens it."""
    origin = f"http://{site.host}"
    address = f"ws://{site.host}/api/talk"
    with connect(address, origin=origin, max_queue=None, **options) as socket:  # type: ignore[arg-type]
        yield socket


def about(site: Site, recording: str, segment: int = 0) -> dict[str, Any]:
    """A segment of a recording, as the page names it."""
    page = site.json(f"/api/recording/{recording}")
    known, segment_row = page["recording"], page["segments"][segment]
    return {
        "corpus": known["corpus"],
        "date": known["date"],
        "recording_id": recording,
        "clip_id": segment_row["clip_id"],
        "start_ms": segment_row["start_ms"],
        "end_ms": segment_row["end_ms"],
    }


@dataclass
class Heard:
    """What came back, in order."""

    kinds: list[str] = field(default_factory=list)
    text: str = ""
    answer: str | None = None
    speech: list[npt.NDArray[np.int16]] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        return np.concatenate(self.speech) if self.speech else np.zeros(0, np.int16)


def heard(socket: ClientConnection) -> Heard:
    """All until the server closes."""
    found = Heard()
    for message in socket:
        if isinstance(message, bytes):
            found.kinds.append("speech")
            found.speech.append(np.frombuffer(message, "<i2"))
            continue
        told = json.loads(message)
        found.kinds.append(told["kind"])
        if told["kind"] == "text":
            found.text += told["text"]
        elif told["kind"] == "answer":
            found.answer = told["text"]
        elif told["kind"] == "error":
            found.error = told["error"]
        elif told["kind"] == "end":
            found.end = told
    return found


def answering() -> set[str]:
    """The threads that write and speak answers."""
    names = ("writing", "speaking", "streams")
    return {thread.name for thread in threading.enumerate() if thread.name in names}
