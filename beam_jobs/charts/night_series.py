"""Hours that came in by night: annotated, skipped, failed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from beam_jobs.charts.drawing import (
    ALERT,
    MAIN,
    PALE,
    QUIET,
    Words,
    as_svg,
    join_parts,
    new_axes,
    new_figure,
    number,
    shorten,
    write_at,
)

_HEIGHT = 190
_LONGEST_CALENDAR_DAYS = 62
"""Over more days than that, nights stand side by side, and no gap shows that one is missing."""

_TITLE_CHARACTERS = 46
_LEGEND = (("annotated", MAIN, 50), ("skipped", PALE, 130), ("failed", ALERT, 196))
_FEWEST_COLUMNS = 9
_PLOT_WIDTH = 290
_SHORT_DATE = 56
_LONG_DATE = 84


@dataclass(frozen=True)
class NightHours:
    """Hours of one night (YYYY-MM-DD) by what became of them."""

    date: str
    annotated_h: float
    skipped_h: float
    failed_h: float


def hours_by_night(
    nights: Sequence[NightHours], title: str = "Hours by night", most_h: float | None = None
) -> str:
    """A column per night, as SVG text; in minutes where no night has an hour.

    Args:
        nights: in any order; a date comes once.
        title: what stands above.
        most_h: end of the axis, where several charts are to be compared.

    Raises:
        ValueError: a date is no YYYY-MM-DD.
    """
    ordered = sorted(nights, key=lambda night: night.date)
    dates = [datetime.date.fromisoformat(night.date) for night in ordered]
    figure = new_figure(_HEIGHT)
    write_at(figure, 8, 16, "@title", bold=True)
    texts = {"@title": shorten(title, _TITLE_CHARACTERS)}
    if not ordered:
        write_at(figure, 8, 36, "no nights", color=QUIET)
        return as_svg(figure, Words(title, "No nights."), texts)
    by_calendar = (dates[-1] - dates[0]).days < _LONGEST_CALENDAR_DAYS
    places = [(date - dates[0]).days if by_calendar else n for n, date in enumerate(dates)]
    axes = new_axes(figure, 34, 24, 22 if by_calendar else 36, 46)
    highest_h = most_h or max(map(_total_h, ordered)) or 1
    unit, per_hour = ("min", 60) if highest_h < 1 else ("hours", 1)
    _draw_columns(axes, places, ordered, per_hour)
    axes.set_ylim(0, highest_h * per_hour * 1.02)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    margin = max(0.6, (_FEWEST_COLUMNS - places[-1]) / 2)
    axes.set_xlim(-margin, places[-1] + margin)
    marks = _marks(places, _SHORT_DATE if by_calendar else _LONG_DATE, 2 * margin)
    form = "{0.day} {0:%b}" if by_calendar else "{0:%Y-%m-%d}"
    axes.set_xticks([places[n] for n in marks], [form.format(dates[n]) for n in marks])
    write_at(figure, 8, 34, unit, color=QUIET)
    for name, colour, x in _LEGEND:
        write_at(figure, x, 34, "■", color=colour)
        write_at(figure, x + 12, 34, name, color=QUIET)
    return as_svg(
        figure, Words(title, join_parts([_night_text(night) for night in ordered])), texts
    )


def _draw_columns(
    axes: Axes, places: Sequence[int], nights: Sequence[NightHours], per_hour: int
) -> None:
    for place, night in zip(places, nights, strict=True):
        bottom = 0.0
        for hours, colour in (
            (night.annotated_h, MAIN),
            (night.skipped_h, PALE),
            (night.failed_h, ALERT),
        ):
            if hours > 0:
                height = hours * per_hour
                axes.bar(place, height, 0.78, bottom, color=colour, linewidth=0, clip_on=False)
                bottom += height


def _total_h(night: NightHours) -> float:
    return night.annotated_h + night.skipped_h + night.failed_h


def _night_text(night: NightHours) -> str:
    return (
        f"{night.date}: {night.annotated_h:,.2f} h annotated, {night.skipped_h:,.2f} h skipped,"
        f" {night.failed_h:,.2f} h failed"
    )


def _marks(places: Sequence[int], label_width: float, margins: float) -> list[int]:
    """The nights whose dates are written: the last, and earlier ones as far as there is room."""
    per_place = _PLOT_WIDTH / (places[-1] + margins)
    chosen = [len(places) - 1]
    for n in range(len(places) - 2, -1, -1):
        if (places[chosen[-1]] - places[n]) * per_place >= label_width:
            chosen.append(n)
    return chosen[::-1]
