"""Corrections as a person hands them in: rows of a CSV or JSONL file, or of Python."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean
from af3core.plain_text import printable
from af3core.storage.address import split_object
from schemas.correction_records import CORRECTION_KINDS, FLAG_KINDS, TIMES, times_ms
from schemas.tables.correctable_tables import CORRECTABLE, sources_of

COLUMNS = (
    *("recording", "start_ms", "end_ms", "task_id", "channel", "kind"),
    *("old_value", "new_value", "reason", "source"),
)
_OTHER_NAMES = {"recording_id": "recording", "object_uri": "recording"}
_REQUIRED = ("recording", "start_ms", "end_ms")
_NUMBERS = ("start_ms", "end_ms", "channel")
_WITH_VALUE = ("text", "choice", "name", TIMES, *FLAG_KINDS)
_MAX_CELL = 10_000_000
"""Of characters: the module csv refuses cells beyond 131,072."""
_SHOWN = 80
"""Characters of a wrong value that a message has."""
_MAX_DIGITS = 18
"""Of a number: a column of the tables holds no longer one."""

Values = dict[str, Any]


@dataclass(frozen=True)
class GivenRow:
    """A row in its form: its values are of the right types, and nothing is known of its place.

    Attributes:
        where: FILE:LINE, or the number of the row.
        sources: the tables that it can be of.
        old_value: None where the row has none: what the model says now.
    """

    where: str
    recording: str
    start_ms: int
    end_ms: int
    task_id: str
    channel: int | None
    kind: str
    old_value: str | None
    new_value: str
    reason: str
    sources: tuple[str, ...]


class WrongRow(ValueError):
    """What is wrong with a row, with the remedy."""


def brief(value: object) -> str:
    """A given value as a message has it: on its one line, and not all of a long text. Pure."""
    text = printable(str(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def read_rows(address: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The rows of a file or an object, each with where it stands.

    Raises:
        ConfigurationError: there is no such file, or it is no CSV, no JSONL or no UTF-8.
        StorageError: it cannot be read.
    """
    form = PurePosixPath(address).suffix
    if form not in (".csv", ".jsonl"):
        raise ConfigurationError(f"{address}: name a file of corrections in .csv or .jsonl")
    store, key = split_object(address)
    data = store.read(key)
    if data is None:
        raise ConfigurationError(f"{address}: there is no such file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{address}:{line}: no UTF-8; save the file as UTF-8") from error
    read = _csv_rows if form == ".csv" else _json_rows
    return [(f"{address}:{line}", row) for line, row in read(address, text)]


def in_form(where: str, row: Mapping[str, Any]) -> GivenRow:
    """A row with checked values. Pure.

    Raises:
        WrongRow: a column is unknown or missing, or a value is none of its kind.
    """
    values = _renamed(row)
    for name in _REQUIRED:
        if values.get(name) in (None, ""):
            raise WrongRow(f"{name} is missing")
    numbers = {name: _number(name, values.get(name)) for name in _NUMBERS}
    texts = {n: _text(n, values.get(n)) for n in COLUMNS if n not in _NUMBERS}
    kind = texts["kind"] or "text"
    if kind not in CORRECTION_KINDS:
        hint = did_you_mean(kind, CORRECTION_KINDS)
        raise WrongRow(f"kind {brief(kind)}: {hint}kinds are {', '.join(CORRECTION_KINDS)}")
    start_ms, end_ms = numbers["start_ms"] or 0, numbers["end_ms"] or 0
    if end_ms < start_ms:
        raise WrongRow(f"end_ms {end_ms} lies before start_ms {start_ms}")
    _check_value(kind, texts["new_value"] or "")
    return GivenRow(
        where=where,
        recording=texts["recording"] or "",
        start_ms=start_ms,
        end_ms=end_ms,
        task_id=texts["task_id"] or "",
        channel=numbers["channel"],
        kind=kind,
        old_value=texts["old_value"],
        new_value=texts["new_value"] or "",
        reason=texts["reason"] or "",
        sources=_sources(kind, texts["source"]),
    )


def _sources(kind: str, source: str | None) -> tuple[str, ...]:
    """The tables that a row of a kind can be of: the one that it names, or those of the kind."""
    if not source:
        return sources_of(kind)
    if source not in CORRECTABLE:
        hint = did_you_mean(source, CORRECTABLE)
        raise WrongRow(f"source {brief(source)}: {hint}tables are {', '.join(CORRECTABLE)}")
    kinds = CORRECTABLE[source].kinds
    if kind not in kinds:
        raise WrongRow(f"kind {kind}: none of rows of {source}; theirs are {', '.join(kinds)}")
    return (source,)


def _check_value(kind: str, new_value: str) -> None:
    if kind in _WITH_VALUE and not new_value.strip():
        more = "; kind empty says that nothing is said there" if kind == "text" else ""
        raise WrongRow(f"new_value is missing, which kind {kind} needs{more}")
    if kind not in _WITH_VALUE and new_value:
        raise WrongRow(f"kind {kind} takes no new_value; leave it out, or write kind text")
    if kind == TIMES and times_ms(new_value) is None:
        raise WrongRow(f"new_value {brief(new_value)}: write times in ms, such as 12000-13500")
    if kind in FLAG_KINDS and not new_value.isidentifier():
        raise WrongRow(f"new_value {brief(new_value)}: name a flag, such as looping_text")


def _renamed(row: Mapping[str, Any]) -> Values:
    values: Values = {}
    for given, value in row.items():
        name = _OTHER_NAMES.get(given, given)
        if name not in COLUMNS:
            hint = did_you_mean(str(name), COLUMNS)
            raise WrongRow(
                f"column {brief(given)}: unknown; {hint}columns are {', '.join(COLUMNS)}"
            )
        if name in values and values[name] != value:
            raise WrongRow(f"column {given}: another one names the recording too; leave one out")
        values[name] = value
    return values


def _number(name: str, value: Any) -> int | None:
    if value in (None, ""):
        return None
    written = str(value).strip() if type(value) in (int, str) else ""
    if written.isascii() and written.isdigit() and len(written) <= _MAX_DIGITS:
        return int(written)
    raise WrongRow(f"{name} {brief(value)}: write a whole number, 0 or more")


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise WrongRow(f"{name} {brief(value)}: write a text")
    if "\x00" in value or (not value.isascii() and _has_surrogates(value)):
        raise WrongRow(f"{name}: holds a character that no table can")
    return value


def _has_surrogates(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _csv_rows(address: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Rows with the line on which each begins."""
    before = csv.field_size_limit(_MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        doubled = sorted({name for name in header if header.count(name) > 1})
        if doubled:
            raise ConfigurationError(f"{address}:1: column {doubled[0]} is there twice")
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) > len(header):
                raise ConfigurationError(
                    f"{address}:{line}: {len(cells)} cells under {len(header)} columns; quote a"
                    " text that has commas"
                )
            if cells:
                given = (cell or None for cell in cells)  # CSV has no other way to say nothing
                yield line, dict(zip(header, given, strict=False))
            line = reader.line_num + 1
    except csv.Error as error:
        raise ConfigurationError(f"{address}:{reader.line_num}: no CSV ({error})") from error
    finally:
        csv.field_size_limit(before)


def _json_rows(address: str, text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    lines: Iterable[tuple[int, str]] = enumerate(text.split("\n"), 1)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"{address}:{number}: no JSON ({error})") from error
        if not isinstance(row, dict):
            raise ConfigurationError(f"{address}:{number}: write one object a line")
        yield number, row
