"""Which tables a statement names and which of their days it can need, before any is opened.

DuckDB opens all objects of a view to know their columns. Its optimizer is asked first, over empty
tables of the same names: the filters that it moves down to a table's scan are held against the
corpora and days that there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from beam_jobs.framework.table_snapshot import TableSnapshot
from schemas import layout
from schemas.sql.corrected_views import tables_of_views, views_for
from schemas.sql.duckdb_views import create_empty_table
from schemas.sql.joined_views import define_joined
from schemas.tables.derived_tables import ALL_TABLES

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false"}
"""What the statement reads beside the tables is not opened here."""
_UNASKED = "statistics_propagation"
"""It would leave out a scan of a table that is empty."""
_OPTIONAL = "optional: "


def tables_named(sql: str) -> list[str]:
    """The tables whose names are words of a statement, or that a view named so reads: those that
    the statement reads, and few others.
    """
    words = _words_of(sql)
    words |= tables_of_views(words)
    return [table.name for table in ALL_TABLES if table.name in words]


def _words_of(sql: str) -> set[str]:
    return {word.lower() for word in re.findall(r"\w+", sql)}


def needed_by(sql: str, snapshot: TableSnapshot) -> TableSnapshot:
    """The objects that a statement can need: all, where it cannot be told.

    A view may read tables that the statement leaves out, as of `placed_corrections` those of other
    answers: where a scan of theirs is not in the plan, none of their objects is needed.
    """
    days = {layout.day_of(key) for key in snapshot.stamps}
    if len(days) < 2:
        return snapshot
    try:
        needed = _needed_days(sql, days)
    except (duckdb.Error, ValueError, KeyError, TypeError):
        return snapshot
    if not needed:
        return snapshot
    return snapshot.only(lambda key: layout.day_of(key) in needed.get(layout.table_of(key), ()))


def _needed_days(sql: str, days: set[tuple[str, str]]) -> dict[str, set[tuple[str, str]]]:
    """Corpora and days by table, of the tables that the statement scans with filters."""
    [_] = duckdb.extract_statements(sql)
    with _planner(sql) as planner:
        [[_, plan]] = planner.execute(f"EXPLAIN (FORMAT json) {sql}").fetchall()
        planner.execute("CREATE TABLE partitions (corpus VARCHAR, date DATE)")
        planner.executemany("INSERT INTO partitions VALUES (?, ?)", sorted(days))
        needed: dict[str, set[tuple[str, str]]] = {}
        for name, filters in _scans(json.loads(plan)):
            needed.setdefault(name, set()).update(_that_pass(planner, filters))
    return needed


def _planner(sql: str) -> duckdb.DuckDBPyConnection:
    """A database with all tables and the views that a statement names, and no rows."""
    planner = duckdb.connect(config=_SETTINGS)
    planner.execute(f"SET disabled_optimizers = '{_UNASKED}'")
    for table in ALL_TABLES:
        planner.execute(create_empty_table(table))
    for view in views_for(_words_of(sql)):
        planner.execute(define_joined(view, "duckdb")[0])
    return planner


def _scans(nodes: Sequence[Any]) -> Iterator[tuple[str, list[str]]]:
    """The scans of a plan: the table's name, and the conditions that all of its rows meet."""
    for node in nodes:
        told = node["extra_info"]
        if "SCAN" in node["name"] and "Table" in told:
            filters = told.get("Filters", [])
            listed = [filters] if isinstance(filters, str) else list(filters)
            yield told["Table"].rpartition(".")[2], [f.removeprefix(_OPTIONAL) for f in listed]
        yield from _scans(node["children"])


def _that_pass(planner: duckdb.DuckDBPyConnection, filters: Sequence[str]) -> set[tuple[str, str]]:
    """Corpora and days that meet all conditions on them; those on other columns say nothing."""
    conditions = ["true"]
    for condition in filters:
        try:
            planner.execute(f"EXPLAIN FROM partitions WHERE {condition}")
        except duckdb.Error:
            continue
        conditions.append(f"({condition})")
    found = planner.execute(
        f"SELECT corpus, CAST(date AS VARCHAR) FROM partitions WHERE {' AND '.join(conditions)}"
    )
    return {(corpus, date) for corpus, date in found.fetchall()}
