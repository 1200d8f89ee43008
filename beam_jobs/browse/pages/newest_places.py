"""What is shown before anything is searched for: a place in each of the newest recordings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import duckdb

from beam_jobs.browse.data.archive_tables import ArchiveTables, Row, partition_of_key, rows_of
from beam_jobs.browse.pages.answer_panels import ANSWERED
from beam_jobs.search.documents import Partition
from beam_jobs.search.filters import filter_sql
from beam_jobs.search.search_request import KINDS, Hit, Results, SearchRequest

_FIRST_DAYS = 2
"""Days that are looked into at first; four times as many with each further look."""
_MOST_DAYS = 90
_NOT_ALL = f"only the newest {_MOST_DAYS} days were looked into; search for words, or set days"
_TEXT = "concat_ws(chr(10), nullif({title}, ''), nullif(summary, ''))"

_COLUMNS = "corpus, date, recording_id, segment_id, start_ms, end_ms, flags, speech_ms, context"
# the kinds as the index tells them apart: beam_jobs.search.documents
_PLACES = {
    "segment": """
SELECT corpus, date, recording_id, segment_id, start_ms, end_ms, flags, speech_ms, ''
FROM segments WHERE status IN ('annotated', 'partial')""",
    "clip": """
SELECT a.corpus, a.date, a.recording_id, '', a.start_ms, a.end_ms,
    list_distinct(flatten(list(a.flags))), coalesce(any_value(c.speech_ms), 0), ''
FROM (SELECT * FROM told WHERE segment_id = '') a LEFT JOIN (
    SELECT corpus, date, recording_id, clip_id, sum(speech_ms) AS speech_ms FROM segments
    GROUP BY ALL) c USING (corpus, date, recording_id, clip_id)
GROUP BY a.corpus, a.date, a.recording_id, a.start_ms, a.end_ms""",
    "chapter": f"""
SELECT c.corpus, c.date, c.recording_id, '', c.start_ms, c.end_ms, any_value(c.flags),
    coalesce(sum(s.speech_ms), 0), any_value({_TEXT.format(title="title")})
FROM chapters c LEFT JOIN segments s ON (s.corpus, s.date, s.recording_id)
    = (c.corpus, c.date, c.recording_id) AND s.start_ms >= c.start_ms AND s.end_ms <= c.end_ms
GROUP BY c.corpus, c.date, c.recording_id, c.start_ms, c.end_ms""",
    "recording": """
SELECT m.corpus, m.date, m.recording_id, '', 0, m.duration_ms, any_value(m.flags),
    coalesce(sum(s.speech_ms), 0), any_value(m.summary)
FROM summaries m LEFT JOIN segments s USING (corpus, date, recording_id)
GROUP BY m.corpus, m.date, m.recording_id, m.duration_ms""",
}
_NEEDED = {
    "segment": ("segments",),
    "clip": ("segments", *ANSWERED),
    "chapter": ("chapters", "segments"),
    "recording": ("summaries", "segments"),
}
_TOLD = " UNION ALL ".join(
    f"SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, flags FROM {table}"
    for table in ANSWERED
)
_NEWEST = """
WITH told AS ({told}), places AS ({places}), doubted AS ({doubted})
SELECT p.kind, p.corpus, CAST(p.date AS VARCHAR) AS date, p.recording_id, p.segment_id,
    r.object_uri, p.start_ms, p.end_ms, list_sort(list_distinct(p.flags)) AS flags, p.context
FROM (
    SELECT kind, rank, corpus, date, recording_id, segment_id, start_ms, end_ms, context,
        speech_ms > 0 AS spoken, p.flags || coalesce(d.flags, []) AS flags
    FROM places p LEFT JOIN doubted d USING (corpus, date, recording_id, segment_id)
) p JOIN recordings r USING (corpus, date, recording_id)
WHERE {conditions}
QUALIFY row_number() OVER (
    PARTITION BY p.corpus, p.date, p.recording_id ORDER BY rank, p.start_ms) = 1
ORDER BY p.date DESC, r.modified_at DESC, p.corpus, p.recording_id
LIMIT {limit}
"""


_SPOKEN_IN = """EXISTS (
    SELECT 1 FROM transcripts t
    WHERE (t.corpus, t.date, t.recording_id) = (p.corpus, p.date, p.recording_id)
        AND t.start_ms >= p.start_ms AND t.end_ms <= p.end_ms
        AND list_contains($languages, t.language))"""


def newest(tables: ArchiveTables, request: SearchRequest) -> Results:
    """The first place in each of the newest recordings that the filters let through.

    Args:
        tables: of the archive.
        request: without words and likeness; without kinds, segments are meant.

    Raises:
        SearchError: a filter is none.
    """
    filter_sql(dataclasses.replace(request, words="any"))
    wanted = request.offset + request.limit + 1
    found: list[Hit] = []
    days = _days(tables, request)
    looked_into = 0
    for few in _looks(days):
        found += _newest_of(tables, request, few, wanted - len(found))
        looked_into += len(few)
        if len(found) >= wanted:
            break
    notices = (_NOT_ALL,) if len(found) < wanted and looked_into < len(days) else ()
    shown = found[request.offset : request.offset + request.limit]
    return Results(tuple(shown), len(found) >= wanted, notices)


def _days(tables: ArchiveTables, request: SearchRequest) -> list[Partition]:
    """The partitions that can hold such a place, the newest first."""
    held = {partition_of_key(key) for key in tables.stamps(["recordings"], request.corpus)}
    until = request.until or "9"
    chosen = [day for day in held if request.since <= day.date <= until]
    return sorted(chosen, key=lambda day: (day.date, day.corpus), reverse=True)


def _looks(days: Sequence[Partition]) -> Iterator[list[Partition]]:
    """Partitions by whole days, ever more at once: most often the newest are enough."""
    dates = [list(same) for _, same in groupby(days, key=lambda day: day.date)]
    first, count = 0, _FIRST_DAYS
    while first < min(len(dates), _MOST_DAYS):
        yield [day for same in dates[first : min(first + count, _MOST_DAYS)] for day in same]
        first, count = first + count, 4 * count


def _newest_of(
    tables: ArchiveTables, request: SearchRequest, days: Sequence[Partition], limit: int
) -> list[Hit]:
    kinds = [kind for kind in KINDS if kind in (request.kinds or ("segment",))]
    by_flags = "segment" in kinds and bool(request.unflagged or request.without_flags)
    needed = {"recordings", *(table for kind in kinds for table in _NEEDED[kind])}
    needed |= {"transcripts"} if request.languages else set()
    stamps = tables.stamps_of_partitions(sorted(needed | set(ANSWERED if by_flags else ())), days)
    sql, values = _query(request, kinds, by_flags, limit)

    def ask(connection: duckdb.DuckDBPyConnection) -> list[Row]:
        return rows_of(connection, sql, values)

    return [_hit(row) for row in tables.read(stamps, ask)]


def _query(
    request: SearchRequest, kinds: Sequence[str], by_flags: bool, limit: int
) -> tuple[str, dict[str, Any]]:
    places = " UNION ALL ".join(
        f"SELECT '{kind}' AS kind, {rank} AS rank, * FROM ({_PLACES[kind]}) AS p({_COLUMNS})"
        for rank, kind in enumerate(kinds)
    )
    conditions, values = ["true"], {}
    if request.speech != "any":
        conditions.append("spoken" if request.speech == "with" else "NOT spoken")
    if request.unflagged:
        conditions.append("len(p.flags) = 0")
    if request.without_flags:
        conditions.append("NOT list_has_any(p.flags, $without)")
        values["without"] = list(request.without_flags)
    if request.languages:
        conditions.append(_SPOKEN_IN)
        values["languages"] = list(request.languages)
    doubted = "SELECT corpus, date, recording_id, segment_id, flatten(list(flags)) AS flags FROM "
    doubted += (
        "told WHERE segment_id <> '' AND len(flags) > 0 GROUP BY ALL"
        if by_flags
        else ("told WHERE false GROUP BY ALL")
    )
    sql = _NEWEST.format(
        told=_TOLD,
        places=places,
        doubted=doubted,
        conditions=" AND ".join(conditions),
        limit=limit,
    )
    return sql, values


def _hit(row: Row) -> Hit:
    """The context of a segment or clip comes with its answers."""
    shown = row | {"flags": tuple(row["flags"]), "context": row["context"] or ""}
    field = "summary" if row["kind"] in ("chapter", "recording") else ""
    return Hit(**shown, field=field, marks=(), score=0.0)
