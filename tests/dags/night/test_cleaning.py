"""`clean__CORPUS`: which outputs have one, when it runs, and what it is told."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from af3core.errors import ConfigurationError
from dags.corpus.corpus import Corpus
from dags.corpus.reading import Corpora, read_corpora
from dags.night.cleaning import clean_dag, outputs_to_clean


def corpus(name: str, out: str, keep_days: int | None) -> Corpus:
    return Corpus(name, "/in", out, keep_days=keep_days, timezone="Europe/Berlin")


def to_clean(*corpora: Corpus, errors: tuple[str, ...] = ()) -> list[tuple[str, int]]:
    return [(c.name, days) for c, days in outputs_to_clean(Corpora(corpora, errors))]


def test_nothing_is_cleaned_unasked() -> None:
    assert to_clean(corpus("radio", "/out", None)) == []


def test_corpora_of_one_output_agree() -> None:
    radio, tapes = corpus("radio", "/out", 30), corpus("tapes", "/out/", 90)
    films = corpus("films", "gs://b/films", 7)
    assert to_clean(radio, tapes, films) == [("radio", 90), ("films", 7)]
    assert to_clean(radio, corpus("silent", "/out", None), films) == [("films", 7)]
    assert to_clean(radio, errors=("tapes.yaml: wrong",)) == []


def test_it_runs_once_a_week_and_removes() -> None:
    dag: Any = clean_dag(corpus("radio", "/out", 30), 90)
    assert (dag.dag_id, dag.catchup, dag.max_active_runs) == ("clean__radio", False, 1)
    assert dag.timetable.expression == "0 12 * * 0"
    assert str(dag.timetable.timezone) == "Europe/Berlin"
    [task] = dag.tasks
    run = SimpleNamespace(run_id="scheduled__2026-11-22")
    assert task.job == "clean"
    assert task.arguments({"ti": run}) == [
        "--out=/out",
        "--corpus=radio",
        "--run-id=scheduled__2026-11-22",
        "--keep-days=90",
        "--yes",
    ]


def test_the_key_is_a_whole_day_or_more(tmp_path: Path) -> None:
    (tmp_path / "radio.yaml").write_text("source: /in\nout: /out\nkeep_days: 0\n")
    [error] = read_corpora(tmp_path).errors
    assert error.endswith(
        "keep_days 0: must be 1 or more: running jobs name what they write at their end"
    )
    with pytest.raises(ConfigurationError):
        corpus("radio", "/out", -1)
