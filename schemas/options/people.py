"""What `af3 people` takes, and the options of `af3 browse` that say who signs in."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal, get_args

from schemas.options.correcting import person_name
from schemas.options.option import OptionGroup, option

Role = Literal["reader", "editor", "keeper"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may: look; correct and review; withdraw and restore."""
_HEADER = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_SENT_BY_BROWSERS = ("authorization", "cookie", "host", "origin", "referer", "user-agent")


def _new_name(value: str) -> str | None:
    return person_name(value) if value else None


def _header(value: str) -> str | None:
    if value.lower() in _SENT_BY_BROWSERS:
        return "browsers send it themselves; name one that only the proxy sets"
    return None if _HEADER.fullmatch(value) else "the name of a header, such as X-Forwarded-User"


def _network(value: str) -> str | None:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        return "an address or a network, such as 10.0.0.7 or 10.0.0.0/24"
    return None if network.prefixlen else "that is every address; name the proxy's"


@dataclass(frozen=True, kw_only=True)
class People(OptionGroup):
    """People."""

    what: Literal["", "add", "revoke", "list"] = option(
        "", "add, revoke or list (default: list)", "ACTION", positional=True
    )
    name: str = option("", "whom to add or revoke", "NAME", positional=True, rule=_new_name)
    file: str = option("", "the file of people, such as people.toml", "FILE", required=True)
    role: Role | None = option(
        None, "readers look, editors correct and review, keepers withdraw too"
    )
    no_token: bool = option(False, "of add: a reverse proxy says who it is (--trust-header)")


@dataclass(frozen=True, kw_only=True)
class SigningIn(OptionGroup):
    """Who signs in."""

    people: str | None = option(
        None, "who may sign in, and with which role; af3 people writes the file", "FILE"
    )
    trust_header: str | None = option(
        None, "a reverse proxy's header that names the person, of --people", "HEADER", rule=_header
    )
    trusted_proxy: tuple[str, ...] = option(
        (),
        "whose header counts, an address or a network; repeatable (default: this machine)",
        "ADDRESS",
        rule=_network,
    )
