"""Names that somebody nearly wrote."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The name that is known and nearly this one; empty where there is none. Pure."""
    return next(iter(difflib.get_close_matches(name, list(known), 1)), "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`did you mean X? `, where a name that is known is nearly this one; else empty. Pure."""
    near = nearest(name, known)
    return f"did you mean {near}? " if near else ""
