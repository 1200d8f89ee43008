"""Who may ask, and what every answer carries: token, host, origin, security headers.

It stands before the application, so that no route can be without it.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beam_jobs.browse.http.refusal import Refusal

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
_DATA = ("/api/", "/audio/", "/spectrogram/", "/charts/")
"""What pages of other origins have no business with; a link to a page of ours may come from all."""
_POSTED = "/api/sql"


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        host: address that is listened at.
        port: of the address; cookies know no ports, so that their name has it.
        token: empty on the loopback address where none was given.
    """

    host: str
    port: int
    token: str = ""

    @property
    def cookie(self) -> str:
        return f"af3_browse_{self.port}"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """The application behind its checks.

    Args:
        app: that is asked where nothing speaks against it.
        access: who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

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
            _check_method(scope)
            self._check_host(Headers(scope=scope))
            _check_origin(scope)
            address = self._without_token(scope)
        except Refusal as refusal:
            await _refuse(refusal, send_with_headers)
            return
        if address is None:
            await self._app(scope, receive, send_with_headers)
        else:
            await self._admit(address, send_with_headers)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A socket is opened by a page of ours, by who may ask; no token in its address counts."""
        try:
            headers = Headers(scope=scope)
            self._check_host(headers)
            _check_origin(scope)
            if not scope["path"].startswith(_DATA):
                raise Refusal(404, "there is nothing here")
            self._check_cookie(headers)
        except Refusal as refusal:
            await receive()
            await _refuse(refusal, send, "websocket.http.response")
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        """A name of somebody else's that was made to point here must not reach the archive."""
        if self._access.is_loopback and not is_loopback(_host_name(headers.get("host", ""))):
            raise Refusal(403, "this server answers to localhost and 127.0.0.1 only")

    def _without_token(self, scope: Scope) -> str | None:
        """The page's address without the token that it brought, or None where none is needed.

        Raises:
            Refusal: there is no token, or a wrong one.
        """
        if not self._access.token:
            return None
        given = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        brought = [value for name, value in given if name == "token"]
        if brought and scope["method"] == "GET" and not scope["path"].startswith(_DATA):
            if not self._is_token(brought[-1]):
                raise Refusal(401, "the token is wrong; open the address that af3 browse printed")
            rest = urlencode([pair for pair in given if pair[0] != "token"])
            path = "/" + scope["raw_path"].decode("latin-1").lstrip("/\\")
            return f"{path}?{rest}" if rest else path
        self._check_cookie(Headers(scope=scope))
        return None

    def _check_cookie(self, headers: Headers) -> None:
        if self._access.token and not self._is_token(self._cookie_of(headers)):
            raise Refusal(401, "a token is needed; open the address that af3 browse printed")

    def _cookie_of(self, headers: Headers) -> str:
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self._access.cookie)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._access.token.encode())

    async def _admit(self, address: str, send: Send) -> None:
        cookie = f"{self._access.cookie}={self._access.token}; HttpOnly; SameSite=Strict; Path=/"
        headers = {"location": address, "set-cookie": cookie, "content-length": "0"}
        await _answer(303, headers, b"", send)


def _check_method(scope: Scope) -> None:
    if scope["method"] in ("GET", "HEAD"):
        return
    if scope["method"] != "POST" or scope["path"] != _POSTED:
        raise Refusal(405, f"{scope['method']}: this server only reads")


def _check_origin(scope: Scope) -> None:
    """A page of another origin must not ask in the name of whoever looks at it.

    Browsers say where a request comes from; what says nothing is no browser.
    """
    if not scope["path"].startswith(_DATA):
        return
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    other = origin is not None and origin.partition("://")[2] != headers.get("host")
    if other or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise Refusal(403, "asked by a page of another site; open the archive page itself")


def _host_name(host: str) -> str:
    """The name in HOST:PORT; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _refuse(refusal: Refusal, send: Send, kind: str = "http.response") -> None:
    body = json.dumps({"error": str(refusal)}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))}
    await _answer(refusal.status, headers, body, send, kind)


async def _answer(
    status: int, headers: dict[str, str], body: bytes, send: Send, kind: str = "http.response"
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": f"{kind}.start", "status": status, "headers": raw})
    await send({"type": f"{kind}.body", "body": body})
