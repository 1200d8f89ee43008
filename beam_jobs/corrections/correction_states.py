"""What became of each correction, and which need a person's decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from beam_jobs.framework.views import ask_published
from schemas.sql.corrected_views import CORRECTED_TABLES
from schemas.tables.night_tables import RECORDINGS

NEEDS_DECISION = ("conflict", "outdated", "unplaced")
"""Two people differ; the model says something else by now; no answer is where it was."""

_ANSWER = "source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, aspect"
_STATES = f"""\
WITH latest AS (
  SELECT * FROM placed_corrections WHERE counts
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY {_ANSWER}, corrected_by ORDER BY corrected_at DESC, correction_id DESC
  ) = 1
), disputed AS (
  SELECT DISTINCT correction_id FROM (
    SELECT correction_id, kind || ':' || new_value AS said,
      MIN(said) OVER answer AS lowest, MAX(said) OVER answer AS highest
    FROM latest WINDOW answer AS (PARTITION BY {_ANSWER})
  ) WHERE lowest <> highest
), overruled AS (
  SELECT DISTINCT o.correction_id
  FROM placed_corrections AS o
  JOIN placed_corrections AS s
    USING ({_ANSWER})
  WHERE NOT o.counts AND s.place = 1
    AND (s.corrected_at, s.correction_id) > (o.corrected_at, o.correction_id)
), placed AS (
  SELECT correction_id, BOOL_OR(fits) AS fits, BOOL_OR(counts) AS counts, MIN(place) AS place,
    ARG_MIN(value_now, fits) AS value_now
  FROM placed_corrections GROUP BY correction_id
), named AS (
  SELECT recording_id, ANY_VALUE(object_uri) AS object_uri
  FROM recordings WHERE corpus = $corpus GROUP BY recording_id
)
SELECT CASE
    WHEN c.undone_at IS NOT NULL THEN 'undone'
    WHEN p.correction_id IS NULL THEN 'unplaced'
    WHEN d.correction_id IS NOT NULL THEN 'conflict'
    WHEN p.place > 1 OR (p.place IS NULL AND s.correction_id IS NOT NULL) THEN 'superseded'
    WHEN NOT p.fits THEN 'outdated'
    ELSE 'shown'
  END AS state, c.correction_id, c.batch_id, c.corrected_by,
  STRFTIME(c.corrected_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS corrected_at,
  c.kind, COALESCE(n.object_uri, '') AS object_uri, c.recording_id, c.start_ms, c.end_ms,
  c.channel, c.task_id, c.old_value, p.value_now, c.new_value, c.reason, c.undone_by
FROM corrections AS c
LEFT JOIN placed AS p ON p.correction_id = c.correction_id
LEFT JOIN disputed AS d ON d.correction_id = c.correction_id
LEFT JOIN overruled AS s ON s.correction_id = c.correction_id
LEFT JOIN named AS n ON n.recording_id = c.recording_id
WHERE c.corpus = $corpus
ORDER BY c.recording_id, c.start_ms, c.task_id, c.corrected_at, c.correction_id"""


@dataclass(frozen=True)
class CorrectionStates:
    """Corrections as rows, each with its state; as `beam_jobs.output.row_output` takes them."""

    found: pa.Table

    @property
    def columns(self) -> Sequence[str]:
        return self.found.column_names

    @property
    def undecided(self) -> CorrectionStates:
        """Those that need a decision."""
        states = self.found["state"].to_pylist()
        return CorrectionStates(self.found.filter(pa.array([s in NEEDS_DECISION for s in states])))

    @property
    def undone(self) -> list[bool]:
        """Of each whether it was undone."""
        return [state == "undone" for state in self.found["state"].to_pylist()]

    def batches(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        for batch in self.found.to_batches():
            yield list(zip(*(column.to_pylist() for column in batch.columns), strict=True))

    def arrow(self) -> pa.RecordBatchReader:
        return self.found.to_reader()


def correction_states(out: str, corpus: str) -> CorrectionStates:
    """All corrections of a corpus by place, with what became of each.

    Raises:
        ConfigurationError: there are no tables at that address.
        StorageError: they cannot be read.
    """

    def ask(connection: duckdb.DuckDBPyConnection) -> pa.Table:
        return connection.sql(_STATES, params={"corpus": corpus}).to_arrow_table()

    found = ask_published(out, ask, (RECORDINGS.name, *CORRECTED_TABLES))
    return CorrectionStates(found)
