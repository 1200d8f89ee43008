"""Review over small tables: corrections, news, drafts, queues, samples, ten editors at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from af3core.errors import StorageError
from af3core.storage.folder import FolderStore
from beam_jobs.browse.data.archive_tables import open_tables
from beam_jobs.browse.http.person import Person
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.review.drafts import now_utc
from beam_jobs.browse.review.queues import Queue, is_doubled
from beam_jobs.browse.review.review_desk import ReviewDesk
from beam_jobs.browse.review.review_site import NewerCorrection, SavedRow
from beam_jobs.corrections.correction_log import read_batches
from beam_jobs.framework.views import ask_published
from schemas.correction_records import Draft, Review
from tests.beam_jobs.search.said import FIRST, place, publish, put

RECORDING = "a" * 24
SAID = [f"line {number}" for number in range(20)]
ADA, BEN = Person("Ada", "editor"), Person("Ben", "editor")
SAMPLE = Review("sample", 7)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Twenty transcripts, and an answer with options."""
    out = tmp_path / "out"
    publish(out, FIRST, {RECORDING: SAID})
    doubts = {"task_id": "transcript", "flags": ["low_confidence"], "model": "a"}
    said = [place(RECORDING, n) | doubts | {"text": text} for n, text in enumerate(SAID)]
    put(out, FIRST, "transcripts", said)
    asked = place(RECORDING, 0) | {"task_id": "mood", "text": "(A) calm", "choice": "calm"}
    put(out, FIRST, "answers", [asked | {"options": ["calm", "wild"], "flags": []}])
    return out


@pytest.fixture
def desk(out: Path) -> Iterator[ReviewDesk]:
    desk = ReviewDesk(open_tables(str(out)))
    yield desk
    desk.close()


def items(desk: ReviewDesk, person: Person = ADA) -> dict[str, Any]:
    found = desk.recording(person, RECORDING, "", "")
    return {f"{item['task_id']} {item['start_ms'] // 30_000}": item for item in found["items"]}


def save(
    desk: ReviewDesk,
    person: Person,
    number: int,
    new_value: str = "",
    *,
    kind: str = "text",
    read: str = "",
    review: Review | None = None,
) -> dict[str, Any]:
    row = {
        "recording": RECORDING,
        "start_ms": 30_000 * number,
        "end_ms": 30_000 * (number + 1),
        "task_id": "transcript",
        "channel": None,
        "kind": kind,
        "old_value": SAID[number],
        "new_value": new_value,
    }
    where = desk.place(RECORDING, "default", FIRST)
    return desk.save(person, where, SavedRow(row, read), "transcripts", review)


def shown(out: Path) -> dict[int, tuple[str, str]]:
    """What readers of the tables see, by the number of the half minute."""
    sql = "SELECT start_ms, text, corrected_by FROM corrected_transcripts"

    def ask(connection: duckdb.DuckDBPyConnection) -> list[Any]:
        return connection.execute(sql).fetchall()

    return {start // 30_000: tuple(rest) for start, *rest in ask_published(str(out), ask, (), sql)}


def test_a_correction_is_there_for_the_next_reader(out: Path, desk: ReviewDesk) -> None:
    assert items(desk)["transcript 3"]["text"] == "line 3"
    saved = save(desk, ADA, 3, "<b>the storm</b>")
    assert saved["correction"] == {
        "id": f"{saved['batch_id']}-00000",
        "kind": "text",
        "new_value": "<b>the storm</b>",
        "by": "Ada",
        "at": saved["correction"]["at"],
    }
    item = items(desk, BEN)["transcript 3"]
    assert (item["text"], item["original_text"]) == ("<b>the storm</b>", "line 3")
    assert item["correction"]["by"] == "Ada"
    assert item["latest"] == saved["correction"]["id"]
    assert shown(out)[3] == ("<b>the storm</b>", "Ada")
    assert desk.sites.undo("default", [saved["correction"]["id"]], "Ben").count == 1
    assert items(desk)["transcript 3"]["text"] == "line 3"
    desk.settle_all()
    assert shown(out)[3] == ("line 3", None)


def test_who_read_less_than_there_is_is_told(desk: ReviewDesk) -> None:
    first = save(desk, ADA, 0, "one")["correction"]["id"]
    with pytest.raises(NewerCorrection, match=r"^Ada corrected this since you opened it") as told:
        save(desk, BEN, 0, "two")
    assert told.value.said.correction.new_value == "one"
    second = save(desk, BEN, 0, "two", read=first)["correction"]["id"]
    assert items(desk)["transcript 0"]["latest"] == second
    [kept, other] = desk.decisions("default")
    assert {kept["state"], other["state"]} == {"conflict"}
    assert {kept["new_value"], other["new_value"]} == {"one", "two"}
    desk.sites.undo("default", [first], "Ben")
    assert desk.decisions("default") == []


def test_a_wrong_row_is_one_line(desk: ReviewDesk) -> None:
    with pytest.raises(Refusal, match=r"^kind shout: kinds are text") as refused:
        save(desk, ADA, 0, "x", kind="shout")
    assert refused.value.status == 400


def test_ten_editors_at_once_lose_nothing(out: Path, desk: ReviewDesk) -> None:
    editors = [Person(f"editor {number}", "editor") for number in range(10)]
    begin = threading.Barrier(len(editors))

    def edit(number: int) -> None:
        begin.wait()
        save(desk, editors[number], number, f"said {number}")

    with ThreadPoolExecutor(len(editors)) as pool:
        list(pool.map(edit, range(len(editors))))
    batches = read_batches(open_tables(str(out)).store, "default")
    assert sorted(c.new_value for b in batches for c in b.corrections) == sorted(
        f"said {number}" for number in range(10)
    )
    desk.close()
    there = {n: each for n, each in shown(out).items() if n < len(editors)}
    assert there == {n: (f"said {n}", f"editor {n}") for n in range(10)}


def test_a_draft_outlives_the_server_until_it_is_saved(out: Path, desk: ReviewDesk) -> None:
    where = desk.place(RECORDING, "default", FIRST)
    draft = Draft("transcripts", "transcript", 30_000, 60_000, None, "half a th", "", now_utc())
    desk.draft(ADA, where, draft, is_kept=True)
    other = ReviewDesk(open_tables(str(out)))
    [found] = other.recording(ADA, RECORDING, "", "")["drafts"]
    assert (found["text"], found["start_ms"]) == ("half a th", 30_000)
    assert other.recording(BEN, RECORDING, "", "")["drafts"] == []
    save(desk, ADA, 1, "half a thought")
    assert desk.recording(ADA, RECORDING, "", "")["drafts"] == []
    assert list(out.glob("drafts/**/*.json")) == []
    other.close()


def queue(desk: ReviewDesk, name: Any, person: Person = ADA, size: int = 100) -> dict[str, Any]:
    return desk.queue(person, Queue("default", name, size, seed=7))


def test_queues_and_progress(out: Path, desk: ReviewDesk) -> None:
    flagged = queue(desk, "flagged")
    assert (flagged["count"], flagged["judged"], flagged["today"]) == (20, 0, 0)
    assert {item["source"] for item in flagged["items"]} == {"transcripts"}
    save(desk, ADA, 4, kind="right", review=Review("flagged"))
    after = queue(desk, "flagged")
    assert (after["count"], after["judged"], after["done"], after["today"]) == (20, 1, 1, 1)
    assert queue(desk, "flagged", BEN)["done"] == 0
    assert 120_000 not in {item["start_ms"] for item in after["items"]}
    assert read_batches(open_tables(str(out)).store, "default")[0].review == Review("flagged")
    with pytest.raises(Refusal, match=r"^corpus elsewhere: not in the tables$"):
        desk.queue(ADA, Queue("elsewhere", "flagged", 1))


def test_models_that_disagree_over_two_corpora(out: Path, desk: ReviewDesk) -> None:
    other = [
        place(RECORDING, n) | {"text": text, "task_id": "transcript", "model": "b"}
        for n, text in enumerate(["LINE 0 ", "else"])
    ]
    put(out, FIRST, "transcripts", other, "second")
    [item] = queue(desk, "disagreements")["items"]
    assert (item["text"], item["others"]) == ("line 1", [{"model": "b", "text": "else"}])


def test_a_sample_is_drawn_by_its_seed_and_judged_blind(desk: ReviewDesk) -> None:
    drawn = [item["at"] for item in queue(desk, "sample", size=10)["items"]]
    assert len(drawn) == 10
    assert drawn == [item["at"] for item in queue(desk, "sample", BEN, size=10)["items"]]
    more = queue(desk, "sample", size=21)
    assert {item["at"] for item in more["items"]} > set(drawn)
    assert drawn != [
        item["at"] for item in desk.queue(ADA, Queue("default", "sample", 10, seed=8))["items"]
    ]
    assert more["doubled"] == 4
    doubled = [item for item in more["items"] if is_doubled(item["at"], 7)]
    numbers = [each["start_ms"] // 30_000 for each in doubled]
    single = next(item for item in more["items"] if not is_doubled(item["at"], 7))
    for number in (*numbers, single["start_ms"] // 30_000):
        save(desk, ADA, number, kind="wrong" if number == numbers[0] else "right", review=SAMPLE)
    left = {item["at"]: item for item in queue(desk, "sample", BEN, size=21)["items"]}
    assert single["at"] not in left
    assert all(left[item["at"]]["correction"] is None for item in doubled)
    save(desk, BEN, numbers[0], "else", review=SAMPLE)
    save(desk, BEN, numbers[1], kind="right", review=SAMPLE)
    save(desk, BEN, numbers[2], kind="wrong", review=SAMPLE)
    [pair] = queue(desk, "sample", size=21)["agreement"]
    assert pair == {
        "people": ["Ada", "Ben"],
        "count": 3,
        "agreed": 2,
        "both_right": 1,
        "both_wrong": 1,
        "only_first_right": 1,
        "only_second_right": 0,
        "kappa": 0.4,
    }


def test_what_cannot_be_published_is_kept_and_published_later(
    out: Path, desk: ReviewDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items(desk)

    replace = FolderStore.replace

    def full(store: FolderStore, key: str, data: bytes, expected: str | None) -> str | None:
        if key.startswith("corrections/"):
            return replace(store, key, data, expected)
        raise StorageError(f"{key}: no space left")

    with monkeypatch.context() as trouble:
        trouble.setattr(FolderStore, "replace", full)
        saved = save(desk, ADA, 2, "kept")
        desk.settle_all()
        assert "kept, and not published yet" in capsys.readouterr().err
    assert shown(out)[2] == ("line 2", None)
    assert read_batches(open_tables(str(out)).store, "default")[0].batch_id == saved["batch_id"]
    desk.close()
    assert shown(out)[2] == ("kept", "Ada")


def test_a_voice_is_named_in_all_its_turns(out: Path, desk: ReviewDesk) -> None:
    assert desk.recording(ADA, RECORDING, "", "")["voices"] == []
    turns = [
        {"start_ms": start, "end_ms": start + 900, "voice": voice, "speaker": speaker}
        for start, voice, speaker in ((0, 1, "v1"), (1000, 2, None), (2000, 1, "v1"))
    ]
    of_recording = {"recording_id": RECORDING, "is_overlap": False}
    put(out, FIRST, "speaker_turns", [of_recording | turn for turn in turns])
    where = desk.place(RECORDING, "default", FIRST)
    assert desk.name_voice(ADA, where, 1, "Grace <b>")["kept"] == 2
    assert desk.name_voice(BEN, where, 2, "Alan")["kept"] == 1
    assert [
        (each["voice"], each["name"], each["by"], each["turns"])
        for each in desk.recording(ADA, RECORDING, "", "")["voices"]
    ] == [(1, "Grace <b>", "Ada", 2), (2, "Alan", "Ben", 1)]
    with pytest.raises(Refusal, match=r"^voice 3: this recording has no such voice$"):
        desk.name_voice(ADA, where, 3, "Nobody")
    with pytest.raises(Refusal, match=r"^new_value is missing"):
        desk.name_voice(ADA, where, 1, " ")


def test_a_decision_settles_a_conflict(out: Path, desk: ReviewDesk) -> None:
    first = save(desk, ADA, 0, "one")["correction"]["id"]
    save(desk, BEN, 0, "two", read=first)
    assert desk.sites.settle_decision("default", [first], "Ada") == 1
    assert desk.decisions("default") == []
    assert shown(out)[0] == ("one", "Ada")


def test_a_flag_that_a_person_set_is_lifted_and_the_other_way_round(desk: ReviewDesk) -> None:
    def flags() -> list[str]:
        found: list[str] = items(desk)["transcript 5"]["flags"]
        return found

    save(desk, ADA, 5, "of_interest", kind="flag_set")
    assert flags() == ["low_confidence", "of_interest"]
    save(desk, BEN, 5, "of_interest", kind="flag_lifted")
    save(desk, BEN, 5, "low_confidence", kind="flag_lifted")
    assert flags() == []
    save(desk, ADA, 5, "low_confidence", kind="flag_set")
    assert flags() == ["low_confidence"]
