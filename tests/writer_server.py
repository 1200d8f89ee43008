"""A language model at a server whose replies follow from what it is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.chat_server import Handler, Server, chat_server

Write = Callable[[str], Any]
"""The reply to a prompt: a text, or a document that becomes JSON."""


class _Writer(Handler):
    write: Write

    def do_POST(self) -> None:
        body = self.read_body()
        if body is None:
            return
        prompt = body["messages"][-1]["content"][-1]["text"]
        written = type(self).write(prompt)
        text = written if isinstance(written, str) else json.dumps(written)
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        self.reply({"choices": [choice], "usage": {"completion_tokens": 7}})


@contextmanager
def writer_server(write: Write) -> Iterator[Server]:
    """A running server, whose model is called af3."""
    with chat_server() as server:
        handler = type("Writer", (_Writer,), {"write": staticmethod(write)})
        server.RequestHandlerClass = handler
        yield server
