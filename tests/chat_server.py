"""A small server that speaks OpenAI's protocol and says what came over the wire."""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import soundfile


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
        assert self.path == "/v1/models"
        self.reply({"data": [{"id": "af3"}, {"id": "af3-think"}]})

    def do_POST(self) -> None:
        assert self.path == "/v1/chat/completions"
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
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
        with suppress(ConnectionError):  # who asked may have been killed
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
