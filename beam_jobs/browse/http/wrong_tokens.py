"""How often an address may be wrong about a token: guessing is slow, who is signed in works on."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable

from beam_jobs.browse.http.refusal import Refusal

MOST_WRONG = 20
WITHIN_S = 60.0
_MOST_ADDRESSES = 10_000
_TOO_MANY = 429


class WrongTokens:
    """Wrong tokens by address; the same one again, as of a page that was left open, counts once.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, dict[str, float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Whether the address may offer another token.

        Raises:
            Refusal: 429, it was wrong too often; says when it may again.
        """
        wrong = self._recent(network_of(address))
        if len(wrong) >= MOST_WRONG:
            wait_s = math.ceil(min(wrong.values()) + WITHIN_S - self._clock())
            raise Refusal(
                _TOO_MANY,
                f"too many wrong tokens from this address: try again in {max(1, wait_s)} s",
                {"retry-after": str(max(1, wait_s))},
            )

    def add(self, address: str, token_sha256: str) -> None:
        """Count a wrong token."""
        network = network_of(address)
        wrong = self._recent(network)
        wrong.setdefault(token_sha256, self._clock())
        self._wrong[network] = wrong
        self._wrong.move_to_end(network)
        while len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def _recent(self, network: str) -> dict[str, float]:
        since = self._clock() - WITHIN_S
        wrong = self._wrong.get(network, {})
        return {token: at_s for token, at_s in wrong.items() if at_s > since}


def network_of(address: str) -> str:
    """What belongs to one machine: an IPv4 address, or the 64 bits of IPv6 that a host is given."""
    found = parse_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def parse_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address; IPv4 that arrives at a socket of IPv6 as IPv4; None where it is none."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
