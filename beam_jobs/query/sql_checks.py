"""Which SQL may run: one statement that only reads the tables.

Statements are judged by DuckDB's own parse of them, not by their words: a SELECT can hold a COPY or
DELETE in its WITH, and an EXPLAIN ANALYZE runs what it explains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from af3core.errors import Af3Error

READING_ONLY = "only one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE runs here"
_READING_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series", "json_each", "json_tree"}
_NO_FUNCTIONS = {
    # what tells of the machine or waits, counts up, or takes bytes for what DuckDB has in memory
    "getenv",
    "current_setting",
    "getvariable",
    "write_log",
    "sleep_ms",
    "pg_sleep",
    "nextval",
    "setval",
    "json_serialize_plan",
    "finalize",
    "combine",
    "to_aggregate_state",
    "variant_bytes_to_variant",
}
# atomic: what is a comment stays one, or many of them could be divided in endless ways
_COMMENTS = r"(?>(?:\s|--[^\n]*(?:\n|$)|(?>/\*.*?\*/))*)"
_EXPLAIN = re.compile(
    rf"{_COMMENTS}explain\b(?:{_COMMENTS}(analyze)\b)?(.*)", re.IGNORECASE | re.DOTALL
)


class SqlRefused(Af3Error):
    """A statement that may not run here, or that is none."""


def parsed_sql(sql: str) -> str:
    """The statement as it may run, told by a database of its own.

    Raises:
        SqlRefused: it may not, or it cannot be parsed.
    """
    with duckdb.connect(config={"python_enable_replacements": False}) as parser:
        return checked_sql(parser, sql)


def checked_sql(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The statement as it may run.

    Raises:
        SqlRefused: it may not, or it cannot be parsed.
    """
    prefix, inner = "", sql
    match = _EXPLAIN.fullmatch(sql)
    if match is not None:
        prefix, inner = ("EXPLAIN ANALYZE " if match[1] else "EXPLAIN "), match[2]
    try:
        statements = connection.extract_statements(inner)
    except duckdb.Error as error:
        raise SqlRefused(one_line(error)) from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise SqlRefused(READING_ONLY)
    for part in _parts(_tree(connection, inner)):
        _check(part)
    return prefix + inner


def one_line(error: duckdb.Error) -> str:
    """What DuckDB says, without the picture of the place."""
    said = []
    for line in str(error).splitlines():
        if line.startswith("LINE "):
            break
        said.append(line.strip())
    return " ".join(filter(None, said))


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchone()
    try:
        parsed = json.loads(row[0] if row else "{}")
    except RecursionError as error:
        raise SqlRefused("this statement is nested too deeply") from error
    if parsed.get("error", True):
        raise SqlRefused(f"{READING_ONLY} ({parsed.get('error_message', 'no statement')})")
    return parsed["statements"]


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """All objects of a parse, without recursion: the depth is the asker's."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check(part: dict[str, Any]) -> None:
    kind = part.get("type")
    if isinstance(kind, str) and kind.endswith("_NODE") and kind not in _READING_NODES:
        raise SqlRefused(f"{READING_ONLY}, without {kind.split('_')[0]} in it")
    if kind == "TABLE_FUNCTION":
        name = _function_name(part["function"])
        if name not in _TABLE_FUNCTIONS:
            raise SqlRefused(f"{name}(): not available here; name a table (SHOW TABLES)")
    elif "function_name" in part:
        name = _function_name(part)
        if name in _NO_FUNCTIONS or name.startswith("__internal"):
            raise SqlRefused(f"{name}(): this function is not available here")


def _function_name(part: dict[str, Any]) -> str:
    return str(part.get("function_name", "")).lower()
