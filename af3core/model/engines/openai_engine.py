"""The engine of a server: asks an OpenAI-compatible one (vLLM and others) over HTTP.

Answers come whole (`answer`) or as server-sent events (`stream`); both ask for the same chat
completion, with the same retries.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from statistics import fmean
from typing import Any

import httpx

from af3core.errors import ConfigurationError, ModelError, ServerUnavailable, ThinkModelMissing
from af3core.model.audio_limits import SAMPLE_RATE_HZ
from af3core.model.isolation import as_model_error
from af3core.model.prompt import AUDIO_TOKEN, InvalidPrompt, check_request, place_sounds
from af3core.model.request import Answer, Decoding, Request, Waveform
from af3core.model.streaming.stream import Cancelled, Listener, Stream, StreamState

_ADDRESS = re.compile(r"https?://(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#@]*)?", re.IGNORECASE)
_CONNECT_TIMEOUT_S = 10.0
_RETRY_STATUSES = {408, 429}
_CONFIGURATION_STATUSES = {401, 403, 404}  # a key or a model's name, which may be put right


def _may_pass(status: int) -> bool:
    """True for a server's trouble, False where the request or a setting is at fault."""
    return status >= 500 or status in _RETRY_STATUSES


class RequestRefused(ModelError):
    """The server says that the request is wrong (HTTP 4xx)."""

    permanent = True


@dataclass(frozen=True)
class Backoff:
    """How often a busy or broken server is asked, and how long between.

    A wait is drawn between 0 and a limit that doubles from `first_s` up to `ceiling_s`, so that
    requests do not come back all at once. A Retry-After is waited out before it; a server that
    asks for more than `longest_retry_after_s` is given up.
    """

    tries: int = 8
    first_s: float = 0.5
    ceiling_s: float = 30.0
    longest_retry_after_s: float = 300.0
    sleep: Callable[[float], None] = time.sleep

    def allows(self, failures: int, retry_after_s: float) -> bool:
        """Whether to ask again after so many failures."""
        return retry_after_s <= self.longest_retry_after_s and failures < self.tries

    def length_s(self, failures: int, retry_after_s: float) -> float:
        """How long to wait after so many failures (1 or more)."""
        limit_s = min(self.ceiling_s, self.first_s * 2 ** (failures - 1))
        return retry_after_s + random.uniform(0, limit_s)


@dataclass(frozen=True)
class _Failure:
    """Why a try brought no answer, whether another may, and how long the server asks to wait."""

    reason: str
    may_retry: bool
    retry_after_s: float = 0.0


class _Outage:
    """After a request that got no answer in all its tries, others get one try each for a while.

    Otherwise a night over a server that is away would wait for all tries of each of its clips.
    """

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._ends = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._ends

    def begin(self) -> None:
        self._ends = time.monotonic() + self._length_s

    def end(self) -> None:
        self._ends = 0.0


class _Retries:
    """The failed tries of one request."""

    def __init__(self, server: str, backoff: Backoff, outage: _Outage) -> None:
        self._server = server
        self._backoff = backoff
        self._outage = outage
        self._failures = 0

    def wait_s(self, failure: _Failure) -> float:
        """Seconds before the next try.

        Raises:
            ServerUnavailable: no try is left, or none can help.
        """
        self._failures += 1
        retry_after_s = failure.retry_after_s
        is_allowed = self._backoff.allows(self._failures, retry_after_s)
        if failure.may_retry and is_allowed and not self._outage.is_on():
            return self._backoff.length_s(self._failures, retry_after_s)
        if failure.may_retry:
            self._outage.begin()
        raise ServerUnavailable(f"{self._server}: {failure.reason} (tries: {self._failures})")


class OpenAIEngine:
    """Asks a served model, `concurrency` requests at a time.

    Args:
        endpoint: address of the API, such as `http://localhost:8000/v1`.
        model: as the server lists it.
        api_key: goes into the Authorization header and nowhere else.
        timeout_s: longest silence of the server within a request, which is then not tried again.
        think_model: name under which the server has the think adapter; "" for none.

    Raises:
        ConfigurationError: no http(s) address, or a server without the model.
        ServerUnavailable: no server there, or one that is busy.
    """

    name = "openai"

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
    ) -> None:
        if not re.fullmatch("[!-~]*", api_key):
            raise ConfigurationError("api_key: holds a blank, or a letter that no header can hold")
        if not _ADDRESS.fullmatch(endpoint):
            shown = endpoint.rpartition("@")[2].partition("?")[0]  # the rest may be secret
            form = "http(s)://HOST:PORT/v1, without user, password or query"
            raise ConfigurationError(f"endpoint {shown}: must have the form {form}")
        self._endpoint = endpoint.rstrip("/")
        self._completions = f"{self._endpoint}/chat/completions"
        self._server = f"endpoint {self._endpoint}"
        self._models = {"base": model, "think": think_model}
        self._api_key = api_key
        self._concurrency = concurrency
        self._backoff = backoff or Backoff()
        self._outage = _Outage(self._backoff.ceiling_s)
        authorization = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(
            headers={"Content-Type": "application/json", **authorization},
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s), pool=None),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self.check()

    def check(self) -> None:
        """Make sure that the server is there and serves what it will be asked for.

        Raises:
            ServerUnavailable: no answer, or one that says to come later.
            ConfigurationError: no list of models, or one without the model.
        """
        try:
            response = self._client.get(f"{self._endpoint}/models", timeout=_CONNECT_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise ServerUnavailable(f"{self._server}: no answer ({error!r}); is it up?") from error
        if _may_pass(response.status_code):
            raise ServerUnavailable(f"{self._server}/models: {self._error_text(response)}")
        try:
            served = [str(entry["id"]) for entry in response.json()["data"]]
        except (ValueError, TypeError, LookupError) as error:
            words = self._error_text(response)
            raise ConfigurationError(f"{self._server}/models: no models: {words}") from error
        for model in filter(None, self._models.values()):
            if model not in served:
                listed = ", ".join(served) or "no model"
                raise ConfigurationError(f"{self._server}: serves {listed}, not {model!r}")

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        wavs, order = _Wavs(requests), _order_for_prefix_cache(requests)
        with ThreadPoolExecutor(self._concurrency) as pool:
            results = pool.map(lambda index: self._answer_one(requests[index], wavs), order)
            found = dict(zip(order, results, strict=True))
        return [found[index] for index in range(len(requests))]

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as the server writes it; see `StreamingEngine`.

        One thread asks for all requests of a stream. Cancelling hangs up, whatever is waited for;
        a server then stops writing.
        """
        state = StreamState(len(requests))
        if not requests:
            return Stream(state, lambda: None)
        wavs, listeners = _Wavs(requests), state.listeners()
        asked = [(requests[index], listeners[index]) for index in _order_for_prefix_cache(requests)]
        thread = threading.Thread(
            target=lambda: asyncio.run(self._stream_all(asked, wavs)), name="streams", daemon=True
        )
        thread.start()
        return Stream(state, thread.join)

    def _answer_one(self, request: Request, wavs: _Wavs) -> Answer | ModelError:
        try:
            body = self._body(request, wavs)
            return self._parse_completion(self._post(json.dumps(body).encode()))
        except Exception as error:
            return as_model_error(error)

    async def _stream_all(self, asked: Sequence[tuple[Request, Listener]], wavs: _Wavs) -> None:
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
        wavs: _Wavs,
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
        self, client: httpx.AsyncClient, request: Request, wavs: _Wavs, listener: Listener
    ) -> Answer:
        """One answer, tried again until its first event."""
        # beside the loop: ten minutes of sound are 25 MB of text
        body = await asyncio.to_thread(self._stream_body, request, wavs)
        retries = _Retries(self._server, self._backoff, self._outage)
        while True:
            try:
                async with client.stream("POST", self._completions, content=body) as response:
                    if response.is_success:
                        return await self._read_events(response, listener)
                    await response.aread()
                    failure = self._failure(response)
            except httpx.TransportError as error:
                failure = _transport_failure(error)
            await asyncio.sleep(retries.wait_s(failure))

    def _stream_body(self, request: Request, wavs: _Wavs) -> bytes:
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return json.dumps({**self._body(request, wavs), **options}).encode()

    async def _read_events(self, response: httpx.Response, listener: Listener) -> Answer:
        """An answer, said as it comes. A text that breaks off is not asked for again."""
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            await response.aread()
            return self._parse_completion(response)  # of a server that does not stream
        streamed = _StreamedAnswer()
        try:
            async for data in _event_data(response):
                event = json.loads(data)
                if event.get("error"):
                    raise ServerUnavailable(f"{self._server}: {self._error_message(event)}")
                if streamed.add(event):
                    listener.set_text(streamed.text)
        except httpx.TransportError as error:
            raise ServerUnavailable(f"{self._server}: the answer broke off: {error!r}") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            words = self._error_message(data.decode(errors="replace"))
            raise ServerUnavailable(f"{self._server}: no piece of an answer: {words}") from error
        if not streamed.finish_reason:
            raise ServerUnavailable(
                f"{self._server}: the answer broke off after {streamed.pieces} pieces"
            )
        return streamed.answer()

    def _body(self, request: Request, wavs: _Wavs) -> dict[str, Any]:
        check_request(request)
        model = self._models[request.weights]
        if not model:
            raise ThinkModelMissing(f"{self._server}: think weights need the name of a think_model")
        return {"model": model, **_chat_body(request, wavs)}

    def _post(self, body: bytes) -> httpx.Response:
        """The server's answer, asked for again while another try may help."""
        retries = _Retries(self._server, self._backoff, self._outage)
        while True:
            try:
                response = self._client.post(self._completions, content=body)
            except httpx.TransportError as error:
                failure = _transport_failure(error)
            else:
                if response.is_success:
                    self._outage.end()
                    return response
                failure = self._failure(response)
            self._backoff.sleep(retries.wait_s(failure))

    def _failure(self, response: httpx.Response) -> _Failure:
        """What an answer that is no success says.

        Raises:
            RequestRefused: the request is wrong.
        """
        reason, status = self._error_text(response), response.status_code
        may_retry = _may_pass(status)
        if 400 <= status < 500 and not may_retry and status not in _CONFIGURATION_STATUSES:
            raise RequestRefused(f"{self._server}: {reason}")
        return _Failure(reason, may_retry, _retry_after_s(response))

    def _parse_completion(self, response: httpx.Response) -> Answer:
        """An answer that came whole."""
        try:
            document = response.json()
            choice = document["choices"][0]
            logprobs = tuple(_logprobs(choice))
            return Answer(
                text=choice["message"].get("content") or "",
                token_count=int(document["usage"]["completion_tokens"]),
                mean_logprob=fmean(logprobs) if logprobs else None,
                finish_reason="length" if choice["finish_reason"] == "length" else "stop",
                logprobs=logprobs,
            )
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            words = self._error_text(response)
            raise ServerUnavailable(f"{self._server}: no chat completion: {words}") from error

    def _error_text(self, response: httpx.Response) -> str:
        """Status and message, out of the shapes in which servers put it, without the key."""
        try:
            found = response.json()
        except ValueError:
            found = response.text
        return f"HTTP {response.status_code}: {self._error_message(found)}"

    def _error_message(self, found: Any) -> str:
        for name in ("error", "message", "detail"):
            if isinstance(found, dict) and found.get(name):
                found = found[name]
        text = found if isinstance(found, str) else json.dumps(found)
        if self._api_key:
            # some servers repeat the key that they do not know
            text = text.replace(self._api_key, "[key]")
        return " ".join(text.split())[:300]


def _chat_body(request: Request, wavs: _Wavs) -> dict[str, Any]:
    """The body of a chat completion, less the model.

    Args:
        request: whose sounds go with it.
        wavs: gives them as WAV in base64.

    Raises:
        InvalidPrompt: markers that do not fit the sounds, or a schema that is no JSON.
    """
    numbers, texts = place_sounds(request)
    sampling, audio, places = _sampling(request.decoding), wavs.take(request), iter(numbers)
    messages = []
    for turn, text in zip(request.turns, texts, strict=True):
        parts: list[dict[str, Any]] = []
        for position, words in enumerate(text.split(AUDIO_TOKEN)):
            if position:
                wav = {"data": audio[next(places)], "format": "wav"}
                parts.append({"type": "input_audio", "input_audio": wav})
            if words:
                parts.append({"type": "text", "text": words})
        messages.append({"role": turn.role, "content": parts})
    return {"messages": messages, **sampling}


def _sampling(decoding: Decoding) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "max_tokens": decoding.max_new_tokens,
        # said even where 0: vLLM takes what is left out from the model's generation_config.json
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "seed": decoding.seed,
        "stop": list(decoding.stop),
        "logprobs": True,
        "top_k": decoding.top_k,
        "min_tokens": decoding.min_new_tokens or None,
        "repetition_penalty": decoding.repetition_penalty,
    }
    if decoding.json_schema is not None:
        try:
            named = {"name": "answer", "strict": True, "schema": json.loads(decoding.json_schema)}
        except ValueError as error:
            raise InvalidPrompt(f"json_schema is no JSON: {error}") from error
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    return {name: value for name, value in fields.items() if value is not None}


def _order_for_prefix_cache(requests: Sequence[Request]) -> list[int]:
    """Positions, those with the same sounds in a row: a server that caches prefixes has them."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, request in enumerate(requests):
        key = (request.weights, *map(id, request.sounds))
        groups.setdefault(key, []).append(index)
    return [index for group in groups.values() for index in group]


class _Wavs:
    """Sounds as WAV in base64: made once, dropped after the last request that has them."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._uses = Counter(id(sound) for request in requests for sound in request.sounds)
        self._encoded: dict[int, str] = {}
        self._lock = threading.Lock()

    def take(self, request: Request) -> list[str]:
        """Those of one request, once, in the order of its sounds."""
        taken = []
        with self._lock:
            for sound in request.sounds:
                key = id(sound)
                if key not in self._encoded:
                    self._encoded[key] = base64.b64encode(encode_wav(sound.samples)).decode()
                taken.append(self._encoded[key])
                self._uses[key] -= 1
                if not self._uses[key]:
                    del self._encoded[key]
        return taken


def encode_wav(samples: Waveform) -> bytes:
    """`[samples]` at 16 kHz mono as a WAV file of 16 bits; what is beyond [-1, 1] is clipped."""
    import soundfile

    buffer, clipped = BytesIO(), samples.clip(-1.0, 1.0)
    soundfile.write(buffer, clipped, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


async def _event_data(response: httpx.Response) -> AsyncIterator[bytes]:
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
class _StreamedAnswer:
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
        self.logprobs += _logprobs(choice)
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


def _transport_failure(error: httpx.TransportError) -> _Failure:
    # a silence as long as the timeout would be as long again
    return _Failure(repr(error), may_retry=not isinstance(error, httpx.ReadTimeout))


def _retry_after_s(response: httpx.Response) -> float:
    """0 where the server names no number of seconds."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else 0.0


def _logprobs(choice: dict[str, Any]) -> list[float]:
    """Of a choice's tokens; none where the server gives none."""
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return [float(token["logprob"]) for token in tokens]
