"""Words as they are spoken: numerals and signs in English words, compounds in their parts.

The text keeps its numeral: "1984" is one word of a transcript, heard as "nineteen eighty four".
Numbers are written out by the package inflect. Years are read in two halves where English does.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Any

_SIGNS = {"&": "and", "%": "percent", "$": "dollars", "€": "euros", "£": "pounds"}
_NUMERAL = re.compile(r"([$€£]?)(\d+(?:,\d{3})+|\d+)(?:\.(\d+))?(st|nd|rd|th|s)?(?![^\W\d_])")
_LONGEST_NUMBER_DIGITS = 12
_YEARS = range(1100, 2100)


def spoken_form(normal: str) -> tuple[str, ...]:
    """The spoken words of a normalised one, in lower case without digits; none where it has none.

    "1984" is nineteen, eighty, four; "well-known" is well, known; "$5" is five, dollars.
    """
    written = _NUMERAL.sub(lambda found: f" {_numeral(found)} ", normal)
    for sign, spoken in _SIGNS.items():
        written = written.replace(sign, f" {spoken} ")
    apart = (sign if _is_kept(sign) else " " for sign in written)
    parts = (part.strip("'") for part in "".join(apart).split())
    return tuple(part for part in parts if part)


def has_numeral(normal: str) -> bool:
    """True where a word holds digits."""
    return any(sign.isdigit() for sign in normal)


def _is_kept(sign: str) -> bool:
    return sign == "'" or unicodedata.category(sign)[0] in "LM"


def _numeral(found: re.Match[str]) -> str:
    currency, whole, fraction, ending = found[1], found[2].replace(",", ""), found[3], found[4]
    if len(whole) > _LONGEST_NUMBER_DIGITS or (len(whole) > 1 and whole.startswith("0")):
        spoken = _digits(whole)
    elif ending in ("st", "nd", "rd", "th"):
        spoken = str(_engine().number_to_words(_engine().ordinal(int(whole)), andword=""))
    elif len(whole) == 4 and "," not in found[2] and not currency and not fraction:
        spoken = _year(int(whole)) if int(whole) in _YEARS else _cardinal(whole)
    else:
        spoken = _cardinal(whole)
    if ending == "s":
        spoken = f"{spoken[:-1]}ies" if spoken.endswith("y") else f"{spoken}s"
    if fraction:
        spoken += f" point {_digits(fraction)}"
    return f"{spoken} {_SIGNS.get(currency, '')}".replace("-", " ")


def _year(year: int) -> str:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return _cardinal(str(year))
    if rest == 0:
        return f"{_cardinal(str(century))} hundred"
    return f"{_cardinal(str(century))} {'oh ' if rest < 10 else ''}{_cardinal(str(rest))}"


def _cardinal(digits: str) -> str:
    return str(_engine().number_to_words(int(digits), andword="", comma="")).replace("-", " ")


def _digits(digits: str) -> str:
    return " ".join(_cardinal(digit) for digit in digits)


@functools.cache
def _engine() -> Any:
    import inflect

    return inflect.engine()
