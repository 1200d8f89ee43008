"""Words of an aligned night on its pages: at their found times, and a hit from what matches."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webvtt
from playwright.sync_api import expect

from beam_jobs.cli import main
from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.skills_night import made_night
from tests.beam_jobs.small_night import rows


@pytest.fixture(scope="module")
def out(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = Path(shutil.copytree(made_night(shared), tmp_path_factory.mktemp("aligned") / "out"))
    for job in (["align"], ["index", "--words-only"]):
        assert main([*job, "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def site(out: Path) -> Iterator[Site]:
    with served(out) as site:
        yield site


def some_word(out: Path) -> dict[str, Any]:
    """A word that is said in one segment alone, well behind its start."""
    starts = {row["segment_id"]: row["start_ms"] for row in rows(out, "segments")}
    words = rows(out, "words")
    said = [row["normalised"] for row in words]
    found = [row for row in words if row["confidence"] is not None]
    late = (row for row in found if row["start_ms"] > starts[row["segment_id"]] + 5_000)
    return next(row for row in late if said.count(row["normalised"]) == 1)


def sent_words(site: Site, out: Path) -> list[list[Any]]:
    """Each word that the server sends, with its segment."""
    [recording] = rows(out, "recordings")
    path = f"/api/recording/{recording['recording_id']}"
    segments = [s["segment_id"] for s in site.json(path)["segments"] if s["transcript"]]
    found = site.json(f"{path}/words?{'&'.join(f'segment={name}' for name in segments)}")
    return [[name, *word] for name in segments for word in found[name]]


def test_transcripts_have_the_times_of_their_words(site: Site, out: Path) -> None:
    expected = [
        [row["segment_id"], row["start_char"], row["end_char"], row["start_ms"], row["end_ms"]]
        + ([1] if row["confidence"] is None or row["flags"] else [])
        for row in rows(out, "words")
    ]
    assert sent_words(site, out) == expected
    assert sum(len(word) == 5 for word in expected) > 0.8 * len(expected)


def test_estimated_times_say_so(out: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(out, tmp_path / "out"))
    assert main(["align", "--aligner", "interpolation", "--out", str(copy)]) == 0
    [recording] = rows(copy, "recordings")
    with served(copy) as site:
        page = site.json(f"/api/recording/{recording['recording_id']}")
        assert page["word_times"] == "estimated"
        assert {word[5] for word in sent_words(site, copy)} == {1}


def test_words_of_too_many_segments_or_of_none_are_refused(site: Site, out: Path) -> None:
    [recording] = rows(out, "recordings")
    path = f"/api/recording/{recording['recording_id']}/words"
    assert site.ask(path).status == 400
    assert site.ask(f"{path}?{'&'.join(['segment=x'] * 51)}").status == 400
    assert site.ask(f"/api/recording/{'0' * 24}/words?segment=x").status == 404


def test_subtitles_can_be_downloaded(site: Site, out: Path) -> None:
    [recording] = rows(out, "recordings")
    reply = site.ask(f"/subtitles/{recording['recording_id']}.vtt")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/vtt; charset=utf-8"
    assert reply.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''morning_weather.vtt"
    )
    assert len(webvtt.from_string(reply.body.decode())) >= 20
    assert site.ask(f"/subtitles/{'0' * 24}.vtt").status == 404
    assert site.ask(f"/subtitles/{recording['recording_id']}.doc").status == 400


@pytest.mark.browser
def test_a_hit_opens_where_it_is_said_and_the_page_says_no_estimate(site: Site, out: Path) -> None:
    word = some_word(out)
    from_s = (word["start_ms"] - 300) // 1000
    with browsing(site) as (page, seen):
        page.goto(f"/?q={word['normalised']}&mode=words")
        card = page.get_by_role("article").first
        clock = f"{from_s // 60}:{from_s % 60:02}"
        card.get_by_role("link", name=f"Open at {clock}").click()
        page.get_by_role("heading", level=1).wait_for()
        hint = page.locator(".transcript-panel .hint")
        expect(hint).to_have_text("Click a word to play from it.")
        said = page.locator(".said", has_text=re.compile(word["normalised"]))
        said.hover()
        said.locator(".word").filter(has_text=re.compile(f"^{word['normalised']}$")).click()
        page.wait_for_function("() => !document.getElementById('audio').paused")
        played_ms = 1000 * float(page.evaluate("document.getElementById('audio').currentTime"))
        assert word["start_ms"] - 50 <= played_ms <= word["start_ms"] + 3_000
        assert seen.complaints == []
