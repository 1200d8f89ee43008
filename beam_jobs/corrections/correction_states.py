"""What became of each correction, and which need a person's decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from af3core.storage.address import store_at
from beam_jobs.corrections.correction_log import read_batches
from beam_jobs.framework.views import ask_published
from schemas.correction_records import VALUE_KINDS
from schemas.sql.joined_views import select_in
from schemas.sql.placed_views import PLACED_FROM, all_placed, listed
from schemas.tables.correctable_tables import CORRECTABLE_TABLES

NEEDS_DECISION = ("conflict", "outdated", "unplaced")
"""Two people differ; the row says something else by now; no row is where it was."""

_ROW = (
    "source, corpus, date, recording_id, clip_id, segment_id, task_id, task_hash, row_id,"
    " row_start_ms, row_end_ms, aspect"
)
_STATES = f"""\
WITH latest AS (
  SELECT *, CASE
      WHEN kind IN ('text', 'name') THEN 'says:' || new_value
      WHEN kind = 'right' THEN 'says:' || value_now
      ELSE kind || ':' || new_value
    END AS said
  FROM (
    SELECT *, MAX(settled_at) OVER (PARTITION BY {_ROW}) AS decided_at
    FROM placed WHERE counts AND yields < 2
  ) WHERE decided_at IS NULL OR said_at >= decided_at
), about_people AS (
  SELECT o.correction_id, o.kind, s.correction_id AS of_id
  FROM placed AS o
  JOIN placed AS s
    USING ({_ROW})
  WHERE o.kind IN ('wrong', 'right') AND NOT o.counts AND o.old_value = s.new_value
    AND s.place = 1 AND s.kind IN ({listed(VALUE_KINDS)}) AND o.said_at > s.said_at
), disputed AS (
  SELECT DISTINCT correction_id FROM (
    SELECT correction_id, MIN(said) OVER answer AS lowest, MAX(said) OVER answer AS highest
    FROM latest WINDOW answer AS (PARTITION BY {_ROW})
  ) WHERE lowest <> highest
  UNION SELECT correction_id FROM about_people WHERE kind = 'wrong'
  UNION SELECT of_id FROM about_people WHERE kind = 'wrong'
), agreed AS (
  SELECT DISTINCT correction_id FROM about_people WHERE kind = 'right'
), overruled AS (
  SELECT DISTINCT o.correction_id
  FROM placed AS o
  JOIN placed AS s
    USING ({_ROW})
  WHERE NOT o.counts AND s.place = 1
    AND (s.said_at, s.correction_id) > (o.said_at, o.correction_id)
), found AS (
  SELECT correction_id, BOOL_OR(fits) AS fits, BOOL_OR(counts) AS counts, MIN(place) AS place,
    ARG_MIN(value_now, fits) AS value_now
  FROM placed GROUP BY correction_id
), named AS (
  SELECT recording_id, ANY_VALUE(object_uri) AS object_uri
  FROM recordings WHERE corpus = $corpus GROUP BY recording_id
)
SELECT CASE
    WHEN c.undone_at IS NOT NULL THEN 'undone'
    WHEN p.correction_id IS NULL THEN 'unplaced'
    WHEN d.correction_id IS NOT NULL THEN 'conflict'
    WHEN a.correction_id IS NOT NULL THEN 'agreed'
    WHEN p.place > 1 OR (p.place IS NULL AND s.correction_id IS NOT NULL) THEN 'superseded'
    WHEN NOT p.fits THEN 'outdated'
    ELSE 'shown'
  END AS state, c.correction_id, c.batch_id, c.corrected_by,
  STRFTIME(c.corrected_at AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS corrected_at,
  c.kind, COALESCE(n.object_uri, '') AS object_uri, c.recording_id, c.start_ms, c.end_ms,
  c.channel, c.task_id, c.old_value, p.value_now, c.new_value, c.reason, c.undone_by,
  c.source, c.settled_by
FROM corrections AS c
LEFT JOIN found AS p ON p.correction_id = c.correction_id
LEFT JOIN disputed AS d ON d.correction_id = c.correction_id
LEFT JOIN agreed AS a ON a.correction_id = c.correction_id
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
    def published(self) -> set[tuple[str, str | None, str | None]]:
        """Each by its identifier, with who undid it and who settled that it holds."""
        names = ("correction_id", "undone_by", "settled_by")
        return set(zip(*(self.found[name].to_pylist() for name in names), strict=True))

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
    batches = read_batches(store_at(out), corpus)
    corrected = {each.source for batch in batches for each in batch.corrections}
    tables = tuple(each for each in CORRECTABLE_TABLES if each.name in corrected)
    tables = tables or CORRECTABLE_TABLES[:1]  # the statement needs one
    placed = select_in(all_placed(tables), "duckdb")

    def ask(connection: duckdb.DuckDBPyConnection) -> pa.Table:
        connection.execute(
            f"CREATE TEMP TABLE placed AS SELECT * FROM ({placed}) WHERE corpus = $corpus",
            {"corpus": corpus},
        )
        return connection.sql(_STATES, params={"corpus": corpus}).to_arrow_table()

    found = ask_published(out, ask, (*PLACED_FROM, *(each.name for each in tables)))
    return CorrectionStates(found)
