"""Whatever is made of tables and plans, a recording with a tombstone is in none of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.derive import align_job, embed_job, events_job, summarise_job
from beam_jobs.derive.audio_descriptions import describe_job
from beam_jobs.derive.dialogues import dialogues_job
from beam_jobs.derive.skills import skills_job, think_job
from beam_jobs.derive.speakers import speakers_job
from beam_jobs.framework.derivation import Derivation
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.search import text_vectors
from schemas.jobs import JobName
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.database import connected
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.search.said import FIRST, place, publish, put
from tests.beam_jobs.tombstones import bury, tombstone

ROOT = Path(__file__).parents[2]
GONE, STAYS = "deadbeefdeadbeef", "5afe5afe5afe5afe"
OF_BOTH = [t for t in ALL_TABLES if any(c.name == "recording_id" for c in t.columns)]
DERIVATIONS: list[tuple[JobName, Derivation]] = [
    ("events", events_job.DERIVATION),
    ("align", align_job.ALIGN),
    ("speakers", speakers_job.SPEAKER_DERIVATION),
    ("embed", embed_job.EMBED),
    ("skills", skills_job.SKILLS),
    ("think", think_job.THINK),
    ("summarise", summarise_job.DIGESTS),
    ("describe", describe_job.DERIVATION),
    ("dialogues", dialogues_job.DIALOGUES_MADE),
    ("index", text_vectors.TEXTS),
]
READ_AS_STORED = {
    "beam_jobs/framework/table_snapshot.py": "hides what is withdrawn, for all who read rows",
    "beam_jobs/framework/ledger.py": "hides what is withdrawn, for all who read plans",
    "beam_jobs/framework/parquet_encoding.py": "is the reader itself",
    "beam_jobs/framework/derivation.py": "rows that wait are filtered before they are published",
    "beam_jobs/framework/corpus_derivation.py": "published rows are compared, and not kept",
    "beam_jobs/framework/data_facts.py": "counts rows of what was just published",
    "beam_jobs/night/publish.py": "held rows are filtered",
    "beam_jobs/night/held_rows.py": "for publish, which filters them",
    "beam_jobs/night/repeated_phrases.py": "flags in what was just assembled",
    "beam_jobs/night/withdrawal.py": "takes rows out of a day that recordings left",
    "beam_jobs/retention/own_recordings.py": "a day that holds what is withdrawn stays",
    "beam_jobs/clean/names.py": "what is withdrawn keeps its objects until it is removed",
    "beam_jobs/derive/audio_descriptions/garbage_collection.py": "the like",
    "beam_jobs/derive/speakers/speaker_rows.py": "published rows are compared, and not kept",
    "beam_jobs/evaluation/evaluations_table.py": "holds no recordings",
}
"""Who reads objects of tables or plans as they are stored, and why it may."""
_STORED = re.compile(
    r"\b(?:shard_columns|stored_columns|decode_rows|decode_columns|stored_manifest)\("
    r"|NightManifest\.from_bytes|read_parquet\(|pq\.ParquetFile\("
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of two recordings with rows in each table, of which one is withdrawn."""
    out = tmp_path_factory.mktemp("withdrawn") / "out"
    said = {name: [f"{name} says that it rains.", "And more."] for name in (GONE, STAYS)}
    publish(out, FIRST, said, seen="A voice.")
    written = ("recordings", "segments", "transcripts", "captions")
    for table in OF_BOTH:
        if table.name not in written:
            put(out, FIRST, table.name, [_row(table.name, name) for name in (GONE, STAYS)])
    for several in ("dialogues", "chats"):
        sounds = [_sound(STAYS), _sound(GONE)]
        of_both = _row(several, STAYS) | {"sounds": sounds}
        put(out, FIRST, several, [_row(several, STAYS), of_both])
    bury(store_at(str(out)), tombstone("default", GONE, "d" * 64))
    return out


def _row(table: str, recording: str) -> dict[str, Any]:
    [found] = [t for t in OF_BOTH if t.name == table]
    names = {column.name for column in found.columns}
    return {name: value for name, value in place(recording, 0).items() if name in names}


def _sound(recording: str) -> dict[str, Any]:
    return {
        **{"segment_id": f"{recording}-0", "recording_id": recording, "clip_uri": ""},
        **{"clip_start_ms": 0, "start_ms": 0, "end_ms": 1000, "relation": "", "distance": None},
    }


def test_sql_and_rows_of_every_table_show_the_others_alone(out: Path) -> None:
    names = [table.name for table in OF_BOTH]
    snapshot = take_snapshot(store_at(str(out)), names)
    with connected(out) as database:
        for name in names:
            shown = database.sql(f"SELECT DISTINCT recording_id FROM {name}").fetchall()
            rows = list(snapshot.rows(name, "default", FIRST))
            assert shown == [(STAYS,)] == [*{(row["recording_id"],) for row in rows}], name
            [(count,)] = database.sql(f"SELECT count(*) FROM {name}").fetchall()
            assert count == len(rows), name
            assert GONE not in str(rows), name


def test_columns_that_name_no_recording_are_read_of_the_others_alone(out: Path) -> None:
    snapshot = take_snapshot(store_at(str(out)), ["transcripts"])
    [key] = snapshot.stamps
    found = snapshot.columns(key, ["text"])
    assert found.column_names == ["text"]
    assert found["text"].to_pylist() == [f"{STAYS} says that it rains.", "And more."]


@pytest.mark.parametrize(("job", "derivation"), DERIVATIONS, ids=[n for n, _ in DERIVATIONS])
def test_no_derived_job_has_work_for_it(out: Path, job: JobName, derivation: Derivation) -> None:
    settings = settings_for(job, "--out", out, "--date", FIRST)
    pieces = list(derivation.pieces(settings, FIRST))
    assert all(piece.recording_id == STAYS for piece in pieces)
    assert GONE not in repr([(piece.evidence, piece.decides) for piece in pieces])


@pytest.mark.parametrize(
    "command",
    [
        ["index"],
        ["check"],
        ["query", "SELECT * FROM corrected_transcripts"],
        ["search", "rains", "--mode", "words"],
        ["subtitles", "--date", FIRST, "--output", "{files}"],
    ],
    ids=lambda command: command[0],
)
def test_what_is_asked_says_nothing_of_it(
    out: Path, tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = set(out.rglob("*"))
    given = [each.format(files=tmp_path) for each in command]
    assert main([*given, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert GONE not in said.out + said.err
    assert not list(_naming((*(set(out.rglob("*")) - before), *tmp_path.rglob("*"))))


def _naming(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if "superseded" in path.parts:  # replaced objects, for half an hour
            continue
        if GONE in path.name or (path.is_file() and GONE.encode() in path.read_bytes()):
            yield path


def test_who_reads_tables_and_plans_as_they_are_stored_is_known() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "beam_jobs").rglob("*.py")
        if _STORED.search(path.read_text("utf-8"))
    }
    removing = {path for path in found if path.startswith("beam_jobs/withdrawal/")}
    assert found - removing == set(READ_AS_STORED)
