"""What is known of a server: what it is, which models it lists, and what it refused or left out.

Each is found out once and kept. After the server was away another one may answer at its address:
what was found is then looked at again, before an answer of it is believed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from af3core.errors import ConfigurationError, ModelNotServed, ServerUnavailable, SoundNotKept
from af3core.messages import tell
from af3core.model.engines.served.body import Body, without_sounds
from af3core.model.engines.served.kinds import (
    KINDS,
    UNKNOWN,
    ServerKind,
    kind_of_address,
    kind_of_list,
    kind_of_paths,
)
from af3core.model.engines.served.retries import may_pass
from af3core.model.engines.served.words import ServerWords, speaks_of_model
from schemas.options.night import ServerName

_LOOK_TIMEOUT_S = 10.0
_NO_LIST = {500, 501}
"""Of a server whose list of models is broken, or not there: it may answer all the same."""
_AWAY = {502, 503, 504}
_SHOWN_MODELS = 8

_MISSING = {
    "logprobs": "gives no log-probabilities: mean_logprob stays empty, and low_confidence is"
    " never flagged",
    "seed": "takes no seed: an answer that is drawn is another one each time",
    "stream": "does not stream: an answer comes whole",
    "json_schema": "does not hold an answer to its JSON schema",
}
"""What a server does not do, as it is said once."""


class KnownServer:
    """One server, as far as it is known; threads share it.

    Args:
        client: asks it, with its key.
        endpoint: address of the API.
        model: by whose entry in the list the server is known.
        words: reads its errors.
        configured: what the server is, where that was said.
    """

    def __init__(
        self,
        client: httpx.Client,
        endpoint: str,
        model: str,
        words: ServerWords,
        configured: ServerName = "auto",
    ) -> None:
        self.name = f"endpoint {endpoint}"
        self.completions = f"{endpoint}/chat/completions"
        self._client = client
        self._endpoint = endpoint
        self._model = model
        self._words = words
        self._configured = KINDS.get(configured) or kind_of_address(endpoint)
        self._lock = threading.RLock()
        self._kind = self._configured
        self._is_doubted = False
        self._listed: tuple[str, ...] = ()
        self._left_out: frozenset[str] = frozenset()
        self._hears: bool | None = None
        self._said: set[str] = set()

    def check(self, models: Sequence[str]) -> None:
        """Make sure that the server is there and knows the models. One that it does not list is
        asked for one token.

        Raises:
            ServerUnavailable: no answer, or one that says to come later.
            ConfigurationError: it lets nobody in, or knows no such model.
        """
        entries = self._entries()
        with self._lock:
            self._kind = self._identified(entries)
        for model in models:
            if model not in self._listed:
                self._try(model)

    def kind(self) -> ServerKind:
        """What the server is.

        Raises:
            ServerUnavailable: it does not say now.
        """
        with self._lock:
            if self._kind is None:
                self._kind = self._identified(self._entries())
            return self._kind

    def left_out(self) -> frozenset[str]:
        """Fields that it refused, and answered without."""
        return self._left_out

    def leave_out(self, fields: frozenset[str]) -> None:
        """Remember fields that it refuses."""
        with self._lock:
            self._left_out |= fields
        for field in fields & {*_MISSING}:
            self.say_once(field)

    def doubt(self, status: int | None = None) -> None:
        """Take note that it was away: no connection, or a status that says so."""
        if status is None or status in _AWAY:
            self._is_doubted = True

    def is_still(self, kind: ServerKind) -> bool:
        """Whether it is of this kind; where it was away meanwhile, it is looked at again, and what
        it had refused is forgotten.
        """
        with self._lock:
            if self._is_doubted and self._look_again():
                self._is_doubted, self._left_out, self._hears = False, frozenset(), None
            return self._kind in (None, kind)

    def has_become_another(self, kind: ServerKind) -> bool:
        """Whether it is of another kind than it was taken for, which is looked at now."""
        with self._lock:
            self._look_again()
            return self._kind not in (None, kind)

    def _look_again(self) -> bool:
        """Whether it said what it is."""
        try:
            found = self._identified(self._entries())
        except (ServerUnavailable, ConfigurationError):
            return False  # its next answer is looked at
        if found != self._kind:
            self._kind, self._left_out, self._hears = found, frozenset(), None
        return True

    def say_once(self, what: str) -> None:
        """Say what it does not do, once in a process."""
        with self._lock:
            if what in self._said:
                return
            self._said.add(what)
        tell(f"{self.name} {_MISSING[what]}")

    def check_hearing(self, body: Body, prompt_tokens: int | None) -> None:
        """Make sure that sounds are part of what the model reads: once, by the count of tokens of
        the same question without them.

        Args:
            body: of a request with sounds that was answered.
            prompt_tokens: as the server counts them; where it does not, nothing can be known.

        Raises:
            SoundNotKept: the server leaves the sounds out.
        """
        if not self.kind().may_drop_sounds or self._hears or prompt_tokens is None:
            return
        with self._lock:
            if self._hears is None:
                self._hears = self._does_hear(body, prompt_tokens)
        if self._hears is False:
            raise SoundNotKept(
                f"{self.name}: leaves sounds out: a question has as many tokens without them;"
                f" {self._model} takes text alone there"
            )

    def _does_hear(self, body: Body, prompt_tokens: int) -> bool | None:
        """Whether sounds add tokens; None where it cannot be told now."""
        try:
            response = self._client.post(self.completions, json=without_sounds(body))
            if response.is_error:  # it wants a sound, or is in trouble
                return None if may_pass(response.status_code) else True
            silent_tokens = int(response.json()["usage"]["prompt_tokens"])
        except (httpx.HTTPError, ValueError, TypeError, LookupError):
            return None
        return prompt_tokens > silent_tokens

    def not_served(self, words: str) -> ModelNotServed:
        """The error of a model that it does not know."""
        return ModelNotServed(f"{self.name}: {words}; {self._remedy()}")

    def _remedy(self) -> str:
        if not self._listed:
            return "check the model's name, and the address: it ends in /v1 mostly"
        more = len(self._listed) - _SHOWN_MODELS
        shown = ", ".join(self._listed[:_SHOWN_MODELS]) + (f" and {more} more" if more > 0 else "")
        return f"give a name that the server knows: it lists {shown}"

    def _entries(self) -> Sequence[Mapping[str, Any]]:
        """What the server lists as its models; nothing where it has no such list.

        Raises:
            ServerUnavailable, ConfigurationError: as `check`.
        """
        response = self._get(f"{self._endpoint}/models")
        if may_pass(response.status_code) and response.status_code not in _NO_LIST:
            raise ServerUnavailable(f"{self.name}/models: {self._words.of_response(response)}")
        if response.status_code == httpx.codes.UNAUTHORIZED:
            words = self._words.of_response(response)
            raise ConfigurationError(f"{self.name}/models: {words}; check the server's key")
        try:
            found = response.json()["data"] if response.is_success else []
            entries = [entry for entry in found if isinstance(entry, dict) and entry.get("id")]
        except (ValueError, TypeError, LookupError):
            entries = []
        self._listed = tuple(str(entry["id"]) for entry in entries)
        return entries

    def _identified(self, entries: Sequence[Mapping[str, Any]]) -> ServerKind:
        known = self._configured or kind_of_list(entries, self._model)
        if known:
            return known
        response = self._get(f"{self._endpoint.removesuffix('/v1')}/openapi.json")
        try:
            paths = response.json()["paths"] if response.is_success else ()
            return kind_of_paths(map(str, paths)) or UNKNOWN
        except (ValueError, TypeError, LookupError):
            return UNKNOWN

    def _get(self, address: str) -> httpx.Response:
        return self._sent(self._client.build_request("GET", address, timeout=_LOOK_TIMEOUT_S))

    def _sent(self, request: httpx.Request) -> httpx.Response:
        """The answer to one look, tried twice: a server may have closed the kept connection.

        Raises:
            ServerUnavailable: there is none.
        """
        try:
            try:
                return self._client.send(request)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
                return self._client.send(request)
        except httpx.HTTPError as error:
            raise ServerUnavailable(f"{self.name}: no answer ({error!r}); is it up?") from error

    def _try(self, model: str) -> None:
        """Ask for one token of a model that the server does not list."""
        body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
        response = self._sent(self._client.build_request("POST", self.completions, json=body))
        status, words = response.status_code, self._words.of_response(response)
        if may_pass(status):
            raise ServerUnavailable(f"{self.name}: {model!r}: {words}; {self._remedy()}")
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise ConfigurationError(f"{self.name}: {words}; check the server's key")
        is_unknown = status in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED)
        if is_unknown or (response.is_error and speaks_of_model(response, model)):
            raise ConfigurationError(f"{self.name}: {model!r}: {words}; {self._remedy()}")
