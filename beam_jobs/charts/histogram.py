"""How values are spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import MaxNLocator

from beam_jobs.charts.drawing import (
    INK,
    MAIN,
    QUIET,
    Words,
    as_svg,
    new_axes,
    new_figure,
    number,
    shorten,
    write_at,
)

_HEIGHT = 170
_MOST_BINS = 30
_TITLE_CHARACTERS = 46


def distribution(values: Sequence[float] | npt.NDArray[np.float64], title: str, unit: str) -> str:
    """A histogram with its median, as SVG text; what is no finite number is left out.

    Args:
        values: in any order.
        title: what stands above.
        unit: of the values, such as s; may be empty.
    """
    given = np.asarray(values, np.float64)
    finite = given[np.isfinite(given)]
    figure = new_figure(_HEIGHT)
    write_at(figure, 8, 16, "@title", bold=True)
    texts = {"@title": shorten(title, _TITLE_CHARACTERS)}
    if not len(finite):
        write_at(figure, 8, 36, "no values", color=QUIET)
        return as_svg(figure, Words(title, "No values."), texts)
    median, unit_after = float(np.median(finite)), f" {unit}" if unit else ""
    edges = _edges(finite)
    held, _ = np.histogram(finite, edges)
    axes = new_axes(figure, 44, 24, 14, 44)
    axes.stairs(held, edges, fill=True, color=MAIN, linewidth=0)
    room = 2 * (edges[-1] - edges[0]) if len(held) == 1 else 0
    axes.set_xlim(edges[0] - room, edges[-1] + room)
    axes.set_ylim(0, held.max() * 1.06)
    axes.axvline(median, color=INK, linewidth=1.2, linestyle=(0, (3, 2)))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    told = f"{len(finite):,} {'value' if len(finite) == 1 else 'values'}"
    middle = f"median {number(median, 3)}{unit_after}"
    texts["@median"] = f"{told}, {middle}"
    write_at(figure, 8, 33, "@median", color=QUIET)
    said = (
        f"{told} from {number(finite.min(), 3)} to {number(finite.max(), 3)}{unit_after}, {middle}."
    )
    return as_svg(figure, Words(title, said), texts)


def _edges(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Borders of the bins; values that are all equal stand in the middle of one."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        half = abs(low) / 20 or 0.5
        return np.array([low - half, low + half])
    bins = round(np.log2(len(values))) + 2
    ticks = MaxNLocator(min(_MOST_BINS, max(8, 2 * bins)), steps=[1, 2, 2.5, 5, 10])
    return np.asarray(ticks.tick_values(low, high))
