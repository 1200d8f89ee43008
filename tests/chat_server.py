"""A small server that speaks OpenAI's protocol, strictly, and says what came over the wire.

A body is held against the request types of the package `openai`; what they do not know is refused
with HTTP 400, as OpenAI's own servers do.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pydantic
import soundfile
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)

_STRICT = pydantic.ConfigDict(extra="forbid")
OWN_FIELDS = {
    "vllm": {"top_k", "repetition_penalty", "min_tokens"},
    "sglang": {"top_k", "repetition_penalty", "min_tokens"},
}
"""What servers of a kind take beside the protocol's fields."""


class _Whole(CompletionCreateParamsNonStreaming):
    __pydantic_config__ = _STRICT  # type: ignore[misc]


class _Streamed(CompletionCreateParamsStreaming):
    __pydantic_config__ = _STRICT  # type: ignore[misc]


_WHOLE, _STREAMED = pydantic.TypeAdapter(_Whole), pydantic.TypeAdapter(_Streamed)


class Server(ThreadingHTTPServer):
    """Answers with a description of the conversation, or first with what `replies` holds."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), Handler)
        self.endpoint = f"http://{host}:{self.server_address[1]}/v1"
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.waits: list[float] = []  # seconds that the engine would have slept
        self.replies: list[tuple[int, dict[str, str], Any]] = []
        self.extra: dict[str, Any] = {}
        self.kind = ""  # as which it lists its models: vllm, sglang, or none
        self.models: list[str] | None = ["af3", "af3-think"]  # listed; None: there is no list
        self.unlisted: set[str] = set()  # what it serves besides
        self.refused: set[str] = set()  # the protocol's fields that it does not take
        self.wrong = 0  # requests that were refused for a field
        self.usage: Callable[[dict[str, Any]], dict[str, int]] = lambda _: {"completion_tokens": 7}
        self.answered = threading.Event()
        self.busy_s = 0.0  # as one GPU: a request at a time, each for so long
        self.gpu = threading.Lock()
        self._answers_by_host: Counter[str] = Counter()
        self._most_answers = sys.maxsize
        self._turn = threading.Condition()

    @contextmanager
    def holding_after(self, count: int) -> Iterator[None]:
        """While the body runs, each host gets so many answers; its other requests wait."""
        self.allow(count)
        try:
            yield
        finally:
            self.allow(sys.maxsize)

    def allow(self, count: int) -> None:
        """Give each host so many answers from now on."""
        with self._turn:
            self._answers_by_host.clear()
            self._most_answers = count
            self._turn.notify_all()

    def wait_for_turn(self, host: str) -> None:
        """Return when one more request of the host may be answered."""
        with self._turn:
            self._turn.wait_for(lambda: self._answers_by_host[host] < self._most_answers)
            self._answers_by_host[host] += 1


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path == "/openapi.json":  # this server does not describe itself
            return self.send_error(404)
        if self.path == "/v1/models" and self.server.models is not None:
            listed = [{"id": name, "owned_by": self.server.kind} for name in self.server.models]
            return self.reply({"data": listed})
        return self.reply({"detail": "Not Found"}, 404)

    def read_body(self) -> dict[str, Any] | None:
        """The body of a request that is to be answered; one that is wrong is told so."""
        assert self.path == "/v1/chat/completions"
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {*(self.server.models or ()), *self.server.unlisted}
        if body["model"] not in known:
            words = f"The model `{body['model']}` does not exist"
            self.reply({"error": {"message": words, "code": "model_not_found"}}, 404)
            return None
        if wrong := wrong_field(body, self.server.kind, self.server.refused):
            self.server.wrong += 1
            error = {"message": f"Unrecognized request argument supplied: {wrong}", "param": None}
            self.reply({"error": {**error, "type": "invalid_request_error", "code": None}}, 400)
            return None
        self.server.bodies.append(body)
        return body

    def do_POST(self) -> None:
        body = self.read_body()
        if body is None:
            return None
        text = " ".join(heard(message) for message in body["messages"])
        self.server.wait_for_turn(self.client_address[0])
        if self.server.busy_s:
            with self.server.gpu:
                time.sleep(self.server.busy_s)
        if "sleep" in text:
            time.sleep(0.15)
        alone = "wait for others" in text and not self.server.answered.wait(5)
        if "forbidden" in text or alone:
            return self.reply({"error": {"message": "no such\n word", "code": 400}}, 400)
        choice = {"message": {"content": text}, "finish_reason": "stop", **self.server.extra}
        self.reply({"choices": [choice], "usage": self.server.usage(body)})
        return self.server.answered.set()

    def reply(self, document: Any, status: int = 200) -> None:
        headers: dict[str, str] = {}
        self.server.keys.append(self.headers["Authorization"])
        if self.server.replies:
            status, headers, document = self.server.replies.pop(0)
        data = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        with suppress(ConnectionError):  # who asked may have been killed
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def wrong_field(body: dict[str, Any], kind: str, refused: set[str]) -> str:
    """A field that a strict server of this kind does not take; none of a body that is right."""
    if found := sorted(refused & body.keys()):
        return found[0]
    own = OWN_FIELDS.get(kind, set())
    fields = {name: value for name, value in body.items() if name not in own}
    if kind == "sglang":
        if body.get("top_k") == 0:
            return "top_k"
        if "input_audio" in json.dumps(body["messages"]):
            return "input_audio"
        fields["messages"] = [_as_input_audio(message) for message in fields["messages"]]
    adapter = _STREAMED if body.get("stream") else _WHOLE
    try:
        _read_whole(adapter.validate_python(fields))
    except pydantic.ValidationError as error:
        return ".".join(str(part) for part in error.errors()[0]["loc"])
    return ""


def _as_input_audio(message: dict[str, Any]) -> dict[str, Any]:
    parts = []
    for part in message["content"]:
        if part["type"] == "audio_url":
            data = part["audio_url"]["url"].removeprefix("data:audio/wav;base64,")
            part = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
        parts.append(part)
    return {**message, "content": parts}


def _read_whole(found: Any) -> None:
    """What pydantic leaves to be checked when it is read."""
    if isinstance(found, dict):
        for value in found.values():
            _read_whole(value)
    elif not isinstance(found, str | bytes) and isinstance(found, Iterable):
        for value in found:
            _read_whole(value)


def heard(message: dict[str, Any]) -> str:
    """A message's role and parts, as `user[0.50s|Who speaks?]`."""
    if isinstance(message["content"], str):
        return f"{message['role']}[{message['content']}]"
    parts = []
    for part in _as_input_audio(message)["content"] if _has_url(message) else message["content"]:
        if part["type"] == "input_audio":
            wav = soundfile.info(io.BytesIO(decoded(part)))
            assert (wav.format, wav.subtype, wav.channels) == ("WAV", "PCM_16", 1)
            parts.append(f"{wav.frames / 16_000:.2f}s" if wav.samplerate == 16_000 else "?")
        else:
            parts.append(part["text"])
    return f"{message['role']}[{'|'.join(parts)}]"


def _has_url(message: dict[str, Any]) -> bool:
    return any(part["type"] == "audio_url" for part in message["content"])


def decoded(part: dict[str, Any]) -> bytes:
    assert part["input_audio"]["format"] == "wav"
    return base64.b64decode(part["input_audio"]["data"], validate=True)


@contextmanager
def chat_server(host: str = "127.0.0.1") -> Iterator[Server]:
    """A running server on a free port."""
    server = Server(host)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
