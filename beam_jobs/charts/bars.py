"""How often something was counted."""

from __future__ import annotations

from collections.abc import Sequence

from beam_jobs.charts.drawing import (
    INK,
    MAIN,
    QUIET,
    TEXT_SIZE,
    WIDTH,
    Words,
    as_svg,
    join_parts,
    new_axes,
    new_figure,
    shorten,
    write_at,
)

_ROW = 20
_LABEL_WIDTH = 158
_COUNT_WIDTH = 54
_LABEL_CHARACTERS = 26
_TITLE_CHARACTERS = 46


def counts(items: Sequence[tuple[str, int]], title: str) -> str:
    """A bar per item with its count, in the given order, as SVG text."""
    figure = new_figure(30 + _ROW * max(1, len(items)))
    write_at(figure, 8, 16, "@title", bold=True)
    texts = {"@title": shorten(title, _TITLE_CHARACTERS)}
    if not items:
        write_at(figure, 8, 38, "none", color=QUIET)
        return as_svg(figure, Words(title, "None."), texts)
    axes = new_axes(figure, _LABEL_WIDTH, 2, _COUNT_WIDTH, 28, grid="")
    axes.axis("off")
    rows = range(len(items))
    most = max(1, *(number for _, number in items))
    axes.barh(
        rows, [number for _, number in items], height=0.62, color=MAIN, linewidth=0, clip_on=False
    )
    axes.set_xlim(0, most)
    axes.set_ylim(len(items) - 0.5, -0.5)
    bar_width = WIDTH - _LABEL_WIDTH - _COUNT_WIDTH
    for row, (label, number) in enumerate(items):
        texts[f"@label{row}"] = shorten(label, _LABEL_CHARACTERS)
        from_top = 28 + _ROW * (row + 0.5) + TEXT_SIZE * 0.35
        write_at(figure, 8, from_top, f"@label{row}")
        end = _LABEL_WIDTH + bar_width * number / most
        write_at(figure, end + 5, from_top, f"{number:,}", color=INK)
    said = [f"{label}: {number:,}" for label, number in items]
    return as_svg(figure, Words(title, join_parts(said)), texts)
