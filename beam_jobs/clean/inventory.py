"""All objects of an output and all names of them, in a database of this machine: on disk, so that
memory holds neither, however many there are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from af3core.errors import StorageError
from beam_jobs.clean.object_kinds import KINDS, Kind

BATCH = 256
"""Objects that are removed between two looks at the time."""
_ROWS = 16_384
"""Held in memory before they go into the database."""
_MEMORY = "512MB"

_NAME_FIELDS: list[pa.Field[Any]] = [
    pa.field("kind", pa.int8()),
    pa.field("owner", pa.string()),
    pa.field("part", pa.string()),
]
_NAME = pa.schema(_NAME_FIELDS)
_STORED = pa.schema(
    [
        *_NAME_FIELDS,
        pa.field("key", pa.string()),
        pa.field("stamp", pa.string()),
        pa.field("size_bytes", pa.int64()),
        pa.field("is_old", pa.bool_()),
    ]
)

_IS_UNNAMED = """
    NOT EXISTS (SELECT 1 FROM name n WHERE n.kind = {of}.kind AND n.owner = {of}.owner
                AND n.part = {of}.part)
AND NOT EXISTS (SELECT 1 FROM name n WHERE n.kind = {of}.kind AND n.owner = {of}.owner
                AND n.part = '')
"""
"""Two conditions of equality: each is one pass over both, as long as they may be."""


class Listed(NamedTuple):
    """An object of a kind, as the listing showed it."""

    kind: int
    owner: str
    part: str
    key: str
    stamp: str
    size_bytes: int
    is_old: bool


class Name(NamedTuple):
    """What says that objects of an owner stay: all of them, or those of one part."""

    kind: Kind
    owner: str
    part: str = ""


class Amount(NamedTuple):
    """Objects and their bytes."""

    objects: int
    size_bytes: int


class Owner(NamedTuple):
    """Of objects: whether all of them are old, and the first of its parts."""

    owner: str
    is_old: bool
    first_part: str


class Unnamed(NamedTuple):
    """An object that nothing names."""

    place: int
    owner: str
    part: str
    key: str
    stamp: str
    size_bytes: int


class Inventory:
    """What was listed and what was named, and what of the one the other leaves over."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._database = connection

    def add_listed(self, listed: Iterable[Listed]) -> None:
        """Take objects of a listing, some thousands in memory at once."""
        self._add("stored", _STORED, listed)

    def add_names(self, names: Iterable[Name]) -> None:
        """Take names; the same name counts once."""
        rows = ((KINDS.index(n.kind), n.owner, n.part) for n in names)
        self._add("name", _NAME, rows)

    def young_unnamed_cuts(self) -> Iterator[list[str]]:
        """Keys of cuts that stay for their age alone, in batches."""
        found = self._database.execute(
            f"SELECT key FROM stored s WHERE kind = {KINDS.index('cut')} AND NOT is_old"
            f" AND {_IS_UNNAMED.format(of='s')} ORDER BY key"
        ).fetchall()
        for first in range(0, len(found), BATCH):
            yield [key for (key,) in found[first : first + BATCH]]

    def owners(self, kind: Kind) -> list[Owner]:
        """The owners of a kind, in order."""
        found = self._database.execute(
            "SELECT owner, bool_and(is_old), min(part) FROM stored WHERE kind = ?"
            " GROUP BY owner ORDER BY owner",
            [KINDS.index(kind)],
        )
        return [Owner(*row) for row in found.fetchall()]

    def decide(self) -> dict[Kind, Amount]:
        """Put the old objects that nothing names in the order in which they go; gives how much of
        each kind.
        """
        self._database.execute("DELETE FROM unnamed")
        self._database.execute(
            "INSERT INTO unnamed SELECT row_number() OVER (ORDER BY kind, owner, part, key),"
            " kind, owner, part, key, stamp, size_bytes FROM stored s"
            f" WHERE is_old AND {_IS_UNNAMED.format(of='s')}"
        )
        found = self._database.execute(
            "SELECT kind, count(*), sum(size_bytes) FROM unnamed GROUP BY kind ORDER BY kind"
        )
        return {KINDS[k]: Amount(int(n), int(size)) for k, n, size in found.fetchall()}

    def unnamed(self, kind: Kind, after: int) -> list[Unnamed]:
        """The next objects of a kind behind a place that nothing names by now either."""
        found = self._database.execute(
            "SELECT place, owner, part, key, stamp, size_bytes FROM unnamed u"
            f" WHERE kind = ? AND place > ? AND {_IS_UNNAMED.format(of='u')}"
            f" ORDER BY place LIMIT {BATCH}",
            [KINDS.index(kind), after],
        )
        return [Unnamed(*row) for row in found.fetchall()]

    def _add(self, table: str, schema: pa.Schema, rows: Iterable[Sequence[object]]) -> None:
        held: list[Sequence[object]] = []
        for row in rows:
            held.append(row)
            if len(held) == _ROWS:
                self._insert(table, schema, held)
                held = []
        if held:
            self._insert(table, schema, held)

    def _insert(self, table: str, schema: pa.Schema, rows: list[Sequence[object]]) -> None:
        columns = [
            pa.array(c, field.type)
            for c, field in zip(zip(*rows, strict=True), schema, strict=True)
        ]
        self._database.register("rows_given", pa.table(columns, schema=schema))
        distinct = "DISTINCT " if table == "name" else ""
        self._database.execute(f"INSERT INTO {table} SELECT {distinct}* FROM rows_given")
        self._database.unregister("rows_given")


_OF_OWNER = "kind TINYINT, owner VARCHAR, part VARCHAR"
_OF_OBJECT = ", key VARCHAR, stamp VARCHAR, size_bytes BIGINT"
_LAYOUTS = (
    ("name", "", ""),
    ("stored", "", f"{_OF_OBJECT}, is_old BOOL"),
    ("unnamed", "place BIGINT, ", _OF_OBJECT),
)


@contextmanager
def open_inventory() -> Iterator[Inventory]:
    """An empty inventory; it is gone afterwards.

    Raises:
        StorageError: there is no room for it on this machine.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="af3-clean-") as folder,
            duckdb.connect(str(Path(folder) / "inventory.duckdb")) as connection,
        ):
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            connection.execute("SET preserve_insertion_order = false")
            for table, first, last in _LAYOUTS:
                connection.execute(f"CREATE TABLE {table} ({first}{_OF_OWNER}{last})")
            yield Inventory(connection)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise StorageError(
            f"{tempfile.gettempdir()}: no room for the list of objects ({error}); make room, or"
            " name another folder with TMPDIR"
        ) from error
