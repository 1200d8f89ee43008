"""A network between clients and a storage server that fails in the ways networks do.

It passes requests on, one connection each, and makes the faults that a test orders: an answer of
429 or 503 instead of the server's, a connection that ends in the middle of an upload, of an answer
or after the server has done the work, a slow answer, a byte changed on its way. It also refuses a
deletion whose generation is stale, which the server of the tests forgets.
"""

from __future__ import annotations

import http.client
import json
import re
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Fault = Literal[
    "429", "503", "cut upload", "lost answer", "cut answer", "slow", "changed byte", "refused"
]
SLOW_S = 1.5
_HEAD_BYTES = 1000
"""Holds the name of what is uploaded; the rest is data."""
_NAME = re.compile(rb'"name": *"([^"]*)"')


@dataclass(frozen=True)
class Request:
    """What a fault is decided by; `name` is the object's, as far as the request names one."""

    method: str
    path: str
    size: int
    name: str

    @property
    def is_upload(self) -> bool:
        return self.path.startswith(("/upload/", "/resumable/")) and self.method in ("POST", "PUT")

    @property
    def is_download(self) -> bool:
        return "alt=media" in self.path

    @property
    def is_renewal(self) -> bool:
        """A claim is written again by its holder: as often as there is time for it."""
        generation = parse_qs(urlsplit(self.path).query).get("ifGenerationMatch", ["0"])[0]
        return self.is_upload and "claims/" in self.name and generation != "0"


Faults = Callable[[Request], Fault | None]


def none(_request: Request) -> Fault | None:
    return None


@dataclass
class Network:
    """The way to a server; `faults` may be changed at any time, `is_up` cuts everything off."""

    server: tuple[str, int]
    faults: Faults = none
    is_up: bool = True
    made: Counter[str] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)
    address: str = ""

    @property
    def asked(self) -> list[Request]:
        """Requests so far but the renewals of claims: as many on a slow machine as on a quick one,
        where nothing looks at the time.
        """
        return [r for r in self.requests if not r.is_renewal]

    def uploads(self, prefix: str) -> int:
        """Uploads so far of objects below a prefix."""
        return sum(r.is_upload and r.name.startswith(prefix) for r in self.requests)

    def downloads(self, prefix: str) -> int:
        """Downloads so far of objects below a prefix."""
        return sum(r.is_download and r.name.startswith(prefix) for r in self.requests)


def every(periods: dict[Fault, int]) -> Faults:
    """Of the requests that a kind of fault fits, every so many-th has it."""
    seen: Counter[Fault] = Counter()
    lock = threading.Lock()

    def fault(request: Request) -> Fault | None:
        with lock:
            for kind, period in periods.items():
                fits = {
                    "cut upload": request.is_upload and request.size > 0,
                    "lost answer": request.is_upload,
                    "cut answer": request.is_download,
                    "changed byte": request.is_download,
                }.get(kind, True)
                seen[kind] += fits
                if fits and seen[kind] % period == 0:
                    return kind
        return None

    return fault


def first(count: int, kind: Fault, which: Callable[[Request], bool]) -> Faults:
    """The first requests that fit fail, the others go through."""
    left, lock = [count], threading.Lock()

    def fault(request: Request) -> Fault | None:
        with lock:
            if which(request) and left[0]:
                left[0] -= 1
                return kind
        return None

    return fault


@contextmanager
def between(server_address: str, host: str = "127.0.0.1") -> Iterator[Network]:
    """A network before a server; its `address` is what clients are to take."""
    parts = urlsplit(server_address)
    network = Network((str(parts.hostname), int(parts.port or 80)))
    handler = type("Handler", (_Handler,), {"network": network})
    with _Server((host, 0), handler) as listening:
        network.address = f"http://{host}:{listening.server_address[1]}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield network
        finally:
            listening.shutdown()
            thread.join()


def _object_name(path: str, head: bytes) -> str:
    parts = urlsplit(path)
    if "/o/" in parts.path:
        return unquote(parts.path.partition("/o/")[2])
    given = parse_qs(parts.query)
    found = _NAME.search(head)
    return given.get("name", given.get("prefix", [found[1].decode() if found else ""]))[0]


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what this network is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    network: Network
    deleting = threading.Lock()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._pass_on()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def _pass_on(self) -> None:
        network = self.network
        size = int(self.headers.get("Content-Length") or 0)
        head = self.rfile.read(min(size, _HEAD_BYTES))
        request = Request(self.command, self.path, size, _object_name(self.path, head))
        network.requests.append(request)
        if not network.is_up:
            self._cut()
            return
        fault = network.faults(request)
        if fault:
            network.made[fault] += 1
        if fault == "cut upload":
            half = size // 2
            rest = self.rfile.read(max(0, half - len(head)))
            self._ask((head + rest)[:half], whole=False)
            self._cut()
            return
        body = head + self.rfile.read(size - len(head))
        if fault in ("429", "503", "refused"):
            status = 403 if fault == "refused" else int(fault)
            self._answer(status, [("Content-Type", "text/plain")], b"of the network's making")
            return
        if fault == "slow":
            time.sleep(SLOW_S)
        status, headers, answer = self._asked(body)
        if fault == "lost answer":
            self._cut()
        elif fault == "cut answer":
            self._answer(status, headers, answer[: len(answer) // 2], len(answer))
            self._cut()
        elif fault == "changed byte" and answer:
            self._answer(status, headers, bytes([answer[0] ^ 1]) + answer[1:])
        else:
            self._answer(status, headers, answer)

    def _asked(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        expected = parse_qs(urlsplit(self.path).query).get("ifGenerationMatch")
        if self.command != "DELETE" or not expected:
            return self._ask(body)
        with self.deleting:
            found = self._ask(b"", method="GET")
            if found[0] == 200 and json.loads(found[2])["generation"] != expected[0]:
                return 412, [("Content-Type", "text/plain")], b"conditionNotMet"
            return self._ask(body)

    def _ask(
        self, body: bytes, whole: bool = True, method: str = ""
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(*self.network.server, timeout=120)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            if method == "GET":
                headers.pop("Content-Length", None)
            connection.putrequest(
                method or self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders(body or None)
            if not whole:
                return 0, [], b""
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, size: int | None = None
    ) -> None:
        self.send_response_only(status)
        server = "http://{}:{}".format(*self.network.server)
        for name, value in headers:
            value = value.replace(server, self.network.address)  # where an upload goes on
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _cut(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()
