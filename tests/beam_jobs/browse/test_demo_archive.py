"""The demo night as the pages ask for it, from a folder and from a bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import GIVEN, browsed_night
from tests.storage_server import BUCKET_PARAM, bucket_with

REEL = "218d54029586124a44971d56"
DAY = "2026-11-21"
CARD = {
    "kind", "corpus", "date", "recording_id", "segment_id", "object_uri", "file_name", "start_ms",
    "end_ms", "flags", "field", "context", "marks", "score", "duration_ms", "audio", "spectrogram",
    "caption", "transcript", "answers", "thinking",
}  # fmt: skip


@pytest.fixture(scope="module", params=["folder", BUCKET_PARAM])
def site(request: pytest.FixtureRequest, shared: Path) -> Iterator[Site]:
    out = browsed_night(shared)
    if request.param == "folder":
        with served(out) as site:
            yield site
        return
    kept = [path for name in ("tables", "clips", "manifests") for path in (out / name).rglob("*")]
    with bucket_with(out, kept, "nights/demo") as address:
        assert main(["index", "--out", address, *GIVEN]) == 0
        with served(address) as site:
            yield site


def hits(site: Site, query: str) -> list[dict[str, Any]]:
    found = site.json(f"/api/search?{query}")
    assert found["notices"] == []
    return list(found["hits"])


def test_about_says_what_there_is(site: Site) -> None:
    about = site.json("/api/about")
    [corpus] = about["corpora"]
    assert corpus["duration_ms"] == pytest.approx(1_290_459, abs=200)
    del corpus["duration_ms"], corpus["annotated_ms"]
    assert corpus == {
        "name": "demo", "first_date": DAY, "last_date": DAY, "nights": 1, "recordings": 8,
    }  # fmt: skip
    assert about["search"] == {"available": True, "notices": []}
    assert about["limits"] == {"sql_seconds": 10.0, "sql_rows": 1000}
    assert "no_speech" in about["flags"]
    assert about["languages"] == ["en"]


def test_a_phrase_is_found_and_marked(site: Site) -> None:
    found = hits(site, "q=%22good+evening+and+welcome%22&mode=words")
    [reel] = [hit for hit in found if hit["file_name"] == "reel_17.wav"]
    assert set(reel) == CARD
    [(start, end)] = reel["marks"]
    assert reel["context"][start:end] == "good evening and welcome"
    assert (reel["field"], reel["recording_id"], reel["date"]) == ("transcript", REEL, DAY)
    assert "good evening and welcome" in reel["transcript"]["text"]
    assert reel["caption"]["provenance"]["model"] == "nano"
    assert {answer["task_id"] for answer in reel["answers"]} >= {"music", "sounds", "speaker"}
    assert reel["audio"]["start_s"] == pytest.approx(reel["start_ms"] / 1000)
    assert reel["audio"]["url"].startswith(f"/audio/demo/{DAY}/{REEL}/")


def test_by_meaning_and_words_storms_are_about_the_weather(site: Site) -> None:
    assert hits(site, "q=storm&limit=1")[0]["file_name"] == "morning_weather.mp3"


def test_without_words_the_newest_recordings_are_shown(site: Site) -> None:
    found = hits(site, "")
    assert len({hit["recording_id"] for hit in found}) == len(found) == 8
    assert {hit["start_ms"] for hit in found} == {0}
    assert {hit["score"] for hit in found} == {0.0}
    page = site.json("/api/search?limit=3&offset=6")
    assert ([hit["recording_id"] for hit in page["hits"]], page["more"]) == (
        [hit["recording_id"] for hit in found[6:]],
        False,
    )


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("corpus=demo", 8),
        ("corpus=other", 0),
        ("corpus=../demo", 0),
        ("since=2026-11-22", 0),
        ("until=2026-11-21", 8),
        ("speech=with", 7),
        ("speech=without", 1),
        ("language=en", 7),
        ("language=de", 0),
        ("kind=clip", 0),
    ],
)
def test_filters_count_without_words_too(site: Site, filters: str, count: int) -> None:
    assert len(hits(site, filters)) == count


def test_filters_by_flags(site: Site) -> None:
    flagged = {hit["segment_id"] for hit in hits(site, "limit=50") if hit["flags"]}
    assert flagged
    for query in ("unflagged=true", "without_flag=no_speech&without_flag=looping_text"):
        found = hits(site, f"{query}&limit=50")
        assert found
        assert not {hit["segment_id"] for hit in found} & flagged
        assert not [hit for hit in found if hit["flags"]]


def test_a_recording_in_the_order_of_its_time(site: Site) -> None:
    page = site.json(f"/api/recording/{REEL}")
    assert page["recording"]["file_name"] == "reel_17.wav"
    assert page["recording"]["duration_ms"] == 51_118
    assert page["segments"][0]["start_ms"] == 0
    assert page["segments"][-1]["end_ms"] == 51_118
    assert all(s["transcript"]["text"] and s["caption"]["text"] for s in page["segments"])
    [clip] = page["clips"]
    assert (clip["start_ms"], clip["end_ms"]) == (0, 51_118)
    assert {segment["audio"]["url"] for segment in page["segments"]} == {clip["url"]}
    assert {"speech", "music"} & {event["kind"] for event in page["events"]}
    assert page["failures"] == page["findings"] == page["clip_answers"] == []
    assert site.json(f"/api/recording/{REEL}?corpus=demo&date={DAY}") == page


@pytest.mark.parametrize(
    "path",
    [
        f"/api/recording/{REEL}?corpus=other",
        f"/api/recording/{REEL}?date=2026-11-20",
        "/api/recording/0123456789abcdef01234567",
        "/api/corpus/other",
        "/charts/other/hours.svg",
        "/charts/demo/other.svg",
        "/nothing",
    ],
)
def test_what_is_not_there_is_404(site: Site, path: str) -> None:
    reply = site.ask(path)
    assert reply.status == 404
    assert reply.error


def test_a_corpus_with_its_charts(site: Site) -> None:
    page = site.json("/api/corpus/demo")
    [night] = page["nights"]
    assert (night["date"], night["recordings"], night["failed_ms"]) == (DAY, 8, 0)
    assert night["annotated_ms"] + night["skipped_ms"] == night["duration_ms"]
    assert {recording["file_name"] for recording in page["recordings"]} >= {"reel_17.wav"}
    titles = [chart["title"] for chart in page["charts"]]
    assert titles == [
        "Hours by night",
        "Segment lengths, newest 30 nights",
        "Log-probability of answers, newest 30 nights",
        "Flags on answers, newest 30 nights",
    ]
    for chart, title in zip(page["charts"], titles, strict=True):
        reply = site.ask(chart["url"])
        assert reply.headers["content-type"].startswith("image/svg+xml")
        root = ElementTree.fromstring(reply.body)
        assert root.findtext("{http://www.w3.org/2000/svg}title") == title


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("since=yesterday", "since 'yesterday': write a day as YYYY-MM-DD"),
        ("mode=loud", "mode: input should be 'hybrid', 'words' or 'meaning'"),
        ("limit=101", "limit: input should be less than or equal to 100"),
        ("offset=-1", "offset: input should be greater than or equal to 0"),
        ("kind=film", "kind: input should be 'segment', 'clip', 'chapter' or 'recording'"),
        ("q=%22", "search '\"': a quote is not closed"),
        ("q=nothing:word", "search 'nothing:word'"),
    ],
)
def test_a_wrong_request_is_one_line(site: Site, query: str, line: str) -> None:
    reply = site.ask(f"/api/search?{query}")
    assert reply.status == 400
    assert reply.error.startswith(line)


def test_the_saved_questions_run(site: Site) -> None:
    questions = site.json("/api/about")["saved_questions"]
    assert len(questions) == 11
    for question in questions:
        reply = site.sql(question["sql"])
        assert reply.status == 200, (question["title"], reply.body)
        assert reply.json["columns"]


def test_sql_over_the_tables(site: Site) -> None:
    answer = site.sql("SELECT count(*) AS recordings, min(date) AS day FROM recordings").json
    assert answer["columns"] == [
        {"name": "recordings", "type": "BIGINT"},
        {"name": "day", "type": "DATE"},
    ]
    assert (answer["rows"], answer["truncated"]) == ([[8, DAY]], False)
