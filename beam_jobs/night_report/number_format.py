"""How numbers, times and dates are written on the page."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

MS_PER_MINUTE = 60_000
NONE = "–"
_SPACE = "\N{NO-BREAK SPACE}"


def hours(ms: int) -> str:
    """A length as h:mm; below a minute in seconds."""
    if ms < MS_PER_MINUTE:
        return f"{ms / 1000:,.3g}{_SPACE}s" if ms else f"0{_SPACE}h"
    whole, minutes = divmod(round(ms / MS_PER_MINUTE), 60)
    return f"{whole:,}:{minutes:02d}{_SPACE}h"


def share(value: float | None) -> str:
    """A share in per cent; a small one is never 0 %, and a large one never 100 %."""
    if value is None:
        return NONE
    if 0 < value < 0.001:
        text = "< 0.1%"
    elif 0.999 < value < 1:
        text = "> 99.9%"
    else:
        text = f"{value:,.1%}".replace(".0%", "%")
    return text.replace(" ", _SPACE).replace("%", f"{_SPACE}%")


def share_of(part: int, whole: int) -> str:
    """A part in per cent of the whole."""
    return share(part / whole if whole else None)


def number(value: float) -> str:
    """At most three digits, or a whole number; a real minus."""
    text = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return text.replace("-", "−")


def amount(value: float | None) -> str:
    """A number, or that it is not known; a small one is never 0."""
    if value is None:
        return NONE
    return f"<{_SPACE}0.001" if 0 < value < 0.001 else number(value)


def cost(gpu_hours: float | None, gpu_price: float) -> str:
    """Money for GPU hours at a price per hour, in the price's currency; a little is never 0."""
    if gpu_hours is None:
        return NONE
    money = gpu_hours * gpu_price
    return f"<{_SPACE}0.01" if 0 < money < 0.01 else f"{money:,.2f}"


def logprob(value: float | None) -> str:
    """Three digits after the point, a real minus; what rounds to 0 has none."""
    return NONE if value is None else f"{round(value, 3) + 0.0:.3f}".replace("-", "−")


def count(number: int, one: str, many: str) -> str:
    """`1 recording`, `1,234 recordings`."""
    return f"{number:,} {one if number == 1 else many}"


def day(date: str) -> str:
    """`21 November 2026`."""
    value = datetime.date.fromisoformat(date)
    return f"{value.day} {value:%B %Y}"


def days(dates: Sequence[str]) -> str:
    """One day, or from when to when."""
    first, last = dates[0], dates[-1]
    return day(first) if first == last else f"{day(first)} to {day(last)}"


def file_name(uri: str) -> str:
    """The last part of an address."""
    return uri.rstrip("/").rpartition("/")[2] or uri
