"""A small server that speaks OpenAI's protocol and says what came over the wire."""

from __future__ import annotations

import base64
import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import soundfile


class Server(ThreadingHTTPServer):
    """Answers with a description of the conversation, or first with what `replies` holds."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.waits: list[float] = []  # seconds that the engine would have slept
        self.replies: list[tuple[int, dict[str, str], Any]] = []
        self.extra: dict[str, Any] = {}
        self.answered = threading.Event()
        self.busy_s = 0.0  # as one GPU: a request at a time, each for so long
        self.gpu = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        assert self.path == "/v1/models"
        self.reply({"data": [{"id": "af3"}, {"id": "af3-think"}]})

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        text = " ".join(heard(message) for message in body["messages"])
        if self.server.busy_s:
            with self.server.gpu:
                time.sleep(self.server.busy_s)
        if "sleep" in text:
            time.sleep(0.15)
        alone = "wait for others" in text and not self.server.answered.wait(5)
        if "forbidden" in text or alone:
            return self.reply({"error": {"message": "no such\n word", "code": 400}}, 400)
        choice = {"message": {"content": text}, "finish_reason": "stop", **self.server.extra}
        self.reply({"choices": [choice], "usage": {"completion_tokens": 7}})
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
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def heard(message: dict[str, Any]) -> str:
    """A message's role and parts, as `user[0.50s|Who speaks?]`."""
    parts = []
    for part in message["content"]:
        if part["type"] == "input_audio":
            wav = soundfile.info(io.BytesIO(decoded(part)))
            assert (wav.format, wav.subtype, wav.channels) == ("WAV", "PCM_16", 1)
            parts.append(f"{wav.frames / 16_000:.2f}s" if wav.samplerate == 16_000 else "?")
        else:
            parts.append(part["text"])
    return f"{message['role']}[{'|'.join(parts)}]"


def decoded(part: dict[str, Any]) -> bytes:
    assert part["input_audio"]["format"] == "wav"
    return base64.b64decode(part["input_audio"]["data"], validate=True)


@contextmanager
def chat_server() -> Iterator[Server]:
    """A running server on a free port."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
