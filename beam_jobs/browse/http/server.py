"""The server while it runs, and how it ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from af3core.messages import tell

_SHUTDOWN_S = 2
"""How long answers that are under way may still take."""
_CLOSED_WITHIN_S = 5
"""How long a page may take to read the end of its conversation."""
_MOST_MESSAGE_BYTES = 1 << 20


def serve(app: ASGIApp, listener: socket.socket, address: str) -> None:
    """Serve at a socket until Ctrl-C or SIGTERM; prints the address when it is ready."""

    def ready() -> None:
        print(f"af3: {address}  (Ctrl-C ends it)", flush=True)

    server_of(app, ready).run([listener])
    tell("the archive page has ended")


def server_of(app: ASGIApp, ready: Callable[[], None]) -> Server:
    """The server of an application; `ready` is called when it answers."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws=Socket,
        ws_max_size=_MOST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,  # addresses may hold the token
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    return Server(config, ready)


class Socket(WebSocketsSansIOProtocol):
    """A socket that is gone soon after its conversation, though the page takes nothing any more."""

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        self.loop.call_later(_CLOSED_WITHIN_S, self.transport.abort)


class Server(uvicorn.Server):
    """A server that ends well by a signal, instead of passing it on to the process."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        ends = (signal.SIGINT, signal.SIGTERM)
        before = {end: signal.signal(end, self.handle_exit) for end in ends}
        try:
            yield
        finally:
            for end, handler in before.items():
                signal.signal(end, handler)
