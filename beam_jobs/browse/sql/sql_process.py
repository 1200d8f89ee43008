"""One query in a process of its own, which may read the tables and nothing else.

The process is bounded from outside, in time, memory and files: what DuckDB's own limits let
through, such as one huge value, ends this process and not the server. It is started by
`beam_jobs.browse.sql.sql_pool`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from dataclasses import dataclass
from typing import Any

import duckdb

from af3core.errors import StorageError
from af3core.storage.address import store_at
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.framework.partition_pruning import needed_by
from beam_jobs.framework.table_snapshot import TableSnapshot
from beam_jobs.framework.views import ask_snapshot
from beam_jobs.output.json_values import as_json, to_bytes
from beam_jobs.query.read_only import Bounds, lock
from beam_jobs.query.sql_checks import SqlRefused, one_line, parsed_sql
from schemas.record_format import Record
from schemas.tables.derived_tables import ALL_TABLES

_MEMORY_LIMIT = "1GB"
_ADDRESS_SPACE_BYTES = 4 << 30
"""Beyond what the process has when it starts: DuckDB reserves more than it uses."""
_CPU_S = 40
"""In case nobody is left to end it."""
_THREADS = 2


@dataclass(frozen=True)
class SqlRequest(Record):
    """What is asked.

    Attributes:
        out: folder or gs:// that the keys count from.
        stamps: states of the objects by key; tables that have none are empty.
        sql: as it was written.
        most_rows, most_bytes: of the answer.
    """

    out: str
    stamps: dict[str, str]
    sql: str
    most_rows: int
    most_bytes: int


def answer(request: SqlRequest) -> dict[str, Any]:
    """Columns, rows, and whether rows were left out.

    Raises:
        Refusal: the statement may not run, is wrong, or its answer is too large.
    """
    try:
        sql = parsed_sql(request.sql)
    except SqlRefused as error:
        raise Refusal(400, str(error)) from error
    store = store_at(request.out)

    def ask(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
        lock(connection, store, Bounds(_MEMORY_LIMIT, _THREADS))
        return _rows(connection.execute(sql), request)

    snapshot = needed_by(sql, TableSnapshot(store, request.stamps))
    names = [table.name for table in ALL_TABLES]
    try:
        return ask_snapshot(request.out, snapshot, names, ask, copies_in_memory=True)
    except StorageError as error:
        raise Refusal(503, str(error)) from error
    except duckdb.OutOfMemoryException as error:
        raise _too_much() from error
    except duckdb.Error as error:
        raise Refusal(400, one_line(error)) from error


def _rows(result: duckdb.DuckDBPyConnection, request: SqlRequest) -> dict[str, Any]:
    columns = [{"name": name, "type": str(kind)} for name, kind, *_ in result.description or ()]
    rows: list[list[Any]] = []
    size = 0
    # one by one: a row may be as large as the memory
    while (row := result.fetchone()) is not None:
        if len(rows) == request.most_rows:
            return {"columns": columns, "rows": rows, "truncated": True}
        rows.append([as_json(value) for value in row])
        size += len(to_bytes(rows[-1]))
        if size > request.most_bytes:
            raise Refusal(
                413,
                f"the answer is larger than {request.most_bytes >> 20} MB: choose fewer columns, or"
                " shorten texts with left(text, 200)",
            )
    return {"columns": columns, "rows": rows, "truncated": False}


def _bound() -> None:
    """The process can write no file, not grow without end, and not run for long."""
    with open("/proc/self/statm") as statm:
        held = int(statm.read().split()[0]) * resource.getpagesize()
    for limit, most in (
        (resource.RLIMIT_AS, held + _ADDRESS_SPACE_BYTES),
        (resource.RLIMIT_CPU, _CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _too_much() -> Refusal:
    return Refusal(413, f"this query needs more memory than {_MEMORY_LIMIT}; narrow it down")


def main() -> int:
    """Request as JSON on stdin, answer or `{"error", "status"}` on stdout."""
    request = SqlRequest.from_json(json.load(sys.stdin))
    _bound()
    try:
        try:
            told = to_bytes(answer(request))
        except MemoryError as error:
            raise _too_much() from error
    except Refusal as refusal:
        told = to_bytes({"error": str(refusal), "status": refusal.status})
    with os.fdopen(1, "wb", closefd=False) as out:
        out.write(told)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
