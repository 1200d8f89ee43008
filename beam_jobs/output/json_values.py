"""Values of tables as JSON can hold them."""

from __future__ import annotations

import datetime
import json
import math
import re
from decimal import Decimal
from typing import Any

from af3core.plain_text import UNPRINTABLE

EXACT_INTEGERS = 2**53 - 1
"""Beyond it, a browser's numbers are not exact; such integers are texts."""


def as_json(value: Any) -> Any:
    """A value of DuckDB's for `json.dumps`: days and times as ISO, what JSON lacks as text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT_INTEGERS else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    if isinstance(value, Decimal):
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(key): as_json(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(held) for held in value]
    return str(value)


def to_bytes(value: Any) -> bytes:
    """JSON text as UTF-8, without spaces; `value` is made of what `as_json` gives."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def exact_json(value: Any) -> str:
    r"""The same for programs: every number stands with all its digits, and signs that move a
    terminal stand as `\u…`, which is the same text.
    """
    if isinstance(value, dict):
        pairs = (f"{exact_json(str(key))}: {exact_json(held)}" for key, held in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(exact_json, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = json.dumps(as_json(value), ensure_ascii=False, allow_nan=False)
    return UNPRINTABLE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _not_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"
