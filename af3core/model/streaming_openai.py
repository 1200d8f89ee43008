"""A served model's answers as it writes them: the server-sent events of OpenAI's protocol."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import httpx

from af3core.errors import ModelError
from af3core.model.isolation import as_model_error
from af3core.model.openai_engine import Backoff, ServerUnavailable
from af3core.model.request import Answer, Request
from af3core.model.streaming import Board, Cancelled, Listener, Stream


@dataclass(frozen=True)
class Served:
    """How a server is asked.

    Attributes:
        name: of the server, for errors.
        address: of its chat completions.
        client: whose headers and timeouts are taken.
        concurrency: most requests of a stream at once.
        backoff: between tries, which end with the first event of an answer.
        body: of a request.
        trouble: of a refusal: what is wrong, whether another try may help, seconds to wait.
        read: an answer that came whole, from a server that does not stream.
        message: of an error's document, without the key.
    """

    name: str
    address: str
    client: httpx.Client
    concurrency: int
    backoff: Backoff
    body: Callable[[Request], dict[str, Any]]
    trouble: Callable[[httpx.Response], tuple[str, bool, float]]
    read: Callable[[httpx.Response], Answer]
    message: Callable[[Any], str]


def stream_served(served: Served, requests: Sequence[Request], order: Sequence[int]) -> Stream:
    """Ask a server on one thread, for all requests of a stream, in this order.

    Cancelling hangs up, whatever is waited for; a server then stops writing.
    """
    board = Board(len(requests))
    if not requests:
        return Stream(board, lambda: None)
    listeners = board.listeners()
    asked = [(requests[index], listeners[index]) for index in order]
    thread = threading.Thread(
        target=lambda: asyncio.run(_ask_all(served, asked)), name="streams", daemon=True
    )
    thread.start()
    return Stream(board, thread.join)


async def _ask_all(served: Served, asked: Sequence[tuple[Request, Listener]]) -> None:
    turns = asyncio.Semaphore(served.concurrency)
    async with httpx.AsyncClient(
        headers=served.client.headers,
        timeout=served.client.timeout,
        limits=httpx.Limits(max_connections=served.concurrency),
    ) as client:
        await asyncio.gather(
            *(_ask_one(served, client, turns, request, listener) for request, listener in asked)
        )


async def _ask_one(
    served: Served,
    client: httpx.AsyncClient,
    turns: asyncio.Semaphore,
    request: Request,
    listener: Listener,
) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        with suppress(RuntimeError):  # the loop is closed: the answer was finished meanwhile
            loop.call_soon_threadsafe(task.cancel)

    listener.on_cancel(stop)
    result: Answer | ModelError
    try:
        async with turns:
            result = await _answer(served, client, request, listener)
    except asyncio.CancelledError:
        result = Cancelled()
    except Exception as error:
        result = as_model_error(error)
    listener.finish(result)


async def _answer(
    served: Served, client: httpx.AsyncClient, request: Request, listener: Listener
) -> Answer:
    # beside the loop: ten minutes of sound are 25 MB of text
    content = await asyncio.to_thread(_content, served, request)
    failures = 0
    while True:
        retry_after_s = 0.0
        try:
            async with client.stream("POST", served.address, content=content) as response:
                if response.is_success:
                    return await _listen(served, response, listener)
                await response.aread()
                trouble, again, retry_after_s = served.trouble(response)
        except httpx.TransportError as error:
            trouble = repr(error)
            again = not isinstance(error, httpx.ReadTimeout)
        failures += 1
        if not (again and served.backoff.allows(failures, retry_after_s)):
            raise ServerUnavailable(f"{served.name}: {trouble} (tries: {failures})")
        await asyncio.sleep(served.backoff.length_s(failures, retry_after_s))


def _content(served: Served, request: Request) -> bytes:
    body = {**served.body(request), "stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body).encode()


async def _listen(served: Served, response: httpx.Response, listener: Listener) -> Answer:
    """An answer, said as it comes. A text that breaks off is not asked for again."""
    if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
        await response.aread()
        return served.read(response)
    written = _Written()
    try:
        async for data in _events(response):
            event = json.loads(data)
            if event.get("error"):
                raise ServerUnavailable(f"{served.name}: {served.message(event)}")
            if written.add(event):
                listener.say(written.text)
    except httpx.TransportError as error:
        raise ServerUnavailable(f"{served.name}: the answer broke off: {error!r}") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        words = served.message(data.decode(errors="replace"))
        raise ServerUnavailable(f"{served.name}: no piece of an answer: {words}") from error
    if not written.finish_reason:
        raise ServerUnavailable(
            f"{served.name}: the answer broke off after {written.pieces} pieces"
        )
    return written.answer()


async def _events(response: httpx.Response) -> AsyncIterator[bytes]:
    """The data of each event before `[DONE]`.

    Lines end with line feeds alone: httpx's own lines end at separators that JSON leaves as they
    are, U+2028 among them.
    """
    rest = b""
    async for piece in response.aiter_bytes():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            name, _, data = line.partition(b":")
            if name == b"data" and data.strip() == b"[DONE]":
                return
            if name == b"data":
                yield data.strip()


@dataclass
class _Written:
    """An answer put together from its pieces; `tokens` as the server counts them, if it does."""

    text: str = ""
    pieces: int = 0
    tokens: int | None = None
    finish_reason: str = ""
    logprobs: list[float] = field(default_factory=list)

    def add(self, event: dict[str, Any]) -> bool:
        """Take one event; true where it brought text."""
        if event.get("usage"):
            self.tokens = int(event["usage"]["completion_tokens"])
        if not event["choices"]:
            return False
        choice = event["choices"][0]
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        listed = (choice.get("logprobs") or {}).get("content") or []
        self.logprobs += [float(token["logprob"]) for token in listed]
        text = (choice.get("delta") or {}).get("content") or ""
        self.text += text
        self.pieces += bool(text)
        return bool(text)

    def answer(self) -> Answer:
        """The whole; of a server that counts no tokens, those whose log-probabilities it gave."""
        return Answer(
            text=self.text,
            token_count=self.tokens or len(self.logprobs) or self.pieces,
            mean_logprob=fmean(self.logprobs) if self.logprobs else None,
            finish_reason="length" if self.finish_reason == "length" else "stop",
            logprobs=tuple(self.logprobs),
        )
