"""A benchmark's files as they were published, in a folder or a bucket."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.parquet as pq

from af3core.errors import Af3Error
from af3core.storage.address import store_at
from af3core.storage.store import Store

Row = dict[str, Any]


class BenchmarkData(Af3Error):
    """The data is not what the benchmark's publisher gives out."""

    permanent = True


@dataclass(frozen=True)
class Data:
    """The files below an address.

    Attributes:
        address: folder or gs://BUCKET/PREFIX.
    """

    address: str

    @cached_property
    def store(self) -> Store:
        return store_at(self.address)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All objects below the address."""
        [found] = self.store.walk([""])
        return frozenset(found)

    def find(self, *names: str) -> str:
        """The key of the one file that has one of these names, at the top or in any folder.

        Raises:
            BenchmarkData: there is none, or there are several.
        """
        found = sorted(
            {key for name in names for key in self.keys if f"/{key}".endswith(f"/{name}")}
        )
        top = [key for key in found if key in names]
        if len(top or found) != 1:
            several = f"{len(found)} files are named" if found else "there is no"
            raise BenchmarkData(
                f"{self.address}: {several} {' or '.join(names)}; --data is the folder as published"
            )
        return (top or found)[0]

    def ending(self, suffix: str, below: str = "") -> list[str]:
        """Keys with an ending, sorted."""
        return sorted(key for key in self.keys if key.startswith(below) and key.endswith(suffix))

    def text(self, key: str) -> str:
        """A file of text.

        Raises:
            BenchmarkData: it is missing, or no UTF-8.
        """
        data = self.store.read(key)
        if data is None:
            raise BenchmarkData(f"{self.store.address(key)}: there is no such file")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise BenchmarkData(f"{self.store.address(key)}: no UTF-8 ({error})") from error

    def json(self, key: str) -> Any:
        """A JSON document."""
        try:
            return json.loads(self.text(key))
        except ValueError as error:
            raise BenchmarkData(f"{self.store.address(key)}: no JSON ({error})") from error

    def json_lines(self, key: str) -> list[Row]:
        """One JSON object a line; empty lines count for nothing."""
        rows: list[Row] = []
        for number, line in enumerate(self.text(key).split("\n"), 1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except ValueError as error:
                    address = self.store.address(key)
                    raise BenchmarkData(f"{address}, line {number}: no JSON ({error})") from error
        return rows

    def table(self, key: str, delimiter: str = ",") -> list[dict[str, str]]:
        """A CSV or TSV file by its header; quotes count in CSV alone."""
        text = io.StringIO(self.text(key), newline="")
        if delimiter == ",":
            return list(csv.DictReader(text))
        return list(csv.DictReader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE))

    def parquet(self, key: str, columns: Sequence[str] | None = None) -> list[Row]:
        """Rows of a Parquet file; name the columns, or the sounds are read too."""
        try:
            with self.store.open(key) as file:
                rows: list[Row] = pq.read_table(
                    file, columns=list(columns) if columns else None
                ).to_pylist()
                return rows
        except (OSError, ValueError) as error:
            raise BenchmarkData(f"{self.store.address(key)}: no such table ({error})") from error


def field(row: Row, *names: str) -> Any:
    """The first of these fields that a row has.

    Raises:
        BenchmarkData: it has none of them.
    """
    for name in names:
        if name in row and row[name] is not None:
            return row[name]
    has = ", ".join(sorted(row))
    raise BenchmarkData(f"a row has no field {' or '.join(names)}; it has {has}")
