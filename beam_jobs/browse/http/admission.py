"""Who it is that asks: by the one token of all readers, a token of their own, or a proxy's word."""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers
from starlette.types import Scope

from beam_jobs.browse.http.person import NOBODY, Person
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.http.request_checks import is_loopback
from beam_jobs.browse.http.wrong_tokens import WrongTokens, parse_address
from beam_jobs.people.people_file import ListedPerson, sha256_of
from beam_jobs.people.watched_people import PeopleUnknown, WatchedPeople

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_BEARER = "bearer "
NEEDED = "a token is needed; open the address that af3 browse printed"
WRONG = "the token is wrong; open the address that af3 browse printed"
NOT_SIGNED_IN = "nobody is signed in: open /sign-in, and enter your token"
NOBODYS_TOKEN = "the token is nobody's, or no longer: ask whoever runs the archive page for another"  # noqa: S105 (a sentence)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def is_token(text: str) -> bool:
    """Whether a text has the form of a token."""
    return _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True)
class ProxyHeader:
    """The header of reverse proxies that says who asks, and the networks of those proxies."""

    name: str
    proxies: tuple[Network, ...]

    def is_from(self, address: str) -> bool:
        """Whether a proxy of ours asks from the address."""
        found = parse_address(address)
        return found is not None and any(found in network for network in self.proxies)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        host: address that is listened at.
        port: of the address; cookies know no ports, so that their name has it.
        token: of all readers; empty on the loopback address where none was given, and with people.
        people: who signs in, each with a role; None: nobody does, and nothing is written.
        header: says who asks, instead of tokens.
    """

    host: str
    port: int
    token: str = ""
    people: WatchedPeople | None = None
    header: ProxyHeader | None = None

    @property
    def cookie(self) -> str:
        return f"af3_browse_{self.port}"

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def signs_in_by(self) -> str:
        """`token`, `proxy`, or empty where nobody signs in."""
        return "" if self.people is None else "proxy" if self.header else "token"


class Admission:
    """Tells who asks.

    Args:
        access: who may.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self._wrong = WrongTokens()
        self._admitted: set[str] = set()
        """Hashes of right tokens: they go on while their address is refused others."""
        self._of_all = sha256_of(access.token) if access.token else ""

    def person(self, scope: Scope) -> Person:
        """Who asks.

        Raises:
            Refusal: nobody that may; the status says how: 401, 403, 429 or 503.
        """
        access, headers = self.access, Headers(scope=scope)
        if access.people is not None and access.header is not None:
            return self._named_by_proxy(access.people, access.header, scope, headers)
        if access.people is None and not access.token:
            return NOBODY
        token = self.token_of(headers)
        if not token:
            raise Refusal(401, NOT_SIGNED_IN if access.people else NEEDED)
        return self.person_of(token, scope, NOBODYS_TOKEN if access.people else NEEDED)

    def person_of(self, token: str, scope: Scope, refusal: str = "") -> Person:
        """Whose token it is.

        Raises:
            Refusal: 401, nobody's; 429, this address was wrong too often; 503, the file of people
                cannot be read.
        """
        digest = sha256_of(token)
        if digest not in self._admitted:
            self._wrong.check(_peer(scope))
        person = self._holder(token, digest)
        if person is None:
            self._admitted.discard(digest)
            if token:
                self._wrong.add(_peer(scope), digest)
            raise Refusal(401, refusal or (NOBODYS_TOKEN if self.access.people else WRONG))
        self._admitted.add(digest)
        return person

    def token_of(self, headers: Headers) -> str:
        """The token that a request brings: in `Authorization`, else in the cookie."""
        given = headers.get("authorization", "")
        if self.access.people is not None and given.lower().startswith(_BEARER):
            return given[len(_BEARER) :].strip()
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(self.access.cookie)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def is_in_the_browser(self, headers: Headers) -> bool:
        """Whether it is the browser that says who asks, also where another page made it ask."""
        return self.access.header is not None or self.access.cookie in headers.get("cookie", "")

    def cookie(self, token: str, is_secure: bool) -> str:
        """The header that has a browser keep a token; without one, that has it forget it."""
        parts = [f"{self.access.cookie}={token}", "HttpOnly", "SameSite=Strict", "Path=/"]
        if not token:
            parts.append("Max-Age=0")
        return "; ".join([*parts, "Secure"] if is_secure else parts)

    def _holder(self, token: str, digest: str) -> Person | None:
        people = self.access.people
        if people is None:
            return NOBODY if hmac.compare_digest(digest, self._of_all) else None
        found = _known(lambda: people.with_token(token)) if is_token(token) else None
        return Person(found.name, found.role) if found else None

    def _named_by_proxy(
        self, people: WatchedPeople, header: ProxyHeader, scope: Scope, headers: Headers
    ) -> Person:
        given = headers.getlist(header.name)
        if not header.is_from(_peer(scope)):
            if given:
                raise Refusal(403, f"{header.name} counts from the proxy alone: sign in there")
            raise Refusal(401, "nobody is signed in: come through the proxy that signs people in")
        if len(given) != 1 or not given[0].strip():
            raise Refusal(401, f"the proxy named nobody: it has to set {header.name} once")
        name = _as_utf8(given[0].strip())
        found = _known(lambda: people.named(name))
        if found is None:
            raise Refusal(403, f"{name} is none of those who may use this archive page")
        return Person(found.name, found.role)


def _known(ask: Callable[[], ListedPerson | None]) -> ListedPerson | None:
    try:
        return ask()
    except PeopleUnknown as error:
        raise Refusal(503, str(error)) from error


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _as_utf8(value: str) -> str:
    """A header's text, which is read as Latin-1, as most proxies write it."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
