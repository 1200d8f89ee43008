"""A judge's reply, as points: JSON, a bare number, or nothing that can be read."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

_NUMBER = r"(-?\d+(?:\.\d+)?)(?:\s*(?:/|out of)\s*(\d+))?"
_BARE = re.compile(rf"[^\w-]*{_NUMBER}[^\w-]*", re.IGNORECASE)
_DOUBLE_BRACKETS = re.compile(r"\[\[\s*(-?\d+(?:\.\d+)?)\s*\]\]")
_NAMED = re.compile(
    rf"\b(?:score|rating|points)\b(?:\s+(?:is|of|as))?[^\w-]+{_NUMBER}(?![\w%]|\.\d)", re.IGNORECASE
)


def points_of(
    reply: str, keys: Sequence[str] = ("score",), least: float = 1, most: float = 10
) -> float | None:
    """The points that a reply gives, from `least` to `most`; None where it gives none.

    Read are, in this order: a JSON object that has all `keys`, whose mean is taken, also within
    prose or a code block; "[[8]]"; a number alone, such as "8", "**8**" or "8/10"; "score: 8".
    Points out of range, or out of another total, are none.
    """
    for found in _objects(reply):
        values = [_number(found.get(key)) for key in keys]
        if all(value is not None and least <= value <= most for value in values):
            return sum(value for value in values if value is not None) / len(values)
    if len(keys) > 1:
        return None
    if match := _DOUBLE_BRACKETS.search(reply):
        return _within(match[1], None, least, most)
    if match := _BARE.fullmatch(reply) or _NAMED.search(reply):
        return _within(match[1], match[2], least, most)
    return None


def verdict_of(reply: str) -> float | None:
    """1 for yes, 0 for no, as JSON (`{"score": 1}`), a number or a word; else None."""
    word = re.match(r"\W*(yes|no)\b", reply, re.IGNORECASE)
    if word:
        return float(word[1].lower() == "yes")
    points = points_of(reply, least=0, most=1)
    return points if points in (0.0, 1.0) else None


def _objects(reply: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder()
    for opening in re.finditer(r"\{", reply):
        try:
            found, _ = decoder.raw_decode(reply, opening.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            yield found


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _within(points: str, total: str | None, least: float, most: float) -> float | None:
    if total is not None and float(total) != most:
        return None
    return float(points) if least <= float(points) <= most else None
