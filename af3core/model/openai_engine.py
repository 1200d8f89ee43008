"""The engine of a server: asks an OpenAI-compatible one (vLLM and others) over HTTP."""

from __future__ import annotations

import base64
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from statistics import fmean
from threading import Lock
from typing import Any

import httpx

from af3core.errors import ConfigurationError, ModelError
from af3core.model.chat_body import chat_body
from af3core.model.isolation import as_model_error
from af3core.model.limits import SAMPLE_RATE_HZ
from af3core.model.prompt import check_request
from af3core.model.request import Answer, Request, Waveform
from af3core.model.streaming import Stream

_ADDRESS = re.compile(r"https?://(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?(/[^\s?#@]*)?", re.IGNORECASE)
_CONNECT_TIMEOUT_S = 10.0
_ASK_AGAIN = {408, 429}
_NOT_THE_REQUEST = {401, 403, 404}  # a key or a model's name, which may be put right


class RequestRefused(ModelError):
    """The server says that the request is wrong (HTTP 4xx)."""

    permanent = True


class ServerUnavailable(ModelError):
    """The server is away or busy, lets nobody in, or answers what is no chat completion."""


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


class OpenAIEngine:
    """Asks a served model, `concurrency` requests at a time.

    Args:
        endpoint: address of the API, such as `http://localhost:8000/v1`.
        model: as the server lists it.
        api_key: goes into the Authorization header and nowhere else.
        timeout_s: longest silence of the server within a request, which is then not tried again.
        think_model: name under which the server has the think adapter; "" for none.

    Raises:
        ConfigurationError: no http(s) address, no server there, or one without the model.
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
        self._server = f"endpoint {self._endpoint}"
        self._models = {"base": model, "think": think_model}
        self._api_key = api_key
        self._concurrency = concurrency
        self._backoff = backoff or Backoff()
        allowed = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(
            headers={"Content-Type": "application/json", **allowed},
            timeout=httpx.Timeout(timeout_s, connect=min(_CONNECT_TIMEOUT_S, timeout_s), pool=None),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
        )
        self.check()

    def check(self) -> None:
        """Make sure that the server is there and serves what it will be asked for.

        Raises:
            ConfigurationError: no answer, no list of models, or one without the model.
        """
        try:
            response = self._client.get(f"{self._endpoint}/models", timeout=_CONNECT_TIMEOUT_S)
        except httpx.HTTPError as error:
            raise ConfigurationError(f"{self._server}: no answer ({error!r}); is it up?") from error
        try:
            served = [str(entry["id"]) for entry in response.json()["data"]]
        except (ValueError, TypeError, LookupError) as error:
            words = self._words(response)
            raise ConfigurationError(f"{self._server}/models: no models: {words}") from error
        for model in filter(None, self._models.values()):
            if model not in served:
                listed = ", ".join(served) or "no model"
                raise ConfigurationError(f"{self._server}: serves {listed}, not {model!r}")

    def answer(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order."""
        wavs, order = _Wavs(requests), neighbours(requests)
        with ThreadPoolExecutor(self._concurrency) as pool:
            results = pool.map(lambda index: self._answer_one(requests[index], wavs), order)
            found = dict(zip(order, results, strict=True))
        return [found[index] for index in range(len(requests))]

    def stream(self, requests: Sequence[Request]) -> Stream:
        """The answers' text as the server writes it; see `StreamingEngine`."""
        from af3core.model.streaming_openai import Served, stream_served

        wavs = _Wavs(requests)
        served = Served(
            name=self._server,
            address=f"{self._endpoint}/chat/completions",
            client=self._client,
            concurrency=self._concurrency,
            backoff=self._backoff,
            body=lambda request: self._body(request, wavs),
            trouble=self._trouble,
            read=self._read,
            message=self._message,
        )
        return stream_served(served, requests, neighbours(requests))

    def _answer_one(self, request: Request, wavs: _Wavs) -> Answer | ModelError:
        try:
            body = self._body(request, wavs)
            return self._read(self._post(json.dumps(body).encode()))
        except Exception as error:
            return as_model_error(error)

    def _body(self, request: Request, wavs: _Wavs) -> dict[str, Any]:
        check_request(request)
        model = self._models[request.weights]
        if not model:
            # not permanent: with think_model the same request is answered
            raise ModelError(f"{self._server}: think weights need the name of a think_model")
        return {"model": model, **chat_body(request, wavs)}

    def _post(self, body: bytes) -> httpx.Response:
        """The server's answer, asked for again while another try may help."""
        failures = 0
        while True:
            retry_after_s = 0.0
            try:
                response = self._client.post(f"{self._endpoint}/chat/completions", content=body)
            except httpx.TransportError as error:
                trouble = repr(error)
                again = not isinstance(error, httpx.ReadTimeout)
            else:
                if response.is_success:
                    return response
                trouble, again, retry_after_s = self._trouble(response)
            failures += 1
            if not (again and self._backoff.allows(failures, retry_after_s)):
                raise ServerUnavailable(f"{self._server}: {trouble} (tries: {failures})")
            self._backoff.sleep(self._backoff.length_s(failures, retry_after_s))

    def _trouble(self, response: httpx.Response) -> tuple[str, bool, float]:
        """What is wrong, whether another try may help, and how long the server asks to wait.

        Raises:
            RequestRefused: the request is wrong.
        """
        trouble, status = self._words(response), response.status_code
        again = status >= 500 or status in _ASK_AGAIN
        if 400 <= status < 500 and not again and status not in _NOT_THE_REQUEST:
            raise RequestRefused(f"{self._server}: {trouble}")
        return trouble, again, _retry_after_s(response)

    def _read(self, response: httpx.Response) -> Answer:
        try:
            document = response.json()
            choice = document["choices"][0]
            listed = (choice.get("logprobs") or {}).get("content") or []
            logprobs = tuple(float(token["logprob"]) for token in listed)
            return Answer(
                text=choice["message"].get("content") or "",
                token_count=int(document["usage"]["completion_tokens"]),
                mean_logprob=fmean(logprobs) if logprobs else None,
                finish_reason="length" if choice["finish_reason"] == "length" else "stop",
                logprobs=logprobs,
            )
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            words = self._words(response)
            raise ServerUnavailable(f"{self._server}: no chat completion: {words}") from error

    def _words(self, response: httpx.Response) -> str:
        """Status and message, out of the shapes in which servers put it, without the key."""
        try:
            found = response.json()
        except ValueError:
            found = response.text
        return f"HTTP {response.status_code}: {self._message(found)}"

    def _message(self, found: Any) -> str:
        for name in ("error", "message", "detail"):
            if isinstance(found, dict) and found.get(name):
                found = found[name]
        text = found if isinstance(found, str) else json.dumps(found)
        if self._api_key:
            # some servers repeat the key that they do not know
            text = text.replace(self._api_key, "[key]")
        return " ".join(text.split())[:300]


def neighbours(requests: Sequence[Request]) -> list[int]:
    """Positions, those with the same sounds in a row: the server's prefix cache then has them."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for index, request in enumerate(requests):
        key = (request.weights, *map(id, request.sounds))
        groups.setdefault(key, []).append(index)
    return [index for group in groups.values() for index in group]


class _Wavs:
    """Sounds as WAV in base64: made once, dropped after the last request that has them."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._uses = Counter(id(sound) for request in requests for sound in request.sounds)
        self._made: dict[int, str] = {}
        self._lock = Lock()

    def take(self, request: Request) -> list[str]:
        """Those of one request, once, in the order of its sounds."""
        taken = []
        with self._lock:
            for sound in request.sounds:
                key = id(sound)
                if key not in self._made:
                    self._made[key] = base64.b64encode(encode_wav(sound.samples)).decode()
                taken.append(self._made[key])
                self._uses[key] -= 1
                if not self._uses[key]:
                    del self._made[key]
        return taken


def encode_wav(samples: Waveform) -> bytes:
    """`[samples]` at 16 kHz mono as a WAV file of 16 bits; what is beyond [-1, 1] is clipped."""
    import soundfile

    buffer, clipped = BytesIO(), samples.clip(-1.0, 1.0)
    soundfile.write(buffer, clipped, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def _retry_after_s(response: httpx.Response) -> float:
    """0 where the server names no number of seconds."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isdecimal() else 0.0
