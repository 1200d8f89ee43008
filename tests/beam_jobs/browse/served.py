"""The archive page's server in a thread, and what asks it as it stands: no path is tidied up."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from af3core.embedding.text import EMBEDDED_TEXT_MODEL
from beam_jobs.browse.app import create_app
from beam_jobs.browse.browsed_archive import Archive
from beam_jobs.browse.http.admission import Access, ProxyHeader
from beam_jobs.browse.http.server import server_of
from beam_jobs.browse.sql.sql_pool import SqlPool
from beam_jobs.browse.talk.answer_socket import PageTimeouts, TalkSocket
from beam_jobs.people.watched_people import WatchedPeople
from beam_jobs.talk.answerer import Answerer

_ANSWER_WITHIN_S = 60
_TRUE_WITHIN_S = 30


@dataclass(frozen=True)
class Reply:
    """What came back; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        assert self.headers["content-type"] == "application/json"
        [(name, line)] = self.json.items()
        assert name == "error"
        assert "\n" not in line
        return str(line)


@dataclass(frozen=True)
class Site:
    """A server that runs."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER_WITHIN_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            sent = {"Host": self.host, **(headers or {})}
            if body is not None:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            held = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, held, answer.read())
        finally:
            connection.close()

    def json(self, path: str) -> Any:
        """The answer of the interface."""
        reply = self.ask(path)
        assert reply.status == 200, reply.body
        return reply.json

    def sql(self, sql: str) -> Reply:
        body = json.dumps({"sql": sql}).encode()
        return self.ask("/api/sql", {"Content-Type": "application/json"}, "POST", body)


@contextmanager
def served(
    out: str | Path,
    *,
    host: str = "127.0.0.1",
    token: str = "",
    sql_seconds: float = 20.0,
    answerer: Answerer | None = None,
    patience: PageTimeouts | None = None,
    people: Path | None = None,
    header: ProxyHeader | None = None,
) -> Iterator[Site]:
    """A server over tables, as `af3 browse` starts it."""
    archive = Archive(str(out), EMBEDDED_TEXT_MODEL)
    archive.sandbox = SqlPool(archive.tables, sql_seconds)
    listener = socket.create_server((host, 0))
    known = WatchedPeople(people) if people else None
    access = Access(host, listener.getsockname()[1], token, known, header)
    talk = TalkSocket(archive.tables, answerer, patience) if answerer else None
    with answering(create_app(archive, access, talk), listener) as site:
        yield site


@contextmanager
def answering(app: ASGIApp, listener: socket.socket) -> Iterator[Site]:
    """The server of an application at a socket."""
    ready = threading.Event()
    server = server_of(app, ready.set)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert ready.wait(_ANSWER_WITHIN_S)
        yield Site(listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(_ANSWER_WITHIN_S)
        assert not thread.is_alive()


def within(condition: Callable[[], bool]) -> bool:
    """Whether it comes true while we wait."""
    ends = time.monotonic() + _TRUE_WITHIN_S
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.05)
    return False
