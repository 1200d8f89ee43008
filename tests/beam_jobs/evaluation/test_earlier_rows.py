"""Rows of evaluations that an earlier release published."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from af3core.storage.address import open_store
from beam_jobs.evaluation.evaluations_table import evaluated_rows
from beam_jobs.evaluation.scored_figures import comparison_of
from tests.beam_jobs.evaluated import MMAR, configuration, evaluated, right


def test_rows_without_what_the_script_reads_are_compared(tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluated(str(out), configuration(tmp_path / "model"), MMAR, right(2, of=3))
    [shard] = (out / "tables" / "evaluations").rglob("*.parquet")
    table = pq.read_table(shard, partitioning=None)
    assert table.column_names[-1] == "official_read_as"
    pq.write_table(table.drop_columns(["official_read_as"]), shard)
    store = open_store(str(out))
    assert [row["official_read_as"] for row in evaluated_rows(store, MMAR)] == [None] * 3
    made = comparison_of(store)
    assert made is not None
    [row] = made.rows
    assert (row.items, row.official, row.official_rate) == (3, None, "")
    assert row.figure is not None
    assert round(row.figure, 2) == 66.67
