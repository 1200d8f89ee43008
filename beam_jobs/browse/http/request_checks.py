"""What of a request is looked at before anybody is asked who it is: method, host, origin, body."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from beam_jobs.browse.http.refusal import Refusal

DATA = ("/api/", "/audio/", "/spectrogram/", "/charts/")
"""What pages of other origins have no business with; a link to a page of ours may come from all."""
SIGN_IN = "/api/sign-in"
SIGN_OUT = "/api/sign-out"
_POSTED = "/api/sql"
_WRITTEN: Mapping[str, tuple[str, ...]] = {
    "/api/review/": ("POST", "PUT", "DELETE"),
    "/api/withdraw/": ("POST", "PUT", "DELETE"),
    SIGN_IN: ("POST",),
    SIGN_OUT: ("POST",),
}
"""What is written where people sign in, by which methods; with a slash it is all below it."""
MOST_BODY_BYTES = 1 << 20
_BODY_WITHIN_S = 30.0


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def writes(scope: Scope, people_sign_in: bool) -> bool:
    """Whether a request writes.

    Raises:
        Refusal: 405, it is no request that this server takes.
    """
    method, path = scope["method"], scope["path"]
    if method in ("GET", "HEAD") or (method == "POST" and path == _POSTED):
        return False
    if not people_sign_in:
        raise Refusal(405, f"{method}: this server only reads")
    for place, methods in _WRITTEN.items():
        if path == place.rstrip("/") or (place.endswith("/") and path.startswith(place)):
            if method in methods:
                return True
            break
    raise Refusal(405, f"{method}: nothing is written at this address")


def check_host(headers: Headers) -> None:
    """A name of somebody else's that was made to point here must not reach the archive."""
    if not is_loopback(_host_name(headers.get("host", ""))):
        raise Refusal(403, "this server answers to localhost and 127.0.0.1 only")


def check_origin(scope: Scope, must_say: bool = False) -> None:
    """A page of another origin must not ask in the name of whoever looks at it.

    Browsers say where a request comes from; what says nothing is no browser, and `must_say` refuses
    it. Where a proxy has another name for this server than its page has, Sec-Fetch-Site decides.

    Raises:
        Refusal: 403.
    """
    if not scope["path"].startswith(DATA):
        return
    headers = Headers(scope=scope)
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site == "same-origin" or (site == "none" and not must_say)
    elif origin is not None:
        is_ours = origin.partition("://")[2] == headers.get("host")
    else:
        is_ours = not must_say
    if not is_ours:
        raise Refusal(403, "asked by a page of another site; open the archive page itself")


async def received_body(scope: Scope, receive: Receive) -> Receive:
    """The body of a request that writes, read whole; gives what hands it on.

    Raises:
        Refusal: it is no JSON by its type, is too large, or does not come.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "the request was cut off")
                body += message.get("body", b"")
                if len(body) > MOST_BODY_BYTES:
                    raise Refusal(413, f"more than {MOST_BODY_BYTES >> 20} MiB at once")
                more = message.get("more_body", False)
    except TimeoutError:
        raise Refusal(408, "the request did not come to its end") from None
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json":
        raise Refusal(415, "send JSON, as application/json")
    whole = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def handed_on() -> Message:
        return whole.pop() if whole else await receive()

    return handed_on


def _host_name(host: str) -> str:
    """The name in HOST:PORT; empty where it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
