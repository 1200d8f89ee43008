"""A pattern of dates as strftime writes them, for names such as `21.11.2026.mp3`. Standard library
only.
"""

from __future__ import annotations

import datetime
import functools
import re

_PARTS = {
    "Y": r"\d{4}",
    "y": r"\d{2}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "j": r"\d{1,3}",
    "H": r"\d{1,2}",
    "I": r"\d{1,2}",
    "M": r"\d{1,2}",
    "S": r"\d{1,2}",
    "f": r"\d{1,6}",
    "p": r"[AaPp][Mm]",
    "b": r"[^\W\d_]{3}",
    "B": r"[^\W\d_]{3,}",
    "a": r"[^\W\d_]{3}",
    "A": r"[^\W\d_]{3,}",
    "%": "%",
}
_TWO_DIGITS = {"m", "d", "H", "I", "M", "S"}
_DIRECTIVE = re.compile("%(.?)")


def date_pattern(pattern: str) -> str | None:
    """What is wrong with a pattern of `--date-pattern`, or None."""
    named = {match[1] for match in _DIRECTIVE.finditer(pattern)}
    unknown = sorted(named - set(_PARTS))
    if unknown:
        return f"%{unknown[0]} is none that can be looked for; take of %{' %'.join(_PARTS)}"
    has_day = "j" in named or ("d" in named and named & {"m", "b", "B"})
    if not (named & {"Y", "y"} and has_day):
        return "names no whole day; write one such as %d.%m.%Y"
    if _repeated(pattern):
        return "names a part of the date twice; name each once"
    return None


@functools.cache
def pattern_expression(pattern: str) -> re.Pattern[str]:
    """What finds dates of a pattern in a name; digits around one make it another number."""
    parts, at = [], 0
    for match in _DIRECTIVE.finditer(pattern):
        follows = pattern[match.end() : match.end() + 1]
        parts.append(re.escape(pattern[at : match.start()]))
        # parts that touch have all their digits, or nobody could tell them apart
        is_fixed = match[1] in _TWO_DIGITS and (follows == "%" or _touches(pattern, match.start()))
        parts.append(r"\d{2}" if is_fixed else _PARTS[match[1]])
        at = match.end()
    parts.append(re.escape(pattern[at:]))
    return re.compile(rf"(?<!\d)(?:{''.join(parts)})(?!\d)")


def _touches(pattern: str, start: int) -> bool:
    return start >= 2 and pattern[start - 2] == "%"


def _repeated(pattern: str) -> bool:
    try:
        datetime.datetime.strptime("", pattern)
    except re.error:
        return True
    except ValueError:
        return False
    return False
