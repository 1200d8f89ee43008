"""The routes of review over a real server: who may, what is refused, ten editors at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from af3core.storage.address import store_at
from beam_jobs.browse.http.person import Role
from beam_jobs.corrections.correction_log import read_batches
from beam_jobs.framework.views import ask_published
from beam_jobs.people.people_changes import add_person
from tests.beam_jobs.browse.served import Reply, Site, served
from tests.beam_jobs.search.said import FIRST, place, publish, put

RECORDING = "a" * 24
SAID = [f"line {number}" for number in range(20)]
JSON = {"Content-Type": "application/json", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    publish(out, FIRST, {RECORDING: SAID})
    said = [place(RECORDING, n) | {"task_id": "transcript", "text": t} for n, t in enumerate(SAID)]
    put(out, FIRST, "transcripts", said)
    return out


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "people.toml"


@pytest.fixture
def site(out: Path, people: Path) -> Iterator[Site]:
    add_person(people, "Kim", "keeper")
    with served(out, people=people) as site:
        yield site


def signed_in(site: Site, people: Path, name: str, role: Role = "editor") -> dict[str, str]:
    return {"Cookie": f"af3_browse_{site.port}={add_person(people, name, role)}"}


def post(site: Site, path: str, value: Any, headers: Mapping[str, str]) -> Reply:
    body = json.dumps(value).encode()
    return site.ask(f"/api/review/{path}", {**JSON, **headers}, "POST", body)


def answer(number: int) -> dict[str, Any]:
    return {
        "corpus": "default",
        "date": FIRST,
        "recording_id": RECORDING,
        "source": "transcripts",
        "task_id": "transcript",
        "start_ms": 30_000 * number,
        "end_ms": 30_000 * (number + 1),
    }


def corrected(number: int, new_value: str, **more: Any) -> dict[str, Any]:
    return answer(number) | {"kind": "text", "new_value": new_value} | more


def test_readers_see_and_write_nothing(site: Site, people: Path) -> None:
    reader = signed_in(site, people, "Rea", "reader")
    refused = post(site, "save", corrected(0, "x"), reader)
    assert (refused.status, refused.error) == (403, "this needs the role editor; Rea is reader")
    for path in (f"recording/{RECORDING}", "queue/flagged?corpus=default", "decisions?corpus=d"):
        assert site.ask(f"/api/review/{path}", reader).status == 403
    assert post(site, "save", corrected(0, "x"), {}).status == 401
    assert (
        post(site, "save", corrected(0, "x"), reader | {"Sec-Fetch-Site": "cross-site"}).status
        == 403
    )


def test_a_server_without_people_only_reads(out: Path) -> None:
    with served(out) as site:
        assert post(site, "save", corrected(0, "x"), {}).status == 405
        assert site.ask("/api/review/queue/flagged?corpus=default").status == 403


def test_what_is_no_correction_is_one_line(site: Site, people: Path) -> None:
    ada = signed_in(site, people, "Ada")
    assert post(site, "save", [], ada).status == 400
    missing = post(site, "save", {"corpus": "default"}, ada)
    assert missing.error == "date: field required"
    assert site.ask("/api/review/save", {**JSON, **ada}, "POST", b"").status == 400
    wrong = post(site, "save", corrected(0, "x", kind="choice"), ada)
    assert wrong.error == "new_value x: no option of transcript; it has no options; write kind text"
    assert post(site, "save", corrected(0, "x") | {"recording_id": "../.."}, ada).status == 404
    assert post(site, "undo", {"corpus": "default", "ids": ["none"]}, ada).status == 409
    assert post(site, "save", corrected(0, "x", corpus="../../etc"), ada).status == 404


def test_two_editors_see_each_other_and_each_others_words(site: Site, people: Path) -> None:
    ada, ben = (signed_in(site, people, name) for name in ("Ada", "Ben"))
    seen = {"corpus": "default", "recording_id": RECORDING, "page": "1", "place": "here"}
    assert post(site, "presence", seen, ada).json == {"others": [], "news": ""}
    assert post(site, "presence", seen, ben).json["others"] == [{"person": "Ada", "place": "here"}]
    kept = post(site, "save", corrected(0, "one"), ada).json
    told = post(site, "save", corrected(0, "two"), ben)
    assert (told.status, told.json["theirs"]["new_value"]) == (409, "one")
    assert told.json["error"].startswith("Ada corrected this since you opened it")
    news = post(site, "presence", seen, ben).json["news"]
    assert news == kept["batch_id"]
    read = told.json["theirs"]["id"]
    assert post(site, "save", corrected(0, "two", read=read), ben).status == 200
    assert post(site, "presence", seen | {"is_closed": True}, ada).json["others"] == []
    assert post(site, "presence", seen, ben).json["others"] == []


def test_ten_editors_at_once_lose_no_edit(out: Path, people: Path, site: Site) -> None:
    editors = [signed_in(site, people, f"editor {number}") for number in range(10)]
    begin = threading.Barrier(len(editors))

    def edit(number: int) -> int:
        begin.wait()
        said = corrected(number, f"said {number}")
        return post(site, "save", said, editors[number]).status

    with ThreadPoolExecutor(len(editors)) as pool:
        assert list(pool.map(edit, range(len(editors)))) == [200] * 10
    batches = read_batches(store_at(str(out)), "default")
    kept = {c.new_value: b.made_by for b in batches for c in b.corrections}
    assert kept == {f"said {n}": f"editor {n}" for n in range(10)}
    assert site.ask(f"/api/recording/{RECORDING}", editors[0]).status == 200  # publishes
    sql = "SELECT start_ms, text, corrected_by FROM corrected_transcripts WHERE start_ms < 300000"

    def ask(connection: duckdb.DuckDBPyConnection) -> list[Any]:
        return connection.execute(sql).fetchall()

    assert sorted(ask_published(str(out), ask, (), sql)) == [
        (30_000 * n, f"said {n}", f"editor {n}") for n in range(10)
    ]
