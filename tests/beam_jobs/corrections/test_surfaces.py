"""Each surface shows what people corrected, --as-made what the model said, and undo the old one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from af3core.nano.demo_archive import DATE
from af3core.storage.address import open_store
from beam_jobs.browse.data.archive_tables import open_tables
from beam_jobs.browse.pages.recording_page import recording_page, segment_words
from beam_jobs.browse.pages.subtitle_file import subtitle_file
from beam_jobs.cli import main
from beam_jobs.corrections.adding import add_corrections, undo_corrections
from beam_jobs.derive import align_job, embed_job, summarise_job
from beam_jobs.derive.dialogues import dialogues_job
from beam_jobs.derive.skills import skills_job
from beam_jobs.framework.corrected_rows import is_correctable, shown_rows, take_corrected
from beam_jobs.framework.derivation import Derivation
from beam_jobs.framework.views import ask_published
from beam_jobs.search import index_job
from schemas.jobs import JobName
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.corrections.corrected_night import (
    DOUBTED,
    MENDED,
    RAIN,
    REEL,
    SAID,
    SECOND,
    SEEN,
    WORD_MS,
    correct,
    night_to_correct,
    table_rows,
    write_table,
)
from tests.beam_jobs.embedded_night import TASKS, settings_with

DERIVATIONS: tuple[tuple[JobName, Derivation], ...] = (
    ("summarise", summarise_job.DIGESTS),
    ("skills", skills_job.SKILLS),
    ("dialogues", dialogues_job.DIALOGUES_MADE),
    ("embed", embed_job.EMBED),
    ("align", align_job.ALIGN),
)


@pytest.fixture
def out(shared: Path, tmp_path: Path) -> Path:
    return night_to_correct(shared, tmp_path)


def ran(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[str, str]:
    """A command that succeeds: what it prints and what it says."""
    capsys.readouterr()
    assert main([str(each) for each in arguments]) == 0
    said = capsys.readouterr()
    return said.out, said.err


def identities(out: Path, job: JobName, derivation: Derivation, *options: str) -> dict[str, Any]:
    """The identities of a day's pieces by recording."""
    found: dict[str, Any] = {}
    for piece in derivation.pieces(settings_with(out, *options, job=job), DATE):
        found.setdefault(piece.recording_id, []).append(piece.identity)
    return found


def recording(out: Path) -> str:
    [reel] = [r for r in table_rows(out, "recordings") if r["object_uri"].endswith(REEL)]
    return str(reel["recording_id"])


def undo(out: Path, batch: str) -> None:
    assert undo_corrections(str(out), [batch], by="Ada") == 4


def test_rows_are_those_that_the_views_show(out: Path) -> None:
    before = take_corrected(open_store(str(out)), ["captions"]).rows("captions", "default", DATE)
    assert all("correction" not in row for row in before)
    correct(out)
    for table in filter(lambda each: is_correctable(each.name), ALL_TABLES):
        names = [column.name for column in table.columns]
        store = open_store(str(out))
        rows = take_corrected(store, [table.name]).rows(table.name, "default", DATE)
        by_rows = [[str(row[name]) for name in names] for row in rows]
        asked = f"SELECT {', '.join(names)} FROM {shown_rows(table.name)}"

        def ask(connection: duckdb.DuckDBPyConnection, sql: str = asked) -> list[dict[str, Any]]:
            return connection.sql(sql).to_arrow_table().to_pylist()

        shown = ask_published(str(out), ask)
        assert sorted(by_rows) == sorted([str(row[name]) for name in names] for row in shown)


def test_subtitles(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def subtitles(*options: str) -> list[dict[str, Any]]:
        text, _ = ran(capsys, "subtitles", REEL, "--out", out, "--format", "json", *options)
        found: list[dict[str, Any]] = json.loads(text)
        return found

    made = subtitles()
    batch = correct(out)
    words = [word for cue in subtitles() for word in cue["words"]]
    assert " ".join(word["text"] for word in words[:18]) == MENDED
    assert [words[place]["text"] for place in (5, 6, 7)] == ["from", "leeds", "the"]
    assert words[6]["start_ms"] == 6 * WORD_MS
    assert [word["is_estimated"] for word in words[5:8]] == [False, True, False]
    assert subtitles("--as-made") == made
    undo(out, batch)
    assert subtitles() == made


def indexed(out: Path) -> int:
    """Bring the index up to date; gives how many days changed."""
    changed: int = index_job.run(settings_with(out, "--words-only", job="index")).facts[
        "days_changed"
    ]
    return changed


def found_by(
    out: Path, capsys: pytest.CaptureFixture[str], words: str, *options: str
) -> tuple[list[tuple[int, int | None, bool]], str]:
    text, notices = ran(capsys, "search", words, "--out", out, "--json", *options)
    hits = [json.loads(line) for line in text.splitlines()]
    return [(h["start_ms"], h["said_ms"], h["said_is_estimated"]) for h in hits], notices


def test_search(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--mode", "words")
    assert indexed(out) == 1
    batch = correct(out)
    assert "the index is behind the tables by 1 day" in found_by(out, capsys, "leeds", *words)[1]
    assert indexed(out) == 1
    assert found_by(out, capsys, "leeds", *words) == ([(0, 6 * WORD_MS, True)], "")
    assert found_by(out, capsys, "presidential", *words)[0][0] == (0, 8 * WORD_MS, False)
    assert found_by(out, capsys, '"tin roof"', *words)[0] == [(17_024, None, False)]
    assert found_by(out, capsys, '"a woman"', "--unflagged", *words)[0][:2] != []
    assert found_by(out, capsys, "leeds", "--as-made", *words)[0] == []
    assert (0, 6 * WORD_MS, False) in found_by(out, capsys, "glasgow", "--as-made", *words)[0]
    undo(out, batch)
    assert indexed(out) == 1
    assert found_by(out, capsys, "leeds", *words)[0] == []
    assert (0, 6 * WORD_MS, False) in found_by(out, capsys, "glasgow", *words)[0]
    assert indexed(out) == 0


def test_the_day_of_another_recording_of_the_same_sound_is_indexed_again(out: Path) -> None:
    """Its corrections lie with the day of the recording that was corrected."""
    other = "2026-11-22"
    for table in ("recordings", "segments", "transcripts", "captions", "answers"):
        write_table(out, table, table_rows(out, table), other)
    assert indexed(out) == 2
    assert correct(out)
    assert not list(out.glob(f"tables/corrections/*/date={DATE}/*.parquet"))
    assert indexed(out) == 2
    assert indexed(out) == 0


def test_what_is_derived_is_derived_anew_of_the_corrected_recording_alone(out: Path) -> None:
    before = {job: identities(out, job, each) for job, each in DERIVATIONS}
    batch = correct(out)
    reel = recording(out)
    for job, derivation in DERIVATIONS:
        now = identities(out, job, derivation)
        others = {r for r in now if now[r] != before[job].get(r)} - {reel}
        assert now[reel] != before[job][reel]
        # a conversation may be about sounds of several recordings
        assert not others or job == "dialogues", job
    for job in ("summarise", "skills"):
        assert identities(out, job, dict(DERIVATIONS)[job], "--as-made") == before[job]
    undo(out, batch)
    assert {job: identities(out, job, each) for job, each in DERIVATIONS} == before


def test_a_summary_is_written_anew_and_comes_back(out: Path) -> None:
    def made(*options: str) -> tuple[int, str]:
        outcome = summarise_job.run(settings_with(out, *options, job="summarise"))
        reel = recording(out)
        [row] = [r for r in table_rows(out, "summaries") if r["recording_id"] == reel]
        return outcome.facts["made_now"], row["transcript"]

    first, text = made()
    assert first == 3
    assert "glasgow" in text
    batch = correct(out)
    assert made() == (1, text.replace("glasgow", "leeds"))
    assert made("--as-made") == (0, text)
    assert made() == (0, text.replace("glasgow", "leeds"))
    undo(out, batch)
    assert made() == (0, text)


def exported(out: Path, tasks: Path, *options: str) -> tuple[dict[str, list[str]], str]:
    """What the gpt side says by task, and the datasheet."""
    common = ("--out", str(out), "--tasks", str(tasks))
    assert main(["export", *common, *options]) == 0
    [folder] = out.glob("exports/corpus=default/*/af3")
    records = [r for file in folder.glob("*.json") for r in json.loads(file.read_text("utf-8"))]
    said: dict[str, list[str]] = {}
    for record in records:
        said.setdefault(record["skill"], []).append(record["conversations"][1]["value"])
        words = [word["word"] for word in record.get("words", ())]
        assert not words or " ".join(words) == record["conversations"][1]["value"]
    return said, (folder / "datasheet.md").read_text("utf-8")


def test_exports(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(TASKS)
    made, sheet = exported(out, tasks)
    assert "orrect" not in sheet
    batch = correct(out)
    said, sheet = exported(out, tasks)
    assert _changes(made, said) == {
        "transcript": ([SAID], [MENDED]),
        "caption": ([SEEN], sorted([RAIN, DOUBTED])),
        "speaker": (["(A) a man"], ["(B) a woman"]),
    }
    assert "| with a value that a person wrote or chose | 3 |" in sheet
    assert "| in by a flag that a person lifted | 1 |" in sheet
    as_made, sheet = exported(out, tasks, "--as-made")
    assert as_made == made
    assert "What people corrected is not in it (`--as-made`)." in sheet
    undo(out, batch)
    assert exported(out, tasks)[0] == made


def _changes(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """By task what left and what came."""
    found = {}
    for task, texts in before.items():
        left, came = list(texts), list(after[task])
        for text in texts:
            if text in came:
                came.remove(text)
                left.remove(text)
        if left or came:
            found[task] = (sorted(left), sorted(came))
    return found


def test_an_answer_that_is_said_to_be_wrong_is_not_used(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [SECOND | {"task_id": "caption", "kind": "wrong"}], by="Ada")
    rows = take_corrected(open_store(str(out)), ["captions"]).rows("captions", "default", DATE)
    assert [row["flags"] for row in rows if row["text"] == SEEN] == [["judged_wrong"]]
    heard = [
        passage.heard
        for piece in summarise_job.digest_pieces(settings_with(out, job="summarise"), DATE)
        for passage in piece.evidence.segments
    ]
    assert SEEN not in heard
    assert len([text for text in heard if text]) == 14
    tasks = tmp_path / "tasks.yaml"
    tasks.write_text(TASKS)
    said, sheet = exported(out, tasks)
    assert SEEN not in said["caption"]
    assert "| that a person said are wrong | 1 |" in sheet


def test_queries(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    correct(out)
    counted = "SELECT count(*) FILTER (text LIKE '%leeds%') AS leeds, count(*) AS rows"
    for options, found in (((), "1,11"), (("--as-made",), "0,11")):
        sql = f"{counted} FROM corrected_transcripts WHERE text <> ''"
        assert ran(capsys, "query", "--out", out, *options, sql)[0].split() == ["leeds,rows", found]


def test_the_archive_page(out: Path) -> None:
    reel = recording(out)

    def shown() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]:
        tables = open_tables(str(out))
        page = recording_page(tables, reel, "", "")
        tables.close()
        first, second, third = page["segments"]
        [answer] = first["answers"]
        return first["transcript"], second["caption"], answer, third["caption"]["flags"]

    made = shown()
    assert [made[0]["text"], made[1]["text"], made[2]["choice"]] == [SAID, SEEN, "a man"]
    batch = correct(out)
    transcript, caption, answer, flags = shown()
    assert (transcript["text"], transcript["corrected"]["original"]) == (MENDED, SAID)
    assert transcript["corrected"]["by"] == "Ada"
    assert (caption["text"], caption["corrected"]["original"]) == (RAIN, SEEN)
    assert (answer["choice"], answer["corrected"]["original"]) == ("a woman", "a man")
    assert flags == []
    tables = open_tables(str(out))
    [words] = segment_words(tables, reel, "", "", [first_segment(out)]).values()
    subtitles = subtitle_file(tables, reel, "", "", "txt").body.decode()
    tables.close()
    assert words[5:8] == [
        [43, 47, 4000, 4800],
        [48, 53, 4800, 5600, 1],
        [54, 57, 5600, 6400],
    ]
    assert "leeds" in subtitles
    assert "glasgow" not in subtitles
    undo(out, batch)
    assert shown() == made


def first_segment(out: Path) -> str:
    [row] = [row for row in table_rows(out, "transcripts") if row["text"] == SAID]
    return str(row["segment_id"])
