"""Rows and plans without what is withdrawn: the same rule for SQL, Arrow, dictionaries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beam_jobs.framework.withdrawn import Withdrawals
from schemas.records import NightManifest
from schemas.sql.column_types import quoted_text
from schemas.tables.columns import Table
from schemas.tables.night_tables import FAILURES

Row = dict[str, Any]

_OF_RECORDING = ("recording_id", "example_recording_id")
"""The columns that name the recording that a row is of, or that it shows."""
_SOUNDS = "sounds"
"""The column of the sounds that a row was made of, each with its recording."""
_OF_OBJECT = "object_uri"
"""Of a failure without a recording, all that is known of what failed."""


def hiding_condition(table: Table, hidden: Withdrawals) -> str:
    """What the rows of a table meet that may be shown, in DuckDB's SQL; empty where all do."""
    names = naming_columns(table)
    parts = []
    for corpus in hidden.corpora:
        listed = _sql_list(hidden.recordings_of(corpus))
        told = [f"{name} IN ({listed})" for name in _OF_RECORDING if name in names]
        if _SOUNDS in names:
            told.append(f"list_has_any([s.recording_id FOR s IN {_SOUNDS}], [{listed}])")
        objects = sorted(each for of, each in hidden.objects if of == corpus)
        if objects and _OF_OBJECT in names:
            is_one = f"sha256({_OF_OBJECT}) IN ({_sql_list(objects)})"
            told.append(f"(recording_id = '' AND {is_one})")
        if told:
            parts.append(f"corpus = {_sql_list([corpus])} AND ({' OR '.join(told)})")
    return f"NOT COALESCE({' OR '.join(f'({part})' for part in parts)}, false)" if parts else ""


def recordings_condition(hidden: Withdrawals) -> str:
    """The like of rows that have a corpus and a recording, in the SQL of the search index."""
    parts = [
        f"(corpus = {_sql_list([corpus])}"
        f" AND recording_id IN ({_sql_list(hidden.recordings_of(corpus))}))"
        for corpus in hidden.corpora
    ]
    return f"NOT ({' OR '.join(parts)})" if parts else ""


def _sql_list(values: Sequence[str]) -> str:
    return ", ".join(quoted_text(value, "duckdb") for value in values)


def naming_columns(table: Table) -> list[str]:
    """The columns of a table that tell whether a row is of what is withdrawn."""
    wanted = {*_OF_RECORDING, _SOUNDS} | ({_OF_OBJECT} if table is FAILURES else set())
    return [column.name for column in table.columns if column.name in wanted]


def shown_columns(rows: pa.Table, table: Table, corpus: str, hidden: Withdrawals) -> pa.Table:
    """The rows of a table of a corpus that may be shown.

    Args:
        rows: with the columns that tell it (`naming_columns`).
        table: whose form they have.
        corpus: whose rows they are.
        hidden: what is withdrawn.
    """
    if corpus not in hidden.corpora:
        return rows
    told, names = naming_columns(table), pa.array(hidden.recordings_of(corpus), pa.string())
    if set(told) <= {*_OF_RECORDING}:
        for column in told:
            of_hidden = pc.is_in(rows[column], value_set=names)
            rows = rows.filter(pc.invert(of_hidden))
        return rows
    is_shown = [_is_shown(row, corpus, hidden) for row in rows.select(told).to_pylist()]
    return rows.filter(pa.array(is_shown, pa.bool_()))


def shown_rows(rows: Iterable[Row], corpus: str, hidden: Withdrawals) -> list[Row]:
    """The like of rows as dictionaries."""
    listed = list(rows)
    if corpus not in hidden.corpora:
        return listed
    return [row for row in listed if _is_shown(row, corpus, hidden)]


def _is_shown(row: Mapping[str, Any], corpus: str, hidden: Withdrawals) -> bool:
    named = [row.get(name) for name in _OF_RECORDING]
    named += [sound["recording_id"] for sound in row.get(_SOUNDS) or ()]
    if any(hidden.covers(corpus, name) for name in named if name):
        return False
    is_object = row.get("recording_id") == "" and row.get(_OF_OBJECT)
    return not (is_object and hidden.covers_object(corpus, row[_OF_OBJECT]))


def without_withdrawn(manifest: NightManifest, hidden: Withdrawals) -> NightManifest:
    """A plan without what is withdrawn."""
    corpus = manifest.corpus
    if corpus not in hidden.corpora:
        return manifest
    return replace(
        manifest,
        recordings=tuple(r for r in manifest.recordings if not hidden.covers_recording(r)),
        failures=tuple(f for f in manifest.failures if not hidden.covers_object(corpus, f.uri)),
        withdrawn=tuple(
            gone
            for gone in manifest.withdrawn
            if not hidden.covers(corpus, gone.recording_id)
            and not hidden.covers_object(corpus, gone.uri)
        ),
        arrived=tuple(a for a in manifest.arrived if not hidden.covers(corpus, a.recording_id)),
    )


def with_withdrawn(
    manifest: NightManifest, earlier: NightManifest, hidden: Withdrawals
) -> NightManifest:
    """A plan that takes the place of an earlier one, with what is withdrawn of that: a restored
    recording is planned again, whether or not the archive has it still.
    """
    corpus = earlier.corpus
    if corpus not in hidden.corpora:
        return manifest
    known = {recording.recording_id for recording in manifest.recordings}
    kept = [
        recording
        for recording in earlier.recordings
        if hidden.covers_recording(recording) and recording.recording_id not in known
    ]
    every = sorted((*manifest.recordings, *kept), key=lambda r: r.recording_id)
    return replace(manifest, recordings=tuple(every))
