"""Where recordings and results lie, and which of them a job takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.options.date_pattern import date_pattern
from schemas.options.option import OptionGroup, above_zero, not_negative, option, share

DateRule = Literal["auto", "path", "mtime", "bwf", "xmp", "created"]


def known_timezone(name: str) -> str | None:
    """A name of the time zone database."""
    import zoneinfo  # it looks for its data

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return "unknown; write a name such as Europe/Berlin"
    return None


@dataclass(frozen=True, kw_only=True)
class Source(OptionGroup):
    """Recordings."""

    source: str = option(
        "", "folder or gs://BUCKET/PREFIX of recordings", "SOURCE", positional=True, required=True
    )


@dataclass(frozen=True, kw_only=True)
class Results(OptionGroup):
    """Night."""

    out: str = option("", "folder or gs:// for tables, clips and ledger", "DIR", required=True)
    corpus: str = option("default", "name of the corpus (default: {default})", "NAME", key="")


@dataclass(frozen=True, kw_only=True)
class Interval(OptionGroup):
    """Night."""

    date: str | None = option(None, "one archive day, YYYY-MM-DD", "DAY", key="")
    since: str | None = option(None, "first archive day (default: all)", "DAY", key="")
    until: str | None = option(None, "last archive day (default: all)", "DAY", key="")


@dataclass(frozen=True, kw_only=True)
class Dating(OptionGroup):
    """Dates of objects."""

    date_from: DateRule = option(
        "auto",
        "what dates an object: a date in its path, its last change, or the first of the two that"
        " there is; before them a Broadcast Wave's origination date, the date in XMP, or the"
        " creation time of an MP4 or MOV (default: {default})",
    )
    date_pattern: str | None = option(
        None,
        "dates in paths are written so, as strftime has it: %d.%m.%Y is 21.11.2026; other dates"
        " count where there is none",
        "PATTERN",
        rule=date_pattern,
        recorded_at_default=False,
    )
    timezone: str = option(
        "UTC",
        "in which a change or a creation time has its day (default: {default})",
        "NAME",
        rule=known_timezone,
        recorded_at_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Holdings(OptionGroup):
    """What of an archive is taken."""

    any_suffix: bool = option(
        False,
        "look at files without or of unknown suffix too; what is no media is passed over",
        recorded_at_default=False,
    )
    follow_links: bool = option(
        False,
        "follow links of a folder that lead out of the archive",
        recorded_at_default=False,
    )


@dataclass(frozen=True, kw_only=True)
class Settling(OptionGroup):
    """Files that are still written."""

    settle_min: float = option(
        0.0,
        "leave a new file of a folder for the next plan that changes within so many minutes"
        " (default: {default})",
        "MIN",
        rule=not_negative,
    )


@dataclass(frozen=True, kw_only=True)
class MissingLimit(OptionGroup):
    """What the archive lacks."""

    max_missing_share: float = option(
        0.2,
        "share of a day's recordings, beyond the first two, that may be gone since it was planned"
        " or published (default: {default})",
        "SHARE",
        rule=share,
    )


@dataclass(frozen=True, kw_only=True)
class AcceptMissing(OptionGroup):
    """What the archive lacks."""

    accept_missing: bool = option(
        False, "go on where more is gone, or all; it leaves the tables", key=""
    )


@dataclass(frozen=True, kw_only=True)
class RecordingLimit(OptionGroup):
    """Length of recordings."""

    max_recording_h: float = option(
        24.0, "longer recordings become failures (default: {default})", "H", rule=above_zero
    )


@dataclass(frozen=True, kw_only=True)
class Sharding(OptionGroup):
    """Objects of a table."""

    shards: int = option(
        1,
        "objects per table and day; a day keeps the number it has (default: {default})",
        "N",
        rule=above_zero,
    )
