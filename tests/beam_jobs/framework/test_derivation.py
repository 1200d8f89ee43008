"""Derived tables: a piece is made once, a failure is tried again, a partition is replaced whole."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from af3core.errors import ConfigurationError, InvalidAudio, ModelError
from beam_jobs.cli import main
from beam_jobs.framework.derivation import Derivation, NothingPublished, Piece, PieceRows, derive
from beam_jobs.framework.ledger import pack_vector, unpack_vector
from beam_jobs.framework.settings import JobSettings
from schemas.options.derive import Seed
from schemas.tables.derived_tables import CHAPTERS
from tests.beam_jobs.framework.titles import title_rows
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.small_night import DAY, make_archive, night, rows

MADE: list[str] = []
"""Recordings of which a piece was made, in this process."""
TROUBLE: dict[str, Exception] = {}
"""What making a recording's piece raises."""


@pytest.fixture(scope="module")
def finished(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of two recordings in three shards."""
    folder = tmp_path_factory.mktemp("derived")
    night(make_archive(folder / "archive"), folder / "out", untrained, "--shards", "3")
    return folder


@pytest.fixture
def settings(finished: Path, untrained: Path, tmp_path: Path) -> JobSettings:
    MADE.clear()
    TROUBLE.clear()
    out = shutil.copytree(finished / "out", tmp_path / "out")
    return settings_for("skills", "--out", out, "--model", untrained, "--run-id", "first")


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """Every recording's title; the seed is part of what decides it."""
    for row in rows(settings.out, "recordings"):
        yield Piece(
            recording_id=row["recording_id"],
            corpus=settings.corpus,
            date=date,
            identity=f"{row['recording_id']}{settings[Seed].seed}",
            evidence=row["object_uri"].rsplit("/", 1)[-1],
            uri=row["object_uri"],
        )


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    MADE.append(piece.evidence)
    if piece.evidence in TROUBLE:
        raise TROUBLE[piece.evidence]
    return title_rows(piece, settings)


TITLES = Derivation("titles", (CHAPTERS,), pieces, derive_rows)


def titles(settings: JobSettings) -> set[str]:
    return {row["title"] for row in rows(settings.out, "chapters")}


def test_a_piece_is_made_once_and_counted_always(settings: JobSettings) -> None:
    facts = derive(TITLES, settings).facts
    assert facts == {"chapters": 2, "made_now": 2, "failures": 0}
    assert titles(settings) == {"long.mp3 0", "short.wav 0"}
    assert derive(TITLES, settings).facts == {"chapters": 2, "made_now": 0, "failures": 0}
    assert sorted(MADE) == ["long.mp3", "short.wav"]


def test_what_decides_a_piece_makes_another_and_replaces_its_rows(settings: JobSettings) -> None:
    derive(TITLES, settings)
    seed = ("--model", settings.checkpoint.folder, "--seed", 7)
    derive(TITLES, settings_for("skills", "--out", settings.out, *seed))
    assert titles(settings) == {"long.mp3 7", "short.wav 7"}
    derive(TITLES, settings)
    assert titles(settings) == {"long.mp3 0", "short.wav 0"}
    assert len(MADE) == 4


def test_rows_without_a_piece_go_and_every_shard_is_there(settings: JobSettings) -> None:
    derive(TITLES, settings)
    nothing = Derivation("titles", (CHAPTERS,), lambda settings, date: [], derive_rows)
    assert derive(nothing, settings).facts == {"made_now": 0, "failures": 0}
    assert titles(settings) == set()
    folder = Path(settings.out) / "tables" / "chapters" / "corpus=default" / f"date={DAY}"
    assert [path.name for path in sorted(folder.iterdir())] == [
        f"part-0000{shard}-of-00003.parquet" for shard in range(3)
    ]


def test_shards_of_another_count_are_removed(settings: JobSettings) -> None:
    derive(TITLES, settings)
    folder = Path(settings.out) / "tables" / "chapters" / "corpus=default" / f"date={DAY}"
    for path in sorted(folder.iterdir()):
        path.with_name(path.name.replace("of-00003", "of-00004")).write_bytes(path.read_bytes())
    derive(TITLES, settings)
    assert len(rows(settings.out, "chapters")) == 2
    assert {path.name[-16:] for path in folder.iterdir()} == {"of-00003.parquet"}


def test_damaged_rows_in_the_ledger_are_made_anew(settings: JobSettings) -> None:
    derive(TITLES, settings)
    path = sorted((Path(settings.out) / "ledger" / "derived").rglob("*.json"))[0]
    path.write_bytes(b"")
    assert derive(TITLES, settings).facts == {"chapters": 2, "made_now": 1, "failures": 0}
    assert titles(settings) == {"long.mp3 0", "short.wav 0"}


def test_rows_of_an_earlier_release_lack_columns(settings: JobSettings) -> None:
    derive(TITLES, settings)
    for path in (Path(settings.out) / "ledger" / "derived").rglob("*.json"):
        value = json.loads(path.read_text())
        for row in value["rows"]["chapters"]:
            del row["flags"], row["segment_count"]
        path.write_text(json.dumps(value))
    assert derive(TITLES, settings).facts["made_now"] == 0
    held = [(row["flags"], row["segment_count"]) for row in rows(settings.out, "chapters")]
    assert held == [([], 0), ([], 0)]


def test_a_failure_is_said_tried_again_and_forgotten_once_made(settings: JobSettings) -> None:
    TROUBLE["long.mp3"] = ModelError("the model was away")
    outcome = derive(TITLES, settings)
    assert outcome.facts == {"chapters": 1, "made_now": 1, "failures": 1}
    [line] = [line for line in outcome.lines if line.startswith("failed: ")]
    assert line.endswith("long.mp3: the model was away")
    assert titles(settings) == {"short.wav 0"}
    TROUBLE.clear()
    assert derive(TITLES, settings).facts == {"chapters": 2, "made_now": 1, "failures": 0}


@pytest.mark.parametrize(
    ("error", "tries"), [(ModelError("away"), 3), (InvalidAudio("no waveform"), 1)]
)
def test_a_piece_is_given_up(settings: JobSettings, error: Exception, tries: int) -> None:
    TROUBLE["short.wav"] = error
    for number in range(5):
        run = dataclasses.replace(settings, run_id=f"run{number}")
        assert derive(TITLES, run).facts["failures"] == 1
    assert MADE.count("short.wav") == tries


def test_a_wrong_setting_is_no_fault_of_a_piece(settings: JobSettings) -> None:
    TROUBLE["short.wav"] = ConfigurationError("no such server")
    with pytest.raises(ConfigurationError, match="no such server"):
        derive(TITLES, settings)
    TROUBLE.clear()
    assert derive(TITLES, settings).facts["failures"] == 0


def test_an_interval_without_tables_is_one_clear_line(
    settings: JobSettings, finished: Path, untrained: Path
) -> None:
    elsewhere = dataclasses.replace(settings, since="2020-01-01", until="2020-01-02")
    expected = (
        "no tables of corpus default from 2020-01-01 to 2020-01-02; run af3 annotate SOURCE first"
    )
    with pytest.raises(NothingPublished, match=expected):
        derive(TITLES, elsewhere)
    shutil.rmtree(Path(settings.out) / "tables" / "recordings")
    with pytest.raises(NothingPublished, match="check --corpus and the dates"):
        derive(TITLES, settings)


def test_a_writer_that_is_away_is_said_before_any_work(
    settings: JobSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    away = ["--writer", "big", "--writer-endpoint", "http://127.0.0.1:9/v1"]
    assert main(["skills", "--out", settings.out, "--model", "nano", *away]) == 1
    said = capsys.readouterr().err
    assert said.startswith("af3: endpoint http://127.0.0.1:9/v1: no answer")
    assert len(said.splitlines()) == 1


def test_a_row_keeps_the_run_that_made_it(settings: JobSettings) -> None:
    derive(TITLES, settings)
    derive(TITLES, dataclasses.replace(settings, run_id="second"))
    path = next((Path(settings.out) / "tables" / "chapters").rglob("part-*.parquet"))
    assert set(pq.read_table(path.parent)["run_id"].to_pylist()) == {"first"}


def test_a_vector_is_the_same_after_the_ledger() -> None:
    vector = np.array([0.1, -2.5e-8, 3e30], np.float32)
    packed = pack_vector(vector)
    assert packed == "zczMPZW/1rIXdhdy"
    back = unpack_vector(packed)
    assert back is not None
    assert back.tobytes() == vector.tobytes()
    assert unpack_vector(None) is None
