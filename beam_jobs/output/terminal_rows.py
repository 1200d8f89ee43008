"""Rows on a terminal: a table where it fits, else one column a line. Values are text alone: none is
markup, and no character of theirs moves the terminal. Nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from af3core.plain_text import printable
from beam_jobs.output.common_folder import common_folder
from beam_jobs.output.row_forms import Row, text_of

ADDRESS_COLUMN = "object_uri"
NULL = "NULL"
_FRAME = 3
"""Signs between two columns; one more stands at the end."""
_READABLE = 24
"""Text is broken at its spaces, into columns of no less than this."""


def rows_text(columns: Sequence[str], rows: Sequence[Row], width: int | None) -> str:
    """Rows for a terminal of so many columns; None has room for any table."""
    cells = [[_shown(value) for value in row] for row in rows]
    note = _without_common_folder(columns, cells)
    names = [printable(name) for name in columns]
    widest = [_widths(name, [row[n] for row in cells]) for n, name in enumerate(names)]
    natural = sum(most + _FRAME for most, _ in widest) + 1
    narrow = sum(least + _FRAME for _, least in widest) + 1
    if width is None or narrow <= width:
        numbers = [_is_number(row[n] for row in rows) for n in range(len(names))]
        return note + _table(names, cells, numbers, natural if width is None else width)
    return note + "".join(_one_below_the_other(names, row, n, width) for n, row in enumerate(cells))


def _shown(value: Any) -> str:
    if value is None:
        return NULL
    return "\n".join(map(printable, text_of(value).split("\n")))


def _without_common_folder(columns: Sequence[str], cells: list[list[str]]) -> str:
    """Take the folder that addresses share from them; gives the line that says it."""
    if list(columns).count(ADDRESS_COLUMN) != 1:
        return ""
    place = list(columns).index(ADDRESS_COLUMN)
    addresses = [row[place] for row in cells if row[place] != NULL]
    folder = common_folder(addresses)
    for row in cells if folder else ():
        row[place] = row[place].removeprefix(folder)
    return f"{ADDRESS_COLUMN} below {folder}\n" if folder else ""


def _widths(name: str, cells: Sequence[str]) -> tuple[int, int]:
    """How wide a column is, and how narrow it may be made."""
    lines = [name, *(line for cell in cells for line in cell.split("\n"))]
    most = max(map(cell_len, lines))
    words = max((cell_len(word) for line in lines for word in line.split(" ")), default=0)
    is_drawn = any("\n" in cell for cell in cells)
    return most, most if is_drawn else min(most, max(words, _READABLE))


def _is_number(values: Any) -> bool:
    return all(
        isinstance(value, int | float) and not isinstance(value, bool)
        for value in values
        if value is not None
    )


def _table(
    names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], width: int
) -> str:
    table = Table(box=box.ROUNDED)
    for name, is_number in zip(names, numbers, strict=True):
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    console = Console(width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def _one_below_the_other(names: Sequence[str], row: Sequence[str], number: int, width: int) -> str:
    """A row as a column a line; text is broken at its spaces, and no address is."""
    aside = max(map(cell_len, names)) + 2
    room = max(width - aside, _READABLE)
    told = [f"── row {number + 1} ".ljust(min(width, 40), "─")]
    for name, cell in zip(names, row, strict=True):
        head = name + " " * (aside - cell_len(name))
        for line in (part for one in cell.split("\n") for part in _broken(one, room)):
            told.append(f"{head}{line}".rstrip())
            head = " " * aside
    return "\n".join(told) + "\n"


def _broken(line: str, room: int) -> list[str]:
    """A line in parts that fit, broken at spaces alone."""
    parts: list[str] = []
    at = 0
    for word in line.split(" ") if cell_len(line) > room else [line]:
        wide = cell_len(word)
        if parts and at + 1 + wide <= room:
            parts[-1] += f" {word}"
            at += 1 + wide
        else:
            parts.append(word)
            at = wide
    return parts
