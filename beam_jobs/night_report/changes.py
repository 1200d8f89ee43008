"""What changed against the night before, as numbers with their direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from beam_jobs.night_report import number_format
from beam_jobs.night_report.figures import NightFigures

Direction = Literal["up", "down", "same", ""]
_POINT = 0.01


@dataclass(frozen=True)
class Change:
    """One measure before and now; the direction is empty where there is nothing to compare."""

    measure: str
    before: str
    now: str
    change: str
    direction: Direction


@dataclass(frozen=True)
class Changes:
    """Against which nights, what changed, and error classes that those nights did not have."""

    dates: tuple[str, ...]
    measures: tuple[Change, ...]
    new_errors: tuple[str, ...]
    gone_errors: tuple[str, ...]


def nights_before(dates: Sequence[str], earlier: Sequence[str]) -> tuple[str, ...]:
    """As many of the earlier nights as there are now, the latest; empty where there are none."""
    return tuple(earlier[-len(dates) :]) if dates else ()


def compare(now: NightFigures, before: NightFigures, dates: tuple[str, ...]) -> Changes:
    """The measures of a night beside those of the nights before. Pure."""
    earlier = {failure.error_class for failure in before.failures}
    later = {failure.error_class for failure in now.failures}
    return Changes(
        dates=dates,
        measures=(
            _count_change("Recordings", before.recordings, now.recordings),
            _duration_change("Hours in", before.duration_ms, now.duration_ms),
            _duration_change("Hours annotated", before.annotated_ms, now.annotated_ms),
            _share_change("Answers with a flag", before.flagged_share, now.flagged_share),
            _logprob("Mean log-probability", before.mean_logprob, now.mean_logprob),
            _share_change("Objects that failed", before.failed_share, now.failed_share),
        ),
        new_errors=tuple(sorted(later - earlier)),
        gone_errors=tuple(sorted(earlier - later)),
    )


def _count_change(measure: str, before: int, now: int) -> Change:
    change = f"{abs(now - before):,}{_relative(before, now)}"
    return _change(measure, f"{before:,}", f"{now:,}", now - before, change)


def _duration_change(measure: str, before: int, now: int) -> Change:
    change = f"{number_format.hours(abs(now - before))}{_relative(before, now)}"
    return _change(
        measure, number_format.hours(before), number_format.hours(now), now - before, change
    )


def _share_change(measure: str, before: float | None, now: float | None) -> Change:
    shown = number_format.share(before), number_format.share(now)
    if before is None or now is None:
        return Change(measure, *shown, number_format.NONE, "")
    points = round((now - before) / _POINT, 1)
    unit = "percentage point" if abs(points) == 1 else "percentage points"
    return _change(measure, *shown, points, f"{abs(points):g} {unit}")


def _logprob(measure: str, before: float | None, now: float | None) -> Change:
    shown = number_format.logprob(before), number_format.logprob(now)
    if before is None or now is None:
        return Change(measure, *shown, number_format.NONE, "")
    difference = round(now, 3) - round(before, 3)
    return _change(measure, *shown, round(difference, 3), f"{abs(difference):.3f}")


def _change(measure: str, before: str, now: str, difference: float, change: str) -> Change:
    if not difference:
        return Change(measure, before, now, "no change", "same")
    return Change(measure, before, now, change, "up" if difference > 0 else "down")


def _relative(before: int, now: int) -> str:
    return (
        f" ({number_format.share(abs(now - before) / before)})" if before and now != before else ""
    )
