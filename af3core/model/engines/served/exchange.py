"""One request on its way: what is sent, and what is sent instead where the server refuses it."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from af3core.errors import ModelError, SettingUnsupported, SoundNotKept
from af3core.model.engines.served.body import LEAVABLE, SETTING_OF_FIELD, Body
from af3core.model.engines.served.kinds import ServerKind
from af3core.model.engines.served.known_server import KnownServer
from af3core.model.engines.served.retries import may_pass
from af3core.model.engines.served.words import ServerWords, fields_named, speaks_of_model

_CONFIGURATION_STATUSES = {401, 403}  # a key, which may be put right
_RENEWALS = 2
"""How often a request is put anew to a server that has become another: two may share a name."""

Write = Callable[[ServerKind, frozenset[str]], Body]
"""The body for a kind of server, without some fields of `LEAVABLE`."""


class RequestRefused(ModelError):
    """The server says that the request is wrong (HTTP 4xx)."""

    permanent = True


class Exchange:
    """The tries of one request, as far as they teach what the server takes.

    A field that may be missing is left out where the server refuses it; that is remembered once
    the server has answered without. Any other field that it refuses is a setting that it lacks.
    """

    def __init__(self, server: KnownServer, words: ServerWords, model: str, write: Write) -> None:
        self._server = server
        self._words = words
        self._model = model
        self._write = write
        self._kind = server.kind()
        self._left_out = server.left_out()
        self._tried_without: frozenset[str] = frozenset()
        self._first = ""
        self._renewals = 0
        self._content: bytes | None = None
        self.body: Body = {}

    def content(self) -> bytes:
        """The body of the next try.

        Raises:
            ModelError: the server does not take such a request.
        """
        if self._content is None:
            try:
                self.body = self._write(self._kind, self._left_out)
            except SettingUnsupported as error:
                said = f"{self._server.name}: {error}"
                raise SettingUnsupported(said, error.settings) from error
            except SoundNotKept as error:
                raise SoundNotKept(f"{self._server.name}: {error}") from error
            self._content = json.dumps(self.body).encode()
        return self._content

    def is_of_another(self) -> bool:
        """Whether the answer came from a server of another kind than was asked, and the request is
        to be sent as that one takes it.
        """
        if self._renewals == _RENEWALS or self._server.is_still(self._kind):
            return False
        self._begin_anew()
        return True

    def succeed(self) -> None:
        """Take note of an answer."""
        self._server.leave_out(self._tried_without)

    def take_refusal(self, response: httpx.Response) -> bool:
        """Whether to send at once what `content` gives now; False where the server is in trouble.

        Raises:
            ModelNotServed: it does not know the model.
            SettingUnsupported: it does not take a setting.
            SoundNotKept: it takes no sounds.
            RequestRefused: the request is wrong.
        """
        status = response.status_code
        if not 400 <= status < 500 or may_pass(status) or status in _CONFIGURATION_STATUSES:
            return False
        self._first = self._first or self._words.of_response(response)
        if status == httpx.codes.NOT_FOUND or speaks_of_model(response, self._model):
            raise self._server.not_served(self._first)
        named = fields_named(response, self.body.keys() - {"model", "messages"})
        if leavable := (named | self._renamed(response)) & LEAVABLE - self._left_out:
            self._left_out |= leavable
            self._tried_without |= leavable
            self._content = None
            return True
        is_about_sounds = fields_named(response, ["audio_url", "input_audio"])
        can_renew = (named or is_about_sounds) and self._renewals < _RENEWALS
        if can_renew and self._server.has_become_another(self._kind):
            self._begin_anew()
            return True
        settings = frozenset(SETTING_OF_FIELD[name] for name in named & SETTING_OF_FIELD.keys())
        if settings:
            raise SettingUnsupported(f"{self._server.name}: {self._first}", settings)
        if is_about_sounds:
            raise SoundNotKept(
                f"{self._server.name}: {self._first}; a model that hears takes sounds there, if"
                " --server is right"
            )
        raise RequestRefused(f"{self._server.name}: {self._first}")

    def _renamed(self, response: httpx.Response) -> set[str]:
        """`max_tokens`, where the server speaks of the name that took its place."""
        wanted = fields_named(response, ["max_completion_tokens"])
        return {"max_tokens"} if wanted and "max_tokens" in self.body else set()

    def _begin_anew(self) -> None:
        self._renewals += 1
        self._kind, self._left_out = self._server.kind(), self._server.left_out()
        self._content, self._first, self._tried_without = None, "", frozenset()
