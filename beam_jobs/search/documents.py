"""What is searched: one document per segment, clip, chapter and recording, made from the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import duckdb
import pyarrow as pa

from af3core.storage.store import Store
from beam_jobs.framework.corrected_rows import shown_rows, tables_shown
from beam_jobs.framework.table_snapshot import list_shards
from beam_jobs.framework.views import ask_snapshot, translated_errors
from schemas import layout
from schemas.identity import configuration_hash
from schemas.tables.columns import TEXTS
from schemas.tables.correction_tables import CORRECTIONS

SOURCES = (
    "recordings",
    "segments",
    "captions",
    "transcripts",
    "answers",
    "summaries",
    "chapters",
    "embeddings",
    "text_embeddings",
)
"""The tables that the index is made of, as people corrected them."""
FIELDS = ("transcript", "caption", "answers", "summary")
"""The texts of a document, which may be named in a search."""
TEXT_TABLE = "documents"
"""The index's table of documents."""
_FILTERED = (
    pa.field("kind", pa.string()),
    pa.field("corpus", pa.string()),
    pa.field("date", pa.string()),
    pa.field("recording_id", pa.string()),
    pa.field("segment_id", pa.string()),
    pa.field("flags", TEXTS),
    pa.field("flagged", pa.bool_()),
    pa.field("spoken", pa.bool_()),
    pa.field("languages", TEXTS),
)
DOCUMENTS = pa.schema(
    [
        pa.field("id", pa.string()),
        *_FILTERED,
        pa.field("object_uri", pa.string()),
        pa.field("start_ms", pa.int64()),
        pa.field("end_ms", pa.int64()),
        *(pa.field(name, pa.string()) for name in FIELDS),
    ]
)
"""One row per document; days are text, so that they compare as they sort."""


Result = TypeVar("Result")


@dataclass(frozen=True, order=True)
class Partition:
    """One day of one corpus."""

    corpus: str
    date: str

    @property
    def name(self) -> str:
        return f"corpus={self.corpus}/date={self.date}"


def vectors_schema(dimensions: int) -> pa.Schema:
    """Rows of the index's tables of vectors: half precision, of length 1."""
    vector = pa.field("vector", pa.list_(pa.float16(), dimensions))
    return pa.schema([pa.field("id", pa.string()), *_FILTERED, vector])


def vectors_table(sense: str, model: str) -> str:
    """The index's table of one model's vectors; vectors of two models never compare.

    Args:
        sense: text or audio.
        model: name and revision.
    """
    return f"{sense}-{configuration_hash(model)}"


_ANSWERED = """
SELECT corpus, date, recording_id, clip_id, segment_id, start_ms, end_ms, flags, task_id,
    task_hash, '{field}' AS field, {text} AS text, {language} AS language FROM {table}
"""
_CHOSEN = "CASE WHEN choice <> '' THEN choice ELSE text END"
_DOCUMENTS = f"""
CREATE TEMP TABLE documents AS
WITH told AS (
    {
    " UNION ALL ".join(
        _ANSWERED.format(table=shown_rows(table), field=field, text=text, language=language)
        for table, field, text, language in (
            ("transcripts", "transcript", "text", "language"),
            ("captions", "caption", "text", "NULL"),
            ("answers", "answers", _CHOSEN, "NULL"),
        )
    )
}
), asked AS (
    SELECT corpus, date, recording_id, clip_id, segment_id,
        min(start_ms) AS start_ms, max(end_ms) AS end_ms, flatten(list(flags)) AS told_flags,
        list(language) AS told_languages,
        {
    ", ".join(
        f"string_agg(text, chr(10) ORDER BY task_id, task_hash)"
        f" FILTER (field = '{field}' AND text <> '') AS {field}"
        for field in ("transcript", "caption", "answers")
    )
}
    FROM told GROUP BY ALL
), heard AS (
    SELECT corpus, date, recording_id, start_ms, end_ms, language FROM {shown_rows("transcripts")}
    WHERE language IS NOT NULL
), speech AS (
    SELECT corpus, date, recording_id, clip_id, sum(speech_ms) AS speech_ms
    FROM segments GROUP BY ALL
), parts AS (
    SELECT a.corpus, a.date, a.recording_id, a.segment_id, a.start_ms, a.end_ms, a.transcript,
        a.caption, a.answers, NULL AS summary,
        CASE WHEN a.segment_id = '' THEN 'clip' ELSE 'segment' END AS kind,
        coalesce(CASE WHEN a.segment_id = '' THEN p.speech_ms ELSE s.speech_ms END, 0) AS speech_ms,
        a.told_flags || coalesce(s.flags, []) AS flags, a.told_languages AS languages,
        CASE WHEN a.segment_id = '' THEN a.clip_id END AS whole_clip
    FROM asked a
    LEFT JOIN segments s USING (corpus, date, recording_id, segment_id)
    LEFT JOIN speech p ON (p.corpus, p.date, p.recording_id, p.clip_id)
        = (a.corpus, a.date, a.recording_id, a.clip_id)
    UNION ALL
    SELECT c.corpus, c.date, c.recording_id, '', c.start_ms, c.end_ms, NULL, NULL, NULL,
        concat_ws(chr(10), nullif(any_value(c.title), ''), nullif(any_value(c.summary), '')),
        'chapter', coalesce(sum(s.speech_ms), 0), any_value(c.flags), any_value((
            SELECT list(language) FROM heard h
            WHERE (h.corpus, h.date, h.recording_id) = (c.corpus, c.date, c.recording_id)
                AND h.start_ms >= c.start_ms AND h.end_ms <= c.end_ms)), NULL
    FROM {shown_rows("chapters")} c LEFT JOIN segments s ON (s.corpus, s.date, s.recording_id)
        = (c.corpus, c.date, c.recording_id) AND s.start_ms >= c.start_ms AND s.end_ms <= c.end_ms
    GROUP BY c.corpus, c.date, c.recording_id, c.chapter, c.start_ms, c.end_ms
    UNION ALL
    SELECT m.corpus, m.date, m.recording_id, '', 0, m.duration_ms, NULL, NULL, NULL, m.summary,
        'recording', coalesce((SELECT sum(p.speech_ms) FROM speech p WHERE
        (p.corpus, p.date, p.recording_id) = (m.corpus, m.date, m.recording_id)), 0), m.flags,
        (SELECT list(language) FROM heard h
        WHERE (h.corpus, h.date, h.recording_id) = (m.corpus, m.date, m.recording_id)), NULL
    FROM {shown_rows("summaries")} m
), full_parts AS (
    SELECT * REPLACE (
        coalesce(transcript, '') AS transcript, coalesce(caption, '') AS caption,
        coalesce(answers, '') AS answers, coalesce(summary, '') AS summary,
        list_sort(list_distinct(flags)) AS flags,
        list_sort(list_distinct(coalesce(languages, []))) AS languages
    ) FROM parts
)
SELECT *, left(sha256(meant), 24) AS text_hash FROM (SELECT
    md5(concat_ws('|', corpus, date, kind, recording_id, segment_id, start_ms, end_ms,
        whole_clip)) AS id,
    kind, corpus, CAST(date AS VARCHAR) AS date, recording_id, segment_id, r.object_uri, start_ms,
    end_ms, p.flags AS flags, len(p.flags) > 0 AS flagged, speech_ms > 0 AS spoken, p.languages,
    transcript, caption, answers, summary,
    CASE WHEN caption || transcript || summary = '' THEN answers
        ELSE concat_ws(chr(10), nullif(caption, ''), nullif(transcript, ''), nullif(summary, ''))
    END AS meant
FROM full_parts p JOIN recordings r USING (corpus, date, recording_id)
WHERE transcript || caption || answers || summary <> '')
ORDER BY corpus, date, recording_id, start_ms, end_ms, kind, segment_id
"""


def ask_documents(
    out: str,
    store: Store,
    partitions: Sequence[Partition],
    ask: Callable[[duckdb.DuckDBPyConnection], Result],
    as_made: bool = False,
) -> Result:
    """Ask a database with the table `documents` of some partitions, and views of their tables.

    Corrections are read of all days of their corpora: a recording may have moved since.

    A document's columns are `DOCUMENTS`, and `meant` with `text_hash`, the text whose meaning is
    embedded.

    Args:
        ask: called again where an object was replaced while it read; gives what it read, whole.
        as_made: of what the model said, without corrections.
    """
    prefixes = [
        layout.partition_prefix(table, p.corpus, p.date) for table in SOURCES for p in partitions
    ]
    if not as_made:
        corpora = sorted({p.corpus for p in partitions})
        prefixes += [layout.partitions_prefix(CORRECTIONS.name, corpus) for corpus in corpora]
    snapshot = list_shards(store, prefixes)

    def ask_with_documents(connection: duckdb.DuckDBPyConnection) -> Result:
        connection.execute(_DOCUMENTS)
        return ask(connection)

    with translated_errors(out):
        return ask_snapshot(out, snapshot, tables_shown(SOURCES), ask_with_documents)
