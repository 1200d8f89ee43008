"""Dates, lengths and times in English words: many a voice knows no digits. Pure."""

from __future__ import annotations

import datetime

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_DAYS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth"
    " fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first"
    " twenty-second twenty-third twenty-fourth twenty-fifth twenty-sixth twenty-seventh"
    " twenty-eighth twenty-ninth thirtieth thirty-first"
).split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()


def number_in_words(number: int) -> str:
    """From 0 to 999,999: `two thousand and five`."""
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return f"{_TENS[tens]}-{_SMALL[rest]}" if rest else _TENS[tens]
    size, name = (100, "hundred") if number < 1000 else (1000, "thousand")
    many, rest = divmod(number, size)
    words = f"{number_in_words(many)} {name}"
    if not rest:
        return words
    return f"{words}{' and' if rest < 100 else ''} {number_in_words(rest)}"


def day_in_words(date: str) -> str:
    """`2026-11-21` as `the twenty-first of November, twenty twenty-six`."""
    day = datetime.date.fromisoformat(date)
    return f"the {_DAYS[day.day - 1]} of {_MONTHS[day.month - 1]}, {_year_in_words(day.year)}"


def length_in_words(duration_ms: int) -> str:
    """To the nearest second: `one hour, two minutes and ten seconds`."""
    parts = _parts(round(duration_ms / 1000))
    if len(parts) < 2:
        return parts[0] if parts else "less than a second"
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def time_in_words(time_ms: int) -> str:
    """The second that it lies in: `two minutes ten`, `one hour ten seconds`, `the start`."""
    seconds = time_ms // 1000
    parts = _parts(seconds)
    if seconds % 60 and seconds // 60 % 60:
        parts[-1] = number_in_words(seconds % 60)
    return " ".join(parts) or "the start"


def _parts(seconds: int) -> list[str]:
    counted = ((seconds // 3600, "hour"), (seconds // 60 % 60, "minute"), (seconds % 60, "second"))
    return [f"{number_in_words(n)} {name}{'s' * (n != 1)}" for n, name in counted if n]


def _year_in_words(year: int) -> str:
    century, rest = divmod(year, 100)
    if year < 1000 or year % 1000 < 10:
        return number_in_words(year)
    if not rest:
        return f"{number_in_words(century)} hundred"
    return f"{number_in_words(century)} {'oh ' * (rest < 10)}{number_in_words(rest)}"
