"""What stands before every answer: who asks, from where, by which method; and security headers.

It stands before the application, so that no route can be without it.
"""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beam_jobs.browse.http.admission import Admission
from beam_jobs.browse.http.person import NOBODY, set_person
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.http.request_checks import (
    DATA,
    SIGN_IN,
    SIGN_OUT,
    check_host,
    check_origin,
    received_body,
    writes,
)

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
SIGN_IN_PAGE = "/sign-in"
_OPEN = (SIGN_IN_PAGE, SIGN_IN, SIGN_OUT)
"""What whoever is not signed in yet needs, with the files of the page: none says what is in the
archive."""
_FILES = "/static/"


class Guard:
    """The application behind its checks.

    Args:
        app: that is asked where nothing speaks against it.
        admission: tells who asks.
    """

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self._app = app
        self._admission = admission
        self._access = admission.access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            is_written = writes(scope, self._access.people is not None)
            if await self._sent_elsewhere(scope, is_written, send_with_headers):
                return
            if is_written:
                receive = await received_body(scope, receive)
        except Refusal as refusal:
            await _refuse(refusal, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    async def _sent_elsewhere(self, scope: Scope, is_written: bool, send: Send) -> bool:
        """Whether the browser was sent to another address; else the request may be answered.

        Raises:
            Refusal: it may not.
        """
        headers = Headers(scope=scope)
        self._check_host(headers)
        check_origin(scope, is_written and self._admission.is_in_the_browser(headers))
        address = self._without_token(scope)
        if address is not None:
            token = _given(scope)[1]
            cookie = self._admission.cookie(token, is_secure=False)
            await _send_to(address, send, {"set-cookie": cookie})
            return True
        try:
            self._set_person(scope)
        except Refusal as refusal:
            if refusal.status != 401 or not self._asks_for_page(scope):
                raise
            await _send_to(f"{SIGN_IN_PAGE}?{urlencode({'to': _path_of(scope)})}", send)
            return True
        return False

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket is opened by a page of ours, by who may ask; no token in its address counts."""
        try:
            self._check_host(Headers(scope=scope))
            check_origin(scope)
            if not scope["path"].startswith(DATA):
                raise Refusal(404, "there is nothing here")
            set_person(scope, self._admission.person(scope))
        except Refusal as refusal:
            await receive()
            await _refuse(refusal, send, "websocket.http.response")
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        if self._access.is_loopback:
            check_host(headers)

    def _set_person(self, scope: Scope) -> None:
        """Raise Refusal where a request needs a person, and nobody that may asks."""
        path = scope["path"]
        is_open = path in _OPEN or path.startswith(_FILES)
        if self._access.signs_in_by == "token" and is_open:
            set_person(scope, NOBODY)
        else:
            set_person(scope, self._admission.person(scope))

    def _asks_for_page(self, scope: Scope) -> bool:
        """Whether whoever asks sees a page, and can sign in there."""
        by_token = self._access.signs_in_by == "token"
        return by_token and scope["method"] == "GET" and not scope["path"].startswith(DATA)

    def _without_token(self, scope: Scope) -> str | None:
        """The page's address without the token that it brought, or None where it brought none.

        Raises:
            Refusal: it is a wrong one.
        """
        takes_tokens = self._access.token or self._access.signs_in_by == "token"
        if not takes_tokens or scope["method"] != "GET" or scope["path"].startswith(DATA):
            return None
        rest, token = _given(scope)
        if token is None:
            return None
        self._admission.person_of(token, scope)
        path = _path_of(scope).partition("?")[0]
        return f"{path}?{rest}" if rest else path


def _given(scope: Scope) -> tuple[str, str | None]:
    """An address's query without its token, and the token, or None."""
    given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    brought = [value for name, value in given if name == "token"]
    rest = urlencode([pair for pair in given if pair[0] != "token"])
    return rest, brought[-1] if brought else None


def _path_of(scope: Scope) -> str:
    """The address that is asked for, on this server and no other."""
    path = "/" + scope["raw_path"].decode("latin-1").lstrip("/\\")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


async def _send_to(address: str, send: Send, headers: dict[str, str] | None = None) -> None:
    await _answer(303, {"location": address, "content-length": "0", **(headers or {})}, b"", send)


async def _refuse(refusal: Refusal, send: Send, kind: str = "http.response") -> None:
    body = json.dumps({"error": str(refusal)}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    headers |= refusal.headers
    await _answer(refusal.status, headers, body, send, kind)


async def _answer(
    status: int, headers: dict[str, str], body: bytes, send: Send, kind: str = "http.response"
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": f"{kind}.start", "status": status, "headers": raw})
    await send({"type": f"{kind}.body", "body": body})
