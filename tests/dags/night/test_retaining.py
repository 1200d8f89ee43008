"""`retain__CORPUS`: which corpora have one, when it runs, and what it is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dags.corpus.corpus import Corpus
from dags.corpus.reading import read_corpora
from dags.night.retaining import retain_dag
from schemas.options.retaining import Retention

RULE = """\
source: /in
out: /out
retention:
  clips_days: 90
  tables_days: 3650
"""


def test_it_runs_once_a_week_by_the_corpus_s_rule(tmp_path: Path) -> None:
    (tmp_path / "radio.yaml").write_text(RULE)
    [corpus] = read_corpora(tmp_path).corpora
    assert corpus.retention == Retention(clips_days=90, tables_days=3650)
    dag: Any = retain_dag(corpus)
    assert (dag.dag_id, dag.catchup, dag.timetable.expression) == (
        "retain__radio",
        False,
        "0 11 * * 0",
    )
    [task] = dag.tasks
    context = {"ti": SimpleNamespace(run_id="r1"), "params": {"dry_run": True}}
    told = [
        "--out=/out",
        "--corpus=radio",
        "--clips-days=90",
        "--tables-days=3650",
        "--run-id=r1",
    ]
    assert task.arguments(context) == told
    assert task.arguments(context | {"params": {"dry_run": False}}) == [*told, "--yes"]


def test_nothing_goes_unasked() -> None:
    corpus = Corpus("radio", "/in", "/out")
    assert not corpus.retention.has_rule
    with pytest.raises(ValueError, match="radio has no rule"):
        retain_dag(corpus)


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("clips_days: 0", "clips_days 0: must be 1 or more"),
        ("tables_days: 7", "tables_days 7: must be more than lookback_days (7)"),
        ("ledger_days: 7", "ledger_days"),
    ],
)
def test_a_wrong_rule_is_one_line(tmp_path: Path, rule: str, wrong: str) -> None:
    (tmp_path / "radio.yaml").write_text(f"source: /in\nout: /out\nretention: {{{rule}}}\n")
    [error] = read_corpora(tmp_path).errors
    assert wrong in error
