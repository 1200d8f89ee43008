"""Which corrections the days of a corpus have, of recordings that moved or came again too."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from af3core.storage.store import Store
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.framework.views import ask_snapshot
from beam_jobs.search.documents import Partition
from schemas.identity import configuration_hash
from schemas.sql.placed_views import HEARD_CORRECTIONS
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.night_tables import RECORDINGS

_HEARD = f"""
SELECT CAST(date AS VARCHAR) AS date, list(said ORDER BY said) AS said FROM (
    SELECT DISTINCT date, concat_ws(' ', correction_id, settled_at) AS said
    FROM {HEARD_CORRECTIONS.name}
) GROUP BY date
"""


def corrections_of_days(out: str, store: Store, corpus: str) -> Mapping[Partition, str]:
    """By day a hash of the corrections that count of its recordings; nothing of days without any.

    A correction lies with the day that its recording had then; the recording may lie elsewhere by
    now, and others may have the same sound.

    Raises:
        StorageError: the tables cannot be read.
    """
    if not take_snapshot(store, [CORRECTIONS.name], corpus).stamps:
        return {}
    tables = (RECORDINGS.name, CORRECTIONS.name)
    snapshot = take_snapshot(store, tables, corpus)

    def ask(connection: duckdb.DuckDBPyConnection) -> dict[Partition, str]:
        rows = connection.execute(_HEARD).fetchall()
        return {Partition(corpus, date): configuration_hash(said) for date, said in rows}

    return ask_snapshot(out, snapshot, tables, ask)
