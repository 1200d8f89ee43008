"""Words of any script in Latin letters, for CTC models that learnt such text, as MMS's did.

The package uroman does it (Hermjakob, May and Knight 2018), where it is installed: it is not among
this product's own packages.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

_PACKAGE = "uroman"


def romaniser_version() -> str:
    """The package's version; empty where it is not installed."""
    try:
        return version(_PACKAGE)
    except PackageNotFoundError:
        return ""


@functools.cache
def romaniser() -> Callable[[str], str] | None:
    """What gives a word's Latin form in lower case; None where the package is not installed.

    Its tables take some seconds to load, once per process.
    """
    if not romaniser_version():
        return None
    from uroman import Uroman

    tables = Uroman()

    @functools.lru_cache(maxsize=100_000)
    def romanise(word: str) -> str:
        return str(tables.romanize_string(word)).lower()

    return romanise
