"""Rows as text for programs: CSV, JSON, JSON Lines and Markdown, batch by batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from af3core.plain_text import printable
from beam_jobs.output.json_values import as_json, exact_json

Row = Sequence[Any]
Batches = Iterable[Sequence[Row]]
_QUOTED = re.compile('[",\r\n]|^$')
_OF_MARKDOWN = re.compile(r"([\\`*_\[\]<>|&~#!$])")


def text_of(value: Any) -> str:
    """A value as text: days and times as ISO 8601, numbers with all their digits, what has parts
    as JSON.

    `value` is not None.
    """
    if isinstance(value, str):
        return value
    text = exact_json(value)
    return str(as_json(value)) if text.startswith('"') else text


def csv_text(columns: Sequence[str], batches: Batches, harmless: bool = False) -> Iterator[str]:
    r"""Rows as CSV, a header first, quoted as RFC 4180 says; lines end with `\n`, as files do here.

    NULL is nothing between commas, the empty text is `""`.

    Args:
        columns, batches: what is written.
        harmless: for a terminal: signs that move it are written out.
    """
    shown: Callable[[str], str] = printable if harmless else str

    def cell(value: Any) -> str:
        if value is None:
            return ""
        text = shown(text_of(value))
        return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text

    def line(row: Row) -> str:
        return ",".join(map(cell, row)) + "\n"

    yield line(columns)
    for batch in batches:
        yield "".join(map(line, batch))


def json_lines(columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """Rows as JSON Lines: an object a line."""
    for batch in batches:
        yield "".join(f"{line}\n" for line in _objects(columns, batch))


def json_text(columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """Rows as one JSON array of objects, each on a line."""
    before = "[\n"
    for batch in batches:
        for line in _objects(columns, batch):
            yield f"{before}{line}"
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def markdown_text(columns: Sequence[str], batches: Batches) -> Iterator[str]:
    """Rows as a table of GitHub's Markdown; values are text, whatever signs are in them."""

    def line(cells: Iterable[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    def cell(value: Any) -> str:
        if value is None:
            return ""
        lines = (printable(one) for one in text_of(value).split("\n"))
        return "<br>".join(_OF_MARKDOWN.sub(r"\\\1", one) for one in lines)

    yield line(map(cell, columns)) + line("---" for _ in columns)
    for batch in batches:
        yield "".join(line(map(cell, row)) for row in batch)


def _objects(columns: Sequence[str], batch: Sequence[Row]) -> Iterator[str]:
    keys = [exact_json(name) for name in distinct(columns)]
    for row in batch:
        pairs = (f"{key}: {exact_json(value)}" for key, value in zip(keys, row, strict=True))
        yield "{" + ", ".join(pairs) + "}"


def distinct(names: Sequence[str]) -> list[str]:
    """Names of columns, each once: the second `a` is `a_1`."""
    found: list[str] = []
    taken = set(names)
    for name in names:
        number, one = 0, name
        while one in found or (number and one in taken):
            number += 1
            one = f"{name}_{number}"
        found.append(one)
    return found
