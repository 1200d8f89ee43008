"""The engine of a server: asks one that speaks OpenAI's protocol (vLLM and others) over HTTP.

Answers come whole (`answer`) or as server-sent events (`stream`); both ask for the same chat
completion, with the same retries, in what the server takes (`served`).
"""

from __future__ import annotations

import asyncio
import functools
import json
import math
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal

import httpx

from af3core.errors import ConfigurationError, ModelError, ServerUnavailable, ThinkModelMissing
from af3core.model.audio_limits import AF3_LIMIT, AudioLimit
from af3core.model.engines.served.answers import (
    UNREADABLE,
    Completion,
    StreamedCompletion,
    event_data,
    read_completion,
)
from af3core.model.engines.served.body import chat_body
from af3core.model.engines.served.exchange import Exchange
from af3core.model.engines.served.known_server import KnownServer
from af3core.model.engines.served.retries import Backoff, Failure, Outage, Retries
from af3core.model.engines.served.shared_asking import SharedAsking
from af3core.model.engines.served.wavs import Wavs, order_for_prefix_cache
from af3core.model.engines.served.words import ServerWords
from af3core.model.isolation import as_model_error
from af3core.model.prompt import check_request
from af3core.model.request import Answer, Request
from af3core.model.streaming.stream import Cancelled, Listener, Stream, StreamState
from schemas.options.night import ServerName

_ADDRESS = re.compile(r"https?://(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#@]*)?", re.IGNORECASE)
_CONNECT_TIMEOUT_S = 10.0
MOST_BESIDE = 64
"""Requests under way for all threads together; a server queues what it cannot batch yet."""

_Step = Failure | Literal["read", "again"]
"""What a response asks for: to be read, to be asked at once in another form, or to wait."""


class OpenAIEngine:
    """Asks a served model, `concurrency` requests at a time of one caller, and `MOST_BESIDE` of all
    callers that ask beside each other.

    Args:
        endpoint: address of the API, such as `http://localhost:8000/v1`.
        model: as the server calls it.
        api_key: goes into the Authorization header and nowhere else.
        timeout_s: longest silence of the server within a request, which is then not tried again.
        think_model: name under which the server has the think adapter; "" for none.
        server: what the server is, where it does not say so itself.
        limit: how much the model hears; no server says it.

    Raises:
        ConfigurationError: no http(s) address, or a server that does not know the model.
        ServerUnavailable: no server there, or one that is busy.
    """

    name = "openai"
    batch_tokens = math.inf

    def __init__(
        self,
        endpoint: str,
        model: str,
        *,
        api_key: str = "",
        concurrency: int = 16,
        timeout_s: float = 600.0,
        think_model: str = "",
        backoff: Backoff | None = None,
        server: ServerName = "auto",
        limit: AudioLimit = AF3_LIMIT,
    ) -> None:
        if not re.fullmatch("[!-~]*", api_key):
            raise ConfigurationError("api_key: holds a blank, or a letter that no header can hold")
        if not _ADDRESS.fullmatch(endpoint):
            shown = endpoint.rpartition("@")[2].partition("?")[0]  # the rest may be secret
            form = "http(s)://HOST:PORT/v1, without user, password or query"
            raise ConfigurationError(f"endpoint {shown}: must have the form {form}")
        self._models = {"base": model, "think": think_model}
        self._concurrency = concurrency
        self._limit = limit
        self._backoff = backoff or Backoff()
        self._outage = Outage(self._backoff.ceiling_s)
        authorization = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        connections = max(concurrency, MOST_BESIDE)
        self._client = httpx.Client(
            headers={"Content-Type": "application/json", **authorization},
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s), pool=None),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )
        self._words = ServerWords(api_key)
        self._known = KnownServer(self._client, endpoint.rstrip("/"), model, self._words, server)
        self._server = self._known.name
        self._shared = SharedAsking(self._answer_one, MOST_BESIDE)
        self.check()

    def check(self) -> None:
        """Make sure that the server is there and knows what it will be asked for.

        Raises:
            ServerUnavailable: no answer, or one that says to come later.
            ConfigurationError: it lets nobody in, or does not know the model.
        """
        self._known.check([model for model in self._models.values() if model])

    @property
    def kind_of_server(self) -> str:
        """What the server is, as `--server` has it; empty where it is not known."""
        return self._known.kind().name

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        wavs, order = Wavs(requests), order_for_prefix_cache(requests)
        with ThreadPoolExecutor(self._concurrency) as pool:
            results = pool.map(lambda index: self._answer_one(requests[index], wavs), order)
            found = dict(zip(order, results, strict=True))
        return [found[index] for index in range(len(requests))]

    def answer_beside(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order; see `StreamingEngine`."""
        return self._shared.answer(requests)

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as the server writes it; see `StreamingEngine`.

        One thread asks for all requests of a stream. Cancelling hangs up, whatever is waited for;
        a server then stops writing.
        """
        state = StreamState(len(requests))
        if not requests:
            return Stream(state, lambda: None)
        wavs, listeners = Wavs(requests), state.listeners()
        asked = [(requests[index], listeners[index]) for index in order_for_prefix_cache(requests)]
        thread = threading.Thread(
            target=lambda: asyncio.run(self._stream_all(asked, wavs)), name="streams", daemon=True
        )
        thread.start()
        return Stream(state, thread.join)

    def _answer_one(self, request: Request, wavs: Wavs) -> Answer | ModelError:
        try:
            exchange = self._exchange(request, wavs)
            completion = self._read_completion(self._post(exchange))
            return self._checked(completion, request, exchange)
        except Exception as error:
            return as_model_error(error)

    async def _stream_all(self, asked: Sequence[tuple[Request, Listener]], wavs: Wavs) -> None:
        slots = asyncio.Semaphore(self._concurrency)
        async with httpx.AsyncClient(
            headers=self._client.headers,
            timeout=self._client.timeout,
            limits=httpx.Limits(max_connections=self._concurrency),
        ) as client:
            await asyncio.gather(
                *(
                    self._stream_one(client, slots, request, wavs, listener)
                    for request, listener in asked
                )
            )

    async def _stream_one(
        self,
        client: httpx.AsyncClient,
        slots: asyncio.Semaphore,
        request: Request,
        wavs: Wavs,
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
            async with slots:
                result = await self._streamed_answer(client, request, wavs, listener)
        except asyncio.CancelledError:
            result = Cancelled()
        except Exception as error:
            result = as_model_error(error)
        listener.finish(result)

    async def _streamed_answer(
        self, client: httpx.AsyncClient, request: Request, wavs: Wavs, listener: Listener
    ) -> Answer:
        """One answer, tried again until its first event."""
        # beside the loop: ten minutes of sound are 25 MB of text
        exchange = await asyncio.to_thread(self._exchange, request, wavs, is_stream=True)
        retries = Retries(self._server, self._backoff, self._outage)
        while True:
            step: _Step
            content = await asyncio.to_thread(exchange.content)
            try:
                async with client.stream(
                    "POST", self._known.completions, content=content
                ) as response:
                    if not response.is_success:
                        await response.aread()
                    step = await asyncio.to_thread(self._step, exchange, response)
                    if step == "read":
                        completion = await self._read_events(response, listener)
                        return await asyncio.to_thread(self._checked, completion, request, exchange)
            except httpx.TransportError as error:
                step = self._lost(error)
            if isinstance(step, Failure):
                await asyncio.sleep(retries.wait_s(step))

    async def _read_events(self, response: httpx.Response, listener: Listener) -> Completion:
        """An answer, said as it comes. A text that breaks off is not asked for again."""
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            await response.aread()
            return self._read_completion(response)  # of a server that does not stream
        streamed = StreamedCompletion()
        try:
            async for data in event_data(response):
                event = json.loads(data)
                if event.get("error"):
                    raise ServerUnavailable(f"{self._server}: {self._words.of(event)}")
                if streamed.add(event):
                    listener.set_text(streamed.text)
        except httpx.TransportError as error:
            self._known.doubt()
            raise ServerUnavailable(f"{self._server}: the answer broke off: {error!r}") from error
        except UNREADABLE as error:
            words = self._words.of(data.decode(errors="replace"))
            raise ServerUnavailable(f"{self._server}: no piece of an answer: {words}") from error
        if not streamed.finish_reason:
            raise ServerUnavailable(
                f"{self._server}: the answer broke off after {streamed.pieces} pieces"
            )
        return streamed.completion()

    def _exchange(self, request: Request, wavs: Wavs, *, is_stream: bool = False) -> Exchange:
        check_request(request, self._limit)
        model = self._models[request.weights]
        if not model:
            raise ThinkModelMissing(f"{self._server}: think weights need the name of a think_model")
        write = functools.partial(
            chat_body, model, request, wavs.take(request), is_stream=is_stream
        )
        return Exchange(self._known, self._words, model, write)

    def _post(self, exchange: Exchange) -> httpx.Response:
        """The server's answer, asked for again while another try may help."""
        retries = Retries(self._server, self._backoff, self._outage)
        while True:
            step: _Step
            content = exchange.content()
            try:
                response = self._client.post(self._known.completions, content=content)
            except httpx.TransportError as error:
                step = self._lost(error)
            else:
                step = self._step(exchange, response)
            if step == "read":
                return response
            if isinstance(step, Failure):
                self._backoff.sleep(retries.wait_s(step))

    def _step(self, exchange: Exchange, response: httpx.Response) -> _Step:
        """What a response asks for.

        Raises:
            ModelError: the request is wrong, or asks for what the server does not take.
        """
        status = response.status_code
        if status < 500 and exchange.is_of_another():
            return "again"
        if response.is_success:
            self._outage.end()
            exchange.succeed()
            return "read"
        if exchange.take_refusal(response):
            return "again"
        self._known.doubt(status)
        return Failure.of_response(response, self._words.of_response(response))

    def _lost(self, error: httpx.TransportError) -> Failure:
        self._known.doubt()
        return Failure.of_transport(error)

    def _read_completion(self, response: httpx.Response) -> Completion:
        """An answer that came whole."""
        try:
            return read_completion(response.json())
        except UNREADABLE as error:
            words = self._words.of_response(response)
            raise ServerUnavailable(f"{self._server}: no chat completion: {words}") from error

    def _checked(self, completion: Completion, request: Request, exchange: Exchange) -> Answer:
        """The answer, after what it lacks was said.

        Raises:
            SoundNotKept: the server leaves sounds out.
        """
        answer = completion.answer
        if request.sounds:
            self._known.check_hearing(exchange.body, completion.prompt_tokens)
        if request.sounds and answer.text and not answer.logprobs:
            self._known.say_once("logprobs")
        if request.decoding.json_schema and answer.finish_reason == "stop":
            try:
                json.loads(answer.text)
            except ValueError:
                self._known.say_once("json_schema")
        return answer
