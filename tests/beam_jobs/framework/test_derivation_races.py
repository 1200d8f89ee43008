"""A derived job that was stopped goes on: the rows that another run published meanwhile stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from af3core.storage.address import open_store
from beam_jobs.framework import derivation
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, derive
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import partition_rows
from beam_jobs.night import discover, publish
from schemas.options.derive import Seed
from schemas.tables.derived_tables import CHAPTERS
from tests.beam_jobs.framework.titles import title_rows
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.rivals import STORES, claims_taken_over, meanwhile, out_in
from tests.beam_jobs.small_night import DAY, rows, settings_of
from tests.media import spoken, write

PIECE_DERIVED: list[Callable[[], object]] = []
"""Called once, when the next piece is derived."""


@pytest.fixture(params=STORES)
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with out_in(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    PIECE_DERIVED.clear()
    folder = tmp_path / "archive"
    write(folder / DAY / "first.wav", spoken())
    return folder


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """Every published recording's title; the seed is part of what decides it."""
    store = open_store(settings.out)
    for row in partition_rows(store, "recordings", settings.corpus, date):
        yield Piece(
            recording_id=row["recording_id"],
            corpus=settings.corpus,
            date=date,
            identity=f"{row['recording_id']}{settings[Seed].seed}",
            evidence=row["object_uri"].rsplit("/", 1)[-1],
            uri=row["object_uri"],
        )


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    while PIECE_DERIVED:
        PIECE_DERIVED.pop()()
    return title_rows(piece, settings)


TITLES = Derivation("titles", (CHAPTERS,), pieces, derive_rows)


def titles(out: str) -> list[str]:
    return sorted(row["title"] for row in rows(out, "chapters"))


def publish_night(archive: Path, out: str, checkpoint: Path) -> None:
    """Put the recordings of the archive into the tables."""
    settings = settings_of(archive, out, checkpoint)
    discover.run(settings)
    publish.run(settings)


def title_settings(out: str, checkpoint: Path, seed: int = 0) -> JobSettings:
    return settings_for("skills", "--out", out, "--model", checkpoint, "--seed", seed)


def another_recording_is_published(archive: Path, out: str, checkpoint: Path, seed: int) -> None:
    """Another run takes over all claims and publishes one recording more, and its title."""
    write(archive / DAY / "second.wav", spoken("a train by the sea"))
    with claims_taken_over():
        publish_night(archive, out, checkpoint)
        derive(TITLES, title_settings(out, checkpoint, seed))
    assert titles(out) == [f"first.wav {seed}", f"second.wav {seed}"]


def test_rows_stay_that_were_published_after_a_stopped_run_read_the_ledger(
    archive: Path, out: str, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_night(archive, out, untrained)
    calls = meanwhile(
        monkeypatch,
        derivation,
        "encode_table",
        lambda: another_recording_is_published(archive, out, untrained, seed=0),
    )
    derive(TITLES, title_settings(out, untrained))
    assert titles(out) == ["first.wav 0", "second.wav 0"]
    # mine, the other's, and mine once more
    assert calls == [3]


def test_rows_stay_that_were_published_while_a_stopped_run_derived_its_own(
    archive: Path, out: str, untrained: Path
) -> None:
    publish_night(archive, out, untrained)
    PIECE_DERIVED.append(lambda: another_recording_is_published(archive, out, untrained, seed=0))
    derive(TITLES, title_settings(out, untrained))
    assert titles(out) == ["first.wav 0", "second.wav 0"]


def test_a_stopped_run_with_other_settings_publishes_as_if_it_had_begun_later(
    archive: Path, out: str, untrained: Path
) -> None:
    publish_night(archive, out, untrained)
    PIECE_DERIVED.append(lambda: another_recording_is_published(archive, out, untrained, seed=7))
    derive(TITLES, title_settings(out, untrained))
    assert titles(out) == ["first.wav 0", "second.wav 0"]
