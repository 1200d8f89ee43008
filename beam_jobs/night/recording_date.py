"""The archive day that a recording belongs to, and the rule that found it.

Of several dates in a path the first one in the object's own name counts, else the last one of its
folders: `2026-11-21_rerun_of_1999-12-31.wav` is of 2026-11-21.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schemas.options.archive import DateRule
from schemas.options.date_pattern import pattern_expression

CONTENT_RULES = ("bwf", "xmp", "created")
"""Rules that read the object."""

_PATH_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:"
    r"[-_/.]?(\d\d)[-_/.]?(\d\d)"
    # a time behind it, down to minutes, seconds or milliseconds
    r"|(\d\d)(\d\d)(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\d{3})?)?"
    r")(?!\d)"
)


@dataclass(frozen=True)
class Dating:
    """How objects are dated.

    Attributes:
        rule: where the day is looked for first.
        pattern: of strftime, of dates in paths; they come before those that are known anyway.
        timezone: in which a time has its day.
    """

    rule: DateRule = "auto"
    pattern: str = ""
    timezone: str = "UTC"

    def day_of(self, moment: datetime.datetime) -> str:
        """The day of a moment, as YYYY-MM-DD."""
        return moment.astimezone(zoneinfo.ZoneInfo(self.timezone)).date().isoformat()


@dataclass(frozen=True)
class Day:
    """The day of an object.

    Attributes:
        date: YYYY-MM-DD.
        rule: that found it: pattern, path, mtime, bwf, xmp or created.
        others: further dates in its path, which do not count.
    """

    date: str
    rule: str
    others: tuple[str, ...] = ()


def day_of(
    name: str,
    modified: datetime.datetime | None,
    dating: Dating,
    stamp: Callable[[], str | None] = lambda: None,
) -> Day | None:
    """The archive day of an object, or None where the rule finds none.

    `path` takes a date in the path (2026-11-03, 2026/11/03, 20261103, 20261103233000), `mtime` the
    day of the last change, `auto` the first of the two that there is. The rules that read the
    object (`stamp` gives the day that it has in itself) are followed by `auto`.

    Args:
        name: the object's path below the archive.
        modified: its last change; None where it cannot be looked at.
        dating: the rules.
        stamp: the day that the object's content names.
    """
    if dating.rule in CONTENT_RULES and (stamped := stamp()):
        return Day(stamped, dating.rule)
    if dating.rule != "mtime" and (found := _day_in_path(name, dating.pattern)):
        return found
    if modified is None or dating.rule == "path":
        return None
    return Day(dating.day_of(modified), "mtime")


def _day_in_path(name: str, pattern: str) -> Day | None:
    if pattern:
        found = _one_of(list(_dates_of_pattern(name, pattern)), name, "pattern")
        if found:
            return found
    return _one_of(list(_dates(name)), name, "path")


def _one_of(dates: list[tuple[int, str]], name: str, rule: str) -> Day | None:
    if not dates:
        return None
    begin = name.rfind("/") + 1
    own = [date for end, date in dates if end > begin]
    chosen = own[0] if own else dates[-1][1]
    others = dict.fromkeys(date for _, date in dates if date != chosen)
    return Day(chosen, rule, tuple(others))


def _dates(name: str) -> Iterator[tuple[int, str]]:
    """Where each valid date ends, and the date."""
    for match in _PATH_DATE.finditer(name):
        month, day = (match[2], match[3]) if match[2] else (match[4], match[5])
        try:
            date = datetime.date(int(match[1]), int(month), int(day))
        except ValueError:
            continue
        yield match.end(), date.isoformat()


def _dates_of_pattern(name: str, pattern: str) -> Iterator[tuple[int, str]]:
    for match in pattern_expression(pattern).finditer(name):
        try:
            moment = datetime.datetime.strptime(match[0], pattern)
        except ValueError:
            continue
        yield match.end(), moment.date().isoformat()
