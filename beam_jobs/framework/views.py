"""DuckDB over the tables of a folder or a bucket: a view for each, all of one moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import duckdb

from af3core.errors import ConfigurationError, StorageError
from af3core.installation import install_command
from af3core.storage.address import is_bucket, store_at
from af3core.storage.store import Store
from beam_jobs.framework.outputs import no_tables
from beam_jobs.framework.partition_pruning import needed_by
from beam_jobs.framework.table_snapshot import TableSnapshot, UnreadableTables, take_snapshot
from schemas import layout
from schemas.sql.corrected_views import views_over
from schemas.sql.duckdb_views import create_view
from schemas.sql.joined_views import define_joined
from schemas.tables.derived_tables import ALL_TABLES

Result = TypeVar("Result")


_UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.SerializationException)
_OURS = re.compile(r"^(?:[\w.]+\.)?(?:StorageError|AccessDenied|ConfigurationError): (.+)$", re.M)
"""The last line of a traceback, of which DuckDB keeps the text."""


def ask_published(
    out: str,
    ask: Callable[[duckdb.DuckDBPyConnection], Result],
    only: Collection[str] = (),
    sql: str = "",
) -> Result:
    """Ask a database with one view per table of the output folder or bucket prefix, all of one
    moment between publishes.

    Args:
        out: folder or gs://.
        ask: called again where an object was replaced while it read; gives what it read, whole.
        only: names of tables; others may be left out where one of these is a table.
        sql: the one statement that is asked; days that it leaves out are not opened.

    Raises:
        ConfigurationError: there are no tables at that address.
        StorageError: they cannot be read.
        duckdb.Error: what `ask` raised.
    """
    names = [table.name for table in ALL_TABLES]
    wanted = [name for name in names if name in only] or names
    store = store_at(out)
    snapshot = take_snapshot(store, wanted)
    if not snapshot.stamps and not take_snapshot(store, names).stamps:
        raise no_tables(out)
    return ask_snapshot(out, needed_by(sql, snapshot) if sql else snapshot, wanted, ask)


def ask_snapshot(
    out: str,
    snapshot: TableSnapshot,
    tables: Iterable[str],
    ask: Callable[[duckdb.DuckDBPyConnection], Result],
    copies_in_memory: bool = False,
) -> Result:
    """Ask a database with a view per table over the objects of a snapshot; empty if it has none.

    A folder's objects are read in place. Where one was replaced meanwhile, `ask` is called again,
    over the copy that is kept of it.

    Args:
        out: folder or gs:// that the keys count from.
        tables: their names.
        copies_in_memory: of a bucket's objects, for a process that may write no file.

    Raises:
        UnreadableTables: an object is damaged, or was replaced too long ago.
        StorageError: the storage is in trouble.
        duckdb.Error: what `ask` raised.
    """
    wanted = list(tables)
    while True:
        connection, in_place = _open_snapshot(out, snapshot, wanted, copies_in_memory)
        error: Exception | None = None
        with closing(connection):
            try:
                with translated_errors(out):
                    objects = _places(out, snapshot, wanted, in_place)
                    _create_views(connection, snapshot.store, objects)
                result = ask(connection)
            except (duckdb.Error, StorageError) as raised:
                error = raised
        if _is_current(snapshot, in_place):
            if error is not None:
                raise error
            return result


def _open_snapshot(
    out: str, snapshot: TableSnapshot, tables: Sequence[str], copies_in_memory: bool
) -> tuple[duckdb.DuckDBPyConnection, set[str]]:
    """A database that can read the objects, and the keys of those that a folder still has where
    they were listed.
    """
    connection = duckdb.connect()
    if not is_bucket(out):
        keys = list(snapshot.stamps)
        now = zip(keys, snapshot.store.stamps(keys), strict=True)
        return connection, {key for key, stamp in now if stamp == snapshot.stamps[key]}
    try:
        from beam_jobs.framework.bucket_files import read_copies
    except ImportError as error:
        raise ConfigurationError(f"gs:// needs {install_command('gcs')}") from error
    read_copies(connection, snapshot.only(lambda k: layout.table_of(k) in tables), copies_in_memory)
    return connection, set()


def _places(
    out: str, snapshot: TableSnapshot, tables: Sequence[str], in_place: Collection[str]
) -> dict[str, list[str]]:
    """Where each object of these tables is read now, by table; a bucket's as it was listed."""
    by_table = snapshot.by_table()
    objects = {table: by_table.get(table, []) for table in tables}
    if is_bucket(out):
        return objects
    return {
        table: [
            key if key in in_place else layout.superseded_key(key, snapshot.stamps[key])
            for key in keys
        ]
        for table, keys in objects.items()
    }


def _create_views(
    connection: duckdb.DuckDBPyConnection, store: Store, objects: Mapping[str, Sequence[str]]
) -> None:
    """A view for each of these tables, over the objects that are given by their keys; and of
    rows as people corrected them, where all tables of them are there.
    """
    for table in ALL_TABLES:
        if table.name in objects:
            addresses = [store.address(key) for key in objects[table.name]]
            connection.execute(create_view(table, addresses))
    for view in views_over(objects):
        connection.execute(define_joined(view, "duckdb")[0])


def _is_current(snapshot: TableSnapshot, in_place: Collection[str]) -> bool:
    """True where the objects that were read in place are still what was listed."""
    keys = list(in_place)
    now = snapshot.store.stamps(keys)
    return all(snapshot.stamps[key] == stamp for key, stamp in zip(keys, now, strict=True))


def open_views(out: str, objects: Mapping[str, Sequence[str]]) -> duckdb.DuckDBPyConnection:
    """An in-memory database with a view per table, over files that nobody replaces.

    What is asked of it later is to be in `translated_errors`.

    Args:
        out: folder that the keys count from.
        objects: keys by name of table.

    Raises:
        UnreadableTables: a file is damaged, or gone.
    """
    connection = duckdb.connect()
    with translated_errors(out):
        _create_views(connection, store_at(out), objects)
    return connection


@contextmanager
def translated_errors(out: str) -> Iterator[None]:
    """Turn what DuckDB says of objects that it cannot read into one line.

    Raises:
        UnreadableTables: an object is damaged or gone, or the storage is in trouble.
    """
    try:
        yield
    except _UNREADABLE as error:
        raise UnreadableTables(f"{out}: the tables cannot be read ({said_by(error)})") from error
    except duckdb.Error as error:
        # what a file of Python's raises comes with its traceback, as text
        if type(error) is not duckdb.Error:
            raise
        raise UnreadableTables(said_by(error)) from error


def is_of_ours(error: duckdb.Error) -> bool:
    """True where an error of the storage came through DuckDB."""
    return bool(_OURS.search(str(error)))


def said_by(error: duckdb.Error) -> str:
    """An error of DuckDB's in one line; of ours that came through it, our line."""
    ours = _OURS.findall(str(error))
    lines = [line.strip() for line in str(error).splitlines()[:3]]
    return str(ours[-1]) if ours else " ".join(line for line in lines if line)
