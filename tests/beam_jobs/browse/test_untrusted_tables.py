"""What tables hold is data: hostile texts stay texts, hostile addresses lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.browse.served import Site, served, within
from tests.beam_jobs.search.said import FIRST, SECOND, place, publish, put

SCRIPT = "<script>document.title = 'taken'</script>"
IMAGE = '"><img src="https://example.org/x" onerror="alert(1)">'
BREAKS = "</script>\u2028\u2029\x00\x1f\ud7ff\U0001f30a ${7*7} {{7*7}} ' OR 1=1 --"
HOSTILE = f"storm {SCRIPT} {IMAGE} {BREAKS}"
FIRST_ID, SECOND_ID = "a" * 24, "b" * 24
CLIP = "c" * 24


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("untrusted") / "out"
    publish(out, FIRST, {FIRST_ID: [HOSTILE, "calm"]}, seen=IMAGE, flags=[SCRIPT])
    segment = place(FIRST_ID, 0)
    question = {"question": SCRIPT, "options": [IMAGE], "choice": IMAGE, "task_id": SCRIPT}
    put(out, FIRST, "answers", [segment | question | {"text": HOSTILE, "thinking": BREAKS}])
    part = {"recording_id": FIRST_ID, "chapter": 1, "end_ms": 60_000, "title": SCRIPT}
    put(out, FIRST, "chapters", [part | {"summary": IMAGE}])
    put(out, FIRST, "summaries", [{"recording_id": FIRST_ID, "summary": HOSTILE}])
    failed = {
        "recording_id": FIRST_ID,
        "stage": "segment",
        "error_class": SCRIPT,
        "permanent": True,
    }
    put(out, FIRST, "failures", [failed | {"message": IMAGE}])
    assert main(["index", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def site(out: Path) -> Iterator[Site]:
    with served(out) as site:
        yield site


def test_hostile_texts_of_a_hit_come_unchanged_and_as_data(site: Site) -> None:
    reply = site.ask("/api/search?q=transcript:storm&mode=words")
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-content-type-options"] == "nosniff"
    [hit] = reply.json["hits"]
    assert hit["transcript"]["text"] == HOSTILE
    assert hit["caption"]["text"] == IMAGE
    assert hit["flags"] == [SCRIPT]
    [answer] = hit["answers"]
    assert (answer["question"], answer["options"], answer["choice"]) == (SCRIPT, [IMAGE], IMAGE)
    assert (answer["text"], answer["thinking"]) == (HOSTILE, BREAKS)
    [(start, end)] = hit["marks"]
    assert hit["context"][start:end] == "storm"


def test_hostile_texts_of_a_recording(site: Site) -> None:
    page = site.json(f"/api/recording/{FIRST_ID}")
    assert page["segments"][0]["transcript"]["text"] == HOSTILE
    assert (page["chapters"][0]["title"], page["chapters"][0]["summary"]) == (SCRIPT, IMAGE)
    assert page["summary"] == HOSTILE
    assert (page["failures"][0]["error_class"], page["failures"][0]["message"]) == (SCRIPT, IMAGE)


def test_hostile_flags_are_escaped_in_charts(site: Site) -> None:
    text = site.ask("/charts/default/flags.svg").body.decode()
    assert "&lt;script&gt;" in text
    assert "<script" not in text


def test_hostile_words_are_words(site: Site) -> None:
    for words in ("%3Cscript%3E", "%27%20OR%201=1", "%00", "%F0%9F%8C%8A", "a" * 3000):
        assert site.ask(f"/api/search?q={words}&mode=words").status in (200, 400)


@pytest.mark.parametrize(
    "uri",
    [
        "../secret.flac",
        "/etc/passwd",
        "clips/../secret.flac",
        "clips/../../secret.flac",
        "gs://other/clip.flac",
        "file:///etc/passwd",
        "clips\\..\\secret.flac",
        "clips/a\0.flac",
        "tables/../secret.flac",
        "",
    ],
)
def test_clips_outside_of_the_folder_are_not_served(tmp_path: Path, uri: str) -> None:
    out = tmp_path / "out"
    (out / "clips").mkdir(parents=True)
    for secret in (out / "secret.flac", tmp_path / "secret.flac"):
        secret.write_bytes(b"fLaC a secret")
    names = {"clip_id": CLIP, "segment_id": "d" * 24, "clip_uri": uri}
    publish(out, FIRST, {FIRST_ID: ["a"]})
    put(out, FIRST, "segments", [place(FIRST_ID, 0) | names])
    with served(out) as site:
        for path in (
            f"/audio/default/{FIRST}/{FIRST_ID}/{CLIP}.flac",
            f"/spectrogram/default/{FIRST}/{FIRST_ID}/{'d' * 24}.png",
        ):
            reply = site.ask(path)
            assert reply.status == 403
            assert reply.error.startswith("the tables name a clip outside of their folder")


@pytest.mark.parametrize("content", [None, b"", b"no sound in here"])
def test_a_clip_that_is_gone_or_damaged_is_said(tmp_path: Path, content: bytes | None) -> None:
    out = tmp_path / "out"
    publish(out, FIRST, {FIRST_ID: ["a"]})
    names = {"clip_id": CLIP, "segment_id": "d" * 24, "clip_uri": "clips/a/b.flac"}
    put(out, FIRST, "segments", [place(FIRST_ID, 0) | names])
    if content is not None:
        (out / "clips" / "a").mkdir(parents=True)
        (out / "clips" / "a" / "b.flac").write_bytes(content)
    with served(out) as site:
        picture = site.ask(f"/spectrogram/default/{FIRST}/{FIRST_ID}/{'d' * 24}.png")
        assert picture.status == 404
        assert picture.error
        sound = site.ask(f"/audio/default/{FIRST}/{FIRST_ID}/{CLIP}.flac")
        assert sound.status == (404 if content is None else 200)


def test_without_an_index_all_but_search_works(tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotated(out, FIRST, FIRST_ID, "A storm", "radio")
    annotated(out, FIRST, SECOND_ID, "A calm", "film")
    line = (
        "search needs an index, which is not there yet: run"
        f" af3 index --out {out} --corpus film and af3 index --out {out} --corpus radio"
    )
    with served(out) as site:
        assert site.json("/api/about")["search"] == {"available": False, "notices": [line]}
        reply = site.ask("/api/search?q=storm")
        assert (reply.status, reply.error) == (409, line)
        assert len(site.json("/api/search")["hits"]) == 2
        assert site.json(f"/api/recording/{FIRST_ID}")["segments"]
        assert site.json("/api/corpus/radio")["name"] == "radio"
        assert site.sql("SELECT text FROM transcripts ORDER BY text").json["rows"] == [
            ["A calm"],
            ["A storm"],
        ]
        assert main(["index", "--out", str(out), "--corpus", "radio"]) == 0
        assert [found(hit) for hit in site.json("/api/search?q=storm")["hits"]] == ["A storm"]
        assert site.json("/api/about")["search"] == {"available": True, "notices": []}


def test_what_is_published_is_seen_with_the_next_request(tmp_path: Path) -> None:
    out = tmp_path / "out"
    annotated(out, FIRST, FIRST_ID, "Old")
    assert main(["index", "--out", str(out)]) == 0
    with served(out) as site:
        assert site.json("/api/about")["corpora"][0]["nights"] == 1
        annotated(out, FIRST, FIRST_ID, "New")
        annotated(out, SECOND, SECOND_ID, "Newest")
        assert site.json("/api/about")["corpora"][0]["nights"] == 2
        hits = site.json("/api/search")["hits"]
        assert [found(hit) for hit in hits] == ["Newest", "New"]
        old = "/api/search?q=old&mode=words"
        assert [found(hit) for hit in site.json(old)["hits"]] == ["New"]
        behind = "the index is behind the tables by 2 days"
        assert within(lambda: behind in str(site.json(old)["notices"]))


def annotated(out: Path, date: str, recording: str, text: str, corpus: str = "default") -> None:
    """A day with one segment."""
    publish(out, date, {recording: [text]}, corpus=corpus)
    put(out, date, "segments", [place(recording, 0) | {"status": "annotated"}], corpus)


def found(hit: dict[str, Any]) -> str:
    return str(hit["transcript"]["text"])
