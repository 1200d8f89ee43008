"""`af3 correct` over small tables: files, bad rows, conflicts, undo, many writers at once."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from af3core.errors import StorageError
from af3core.storage.folder import FolderStore
from beam_jobs.cli import main
from beam_jobs.corrections.adding import CorrectionsRefused, add_corrections, undo_corrections
from beam_jobs.corrections.given_rows import read_rows
from beam_jobs.framework import publishing
from beam_jobs.framework.views import ask_published
from tests.beam_jobs.corrections.shown import shown
from tests.beam_jobs.search.said import FIRST, place, publish, put

RECORDING, OTHER = "a" * 24, "b" * 24
SAID = ["a strom", "calm seas", "and rain"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Three transcripts, and an answer with options."""
    out = tmp_path / "out"
    publish(out, FIRST, {RECORDING: SAID}, flags=["low_confidence"])
    asked = place(RECORDING, 0) | {"task_id": "mood", "text": "(A) calm", "choice": "calm"}
    put(out, FIRST, "answers", [asked | {"options": ["calm", "wild"]}])
    return out


def at(number: int, **more: Any) -> dict[str, Any]:
    """A row of the transcript of a half minute."""
    times = {"start_ms": 30_000 * number, "end_ms": 30_000 * (number + 1)}
    return {"recording": f"{RECORDING}.wav"} | times | more


def mood(**more: Any) -> dict[str, Any]:
    return at(0, task_id="mood") | more


def transcript(number: int, new_value: str, **more: Any) -> dict[str, Any]:
    return at(number, old_value=SAID[number], new_value=new_value) | more


def listed(
    out: Path, capsys: pytest.CaptureFixture[str], option: str = "--list", code: int = 0
) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["correct", option, "--out", str(out), "--format", "json"]) == code
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


def correct(out: Path, *options: str) -> int:
    return main(["correct", *options, "--out", str(out)])


def wrong(out: Path, rows: Sequence[Any]) -> tuple[str, ...]:
    with pytest.raises(CorrectionsRefused) as refused:
        add_corrections(str(out), rows, by="Ada")
    assert not list(out.glob("corrections/**/*.json"))
    return refused.value.wrong


def test_a_file_that_was_exported_mended_and_handed_in_twice(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fixes.csv"
    sql = (
        "SELECT recording_id, start_ms, end_ms, text AS old_value, text AS new_value"
        " FROM transcripts ORDER BY start_ms"
    )
    assert main(["query", "--out", str(out), "--output", str(file), sql]) == 0
    text = file.read_text("utf-8")
    file.write_text(text.replace("calm seas,calm seas", 'calm seas,"calm, seas"'), "utf-8")
    put(out, FIRST, "answers", [])
    assert correct(out, str(file), "--by", "Ada", "--reason", "a comma") == 0
    assert "1 corrections kept in batch " in capsys.readouterr().out
    assert shown(out) == [("a strom", None), ("calm, seas", "Ada"), ("and rain", None)]
    assert correct(out, str(file), "--by", "Ada") == 0
    said = capsys.readouterr().out
    assert said == "0 corrections kept; 2 rows without a change; 1 said before\n"
    [row] = listed(out, capsys)
    assert (row["state"], row["reason"], row["old_value"]) == ("shown", "a comma", "calm seas")


def test_each_kind_is_shown(out: Path) -> None:
    add_corrections(
        str(out),
        [
            mood(kind="choice", new_value="wild"),
            at(1, kind="empty"),
            at(1, kind="flag_lifted", new_value="low_confidence"),
            at(2, kind="right"),
            at(2, kind="flag_set", new_value="stock_phrase"),
        ],
        by="Ada",
    )
    assert shown(out, "answers", "text, choice, original_text, original_choice") == [
        ("wild", "wild", "(A) calm", "calm")
    ]
    assert shown(out, columns="text, correction, flags, original_flags, word_count") == [
        ("a strom", None, ["low_confidence"], ["low_confidence"], 0),
        ("", "empty", [], ["low_confidence"], 0),
        ("and rain", "right", ["low_confidence", "stock_phrase"], ["low_confidence"], 0),
    ]


def test_each_bad_row_is_one_line_and_nothing_is_kept(out: Path) -> None:
    good = transcript(1, "calm sea")
    assert wrong(
        out,
        [
            good,
            at(1, recording="c.wav", new_value="x"),
            at(1, end_ms=50_000, new_value="x"),
            at(1, new_value="x", kind="txt"),
            at(1, new_value=""),
            at(1, txet="x"),
            at(1, start_ms="soon"),
            at(0, new_value="x"),
            mood(new_value="x"),
            mood(kind="choice", new_value="angry"),
            at(2, kind="flag_lifted", new_value="gap"),
            ("fixes.csv:9", good),
        ],
    ) == (
        "row 4: kind txt: did you mean text? kinds are text, empty, choice, wrong, right, flag_set,"
        " flag_lifted, name, times",
        "row 5: new_value is missing, which kind text needs; kind empty says that nothing is said"
        " there",
        "row 6: column txet: unknown; columns are recording, start_ms, end_ms, task_id, channel,"
        " kind, old_value, new_value, reason, source",
        "row 7: start_ms soon: write a whole number, 0 or more",
        "row 2: recording c.wav: none of the published ones; check --corpus",
        "row 3: no answer from 30000 to 50000 ms; answers there are from 30000 to 60000",
        "row 8: several tasks here; name its task_id: , mood",
        "row 9: kind text: mood has options; write kind choice",
        "row 10: new_value angry: no option of mood; its options are calm, wild",
        "row 11: new_value gap: no flag of this answer; its flags are low_confidence",
        "fixes.csv:9: row 1 corrects the same; leave one out",
    )


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("f.csv", b"recording,start_ms\nx,1,2\n", "f.csv:2: 3 cells under 2 columns"),
        ("f.csv", b'recording,start_ms\n"x,1\n', "f.csv:2: no CSV"),
        ("f.csv", b"a,a\n", "f.csv:1: column a is there twice"),
        ("f.csv", b"recording\n\xff\n", "f.csv:2: no UTF-8"),
        ("f.jsonl", b"\n{]\n", "f.jsonl:2: no JSON"),
        ("f.jsonl", b"[1]\n", "f.jsonl:1: write one object a line"),
        ("f.xlsx", b"", "name a file of corrections in .csv or .jsonl"),
        ("f.csv", None, "there is no such file"),
    ],
)
def test_a_file_that_is_none(
    out: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    data: bytes | None,
    said: str,
) -> None:
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    assert correct(out, str(file), "--by", "Ada") == 2
    assert said in capsys.readouterr().err


def test_a_dry_run_keeps_nothing(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fixes.jsonl"
    rows = [transcript(1, "calm sea"), transcript(2, "no rain", kind="text")]
    file.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert correct(out, str(file), "--by", "Ada", "--dry-run") == 0
    assert capsys.readouterr().out == "2 corrections would be kept\n"
    assert not (out / "corrections").exists()
    assert not (out / "tables/corrections").exists()


def test_two_people_differ(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    add_corrections(str(out), [transcript(1, "calm seals")], by="Bob")
    assert shown(out)[1] == ("calm seals", "Bob")
    found = listed(out, capsys, "--decisions", 3)
    assert [(r["state"], r["corrected_by"], r["new_value"]) for r in found] == [
        ("conflict", "Ada", "calm sea"),
        ("conflict", "Bob", "calm seals"),
    ]
    assert correct(out, "--undo", found[1]["correction_id"], "--by", "Eve") == 0
    assert capsys.readouterr().out == "1 undone\n"
    assert shown(out)[1] == ("calm sea", "Ada")
    assert listed(out, capsys, "--decisions") == []
    assert {r["new_value"]: (r["state"], r["undone_by"]) for r in listed(out, capsys)} == {
        "calm sea": ("shown", None),
        "calm seals": ("undone", "Eve"),
    }


def test_a_persons_later_word_replaces_the_earlier_one(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    add_corrections(str(out), [at(1, kind="right")], by="Ada")
    assert shown(out)[1] == ("calm seas", "Ada")
    assert [r["state"] for r in listed(out, capsys)] == ["superseded", "shown"]


def test_undo_of_a_batch_of_a_person_and_of_an_undo(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both = [transcript(1, "calm sea"), transcript(2, "no rain")]
    batch = add_corrections(str(out), both, by="Ada").batch_id
    assert undo_corrections(str(out), [batch], by="Ada") == 2
    assert undo_corrections(str(out), [batch], by="Ada") == 0
    assert shown(out, columns="corrected_by") == [(None,), (None,), (None,)]
    [undo] = [p.stem for p in out.glob("corrections/*/*.json") if p.stem != batch]
    assert undo_corrections(str(out), [undo], by="Ada") == 2
    assert shown(out, columns="corrected_by") == [(None,), ("Ada",), ("Ada",)]
    assert correct(out, "--undo-by", "Ada", "--by", "Bob") == 0
    assert shown(out, columns="corrected_by") == [(None,), (None,), (None,)]
    assert correct(out, "--undo-by", "Adam", "--by", "Bob") == 2
    assert "--undo-by Adam: corrected nothing here; did you mean Ada?" in capsys.readouterr().err
    assert correct(out, "--undo", "x", "--by", "Bob") == 2
    assert "--undo x: no correction, batch or undo of corpus default" in capsys.readouterr().err


def test_another_cutting_is_mapped_by_overlap_or_listed(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [transcript(1, "calm sea"), transcript(2, "no rain")], by="Ada")
    moved = place(RECORDING, 1) | {"start_ms": 31_000, "segment_id": "s1", "clip_id": "new"}
    split = place(RECORDING, 2) | {"end_ms": 75_000, "segment_id": "s2", "clip_id": "new"}
    texts = ({"text": "calm seas"}, {"text": "and"})
    put(out, FIRST, "transcripts", [moved | texts[0], split | texts[1]])
    assert shown(out) == [("calm sea", "Ada"), ("and", None)]
    assert [r["state"] for r in listed(out, capsys)] == ["shown", "unplaced"]
    [left] = listed(out, capsys, "--decisions", 3)
    assert (left["new_value"], left["value_now"]) == ("no rain", None)


def test_ten_writers_at_once_lose_nothing(out: Path) -> None:
    def write(number: int) -> None:
        rows = [transcript(1, f"sea {number}"), at(2, kind="flag_set", new_value=f"flag_{number}")]
        add_corrections(str(out), rows, by=f"person {number}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(write, range(10)))
    assert len(list(out.glob("corrections/*/*.json"))) == 10
    counted = "SELECT count(*), count(DISTINCT correction_id) FROM corrections"

    def ask(connection: duckdb.DuckDBPyConnection) -> Any:
        return connection.execute(counted).fetchone()

    assert ask_published(str(out), ask) == (20, 20)
    assert shown(out, columns="len(flags)")[2] == (11,)


def test_a_table_that_fell_behind_is_said_and_brought_up_to_date(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    [shard] = (out / "tables/corrections").rglob("*.parquet")
    add_corrections(str(out), [transcript(1, "calm sea!")], by="Ada")
    held = shard.read_bytes()
    undo_corrections(str(out), by="Ada", of_person="Ada")
    add_corrections(str(out), [transcript(2, "no rain")], by="Ada")
    shard.write_bytes(held)
    capsys.readouterr()
    assert main(["correct", "--list", "--out", str(out)]) == 0
    assert "the table corrections is behind what is kept; run af3 correct --publish" in (
        capsys.readouterr().err
    )
    assert correct(out, "--publish") == 0
    assert capsys.readouterr().out == "table corrections: 1 objects brought up to date\n"
    assert shown(out, columns="corrected_by") == [(None,), (None,), ("Ada",)]
    assert correct(out, "--publish") == 0
    assert capsys.readouterr().out == "table corrections: 0 objects brought up to date\n"


def test_a_damaged_batch_is_named(out: Path) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    [batch] = out.glob("corrections/*/*.json")
    batch.write_bytes(batch.read_bytes()[:40])
    with pytest.raises(StorageError, match=r"Z-\w+\.json: damaged \(no JSON\); bring the object"):
        add_corrections(str(out), [transcript(2, "no rain")], by="Ada")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            [],
            "correct: name one of FILE, --list, --decisions, --undo or --undo-by, --settle, --publish",
        ),
        (["--list", "--publish"], "given are --list and --publish"),
        (["x.csv"], "--by is missing"),
        (["x.csv", "--by", " "], "a name on one line"),
        (["--publish", "--format", "csv"], "belong to --list and --decisions"),
    ],
)
def test_options_that_do_not_go_together(
    out: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert correct(out, *options) == 2
    assert said in capsys.readouterr().err


def test_a_publish_that_was_cut_off_is_ended_by_the_next_one(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All objects are replaced, and readers are not told yet: they read what was there before."""
    add_corrections(str(out), [transcript(2, "no rain")], by="Ada")
    with monkeypatch.context() as killed:
        killed.setattr(publishing, "_end_replacement", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    assert shown(out)[1] == ("calm seas", None)
    assert correct(out, "--publish") == 0
    assert shown(out)[1] == ("calm sea", "Ada")


def test_an_undo_that_the_table_lacks_is_said(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    [shard] = (out / "tables/corrections").rglob("*.parquet")
    held = shard.read_bytes()
    undo_corrections(str(out), by="Ada", of_person="Ada")
    shard.write_bytes(held)
    capsys.readouterr()
    assert main(["correct", "--list", "--out", str(out)]) == 0
    assert "is behind what is kept" in capsys.readouterr().err


def test_what_was_read_before_is_earlier_whatever_the_clock_says(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is set back, as NTP does, turns no order around: an undo outlasts it too."""
    seconds = itertools.count(1_800_000_000, -60)
    monkeypatch.setattr(FolderStore, "now_s", lambda _: float(next(seconds)))
    first = add_corrections(str(out), [transcript(1, "calm sea")], by="Ada").batch_id
    add_corrections(str(out), [transcript(1, "calm seal")], by="Ada")
    assert shown(out)[1] == ("calm seal", "Ada")
    assert undo_corrections(str(out), by="Ada", of_person="Ada") == 2
    undo = max(p.stem for p in out.glob("corrections/*/*.json"))
    assert undo_corrections(str(out), [undo], by="Ada") == 2
    assert shown(out)[1] == ("calm seal", "Ada")
    assert undo_corrections(str(out), [first], by="Ada") == 1


def test_a_verdict_on_another_text_is_superseded_by_what_was_said_of_this_one(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [at(1, kind="right", task_id="")], by="Ada")
    put(out, FIRST, "transcripts", [place(RECORDING, 1) | {"text": "calm bees"}])
    assert [r["state"] for r in listed(out, capsys, "--decisions", 3)] == ["outdated"]
    add_corrections(str(out), [at(1, new_value="calm seas")], by="Bob")
    assert [r["state"] for r in listed(out, capsys)] == ["superseded", "shown"]


def test_a_wrong_value_of_any_length_is_one_line(out: Path) -> None:
    rows = [at(1, channel="9" * 5000, new_value="x"), mood(kind="choice", new_value="a\n" * 5000)]
    assert wrong(out, rows) == (
        f"row 1: channel {'9' * 80}…: write a whole number, 0 or more",
        "row 2: new_value " + r"a\n" * 26 + "a\\…: no option of mood; its options are calm, wild",
    )


def test_a_kind_of_a_newer_release_is_kept_and_not_shown(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [transcript(1, "calm sea")], by="Ada")
    add_corrections(str(out), [at(1, kind="flag_set", new_value="low_confidence")], by="Bob")
    newer = max(out.glob("corrections/*/*.json"))
    newer.write_text(newer.read_text("utf-8").replace('"flag_set"', '"spoken_by"'), "utf-8")
    assert correct(out, "--publish") == 0
    columns = "text, corrected_by, flags"
    assert shown(out, columns=columns)[1] == ("calm sea", "Ada", ["low_confidence"])
    assert {r["kind"] for r in listed(out, capsys)} == {"text", "spoken_by"}


def test_a_recording_of_days_is_corrected_in_seconds(out: Path) -> None:
    """Each row finds its answer at once, however many the recording has."""
    rows = [place(RECORDING, number) | {"text": "so"} for number in range(5000)]
    put(out, FIRST, "transcripts", rows)
    put(out, FIRST, "answers", [])
    given = [at(number, old_value="so", new_value="so") for number in range(5000)]
    begun = time.process_time()
    assert add_corrections(str(out), given, by="Ada").unchanged == 5000
    assert time.process_time() - begun < 3


def test_a_verdict_may_name_the_option_or_the_text(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_corrections(str(out), [mood(kind="wrong", old_value="calm")], by="Ada")
    add_corrections(str(out), [mood(kind="choice", old_value="(A) calm", new_value="wild")], by="A")
    add_corrections(str(out), [mood(kind="right", old_value="wild")], by="Bob")
    found = {r["kind"]: (r["old_value"], r["state"]) for r in listed(out, capsys)}
    assert found["wrong"] == ("(A) calm", "conflict")
    assert found["choice"] == ("calm", "conflict")
    assert found["right"] == ("wild", "agreed")


def test_an_empty_old_value_is_one_but_in_csv(out: Path, tmp_path: Path) -> None:
    """As when nothing was transcribed, and the transcript was made anew since."""
    row = at(1, task_id="", old_value="", new_value="calm sea")
    assert add_corrections(str(out), [row], by="Ada", dry_run=True).outdated == 1
    file = tmp_path / "fixes.csv"
    file.write_text(f"recording,start_ms,end_ms,old_value,new_value\n{RECORDING},30000,60000,,x\n")
    given = read_rows(str(file))
    assert add_corrections(str(out), given, by="Ada", dry_run=True).outdated == 0
