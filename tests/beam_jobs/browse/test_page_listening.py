"""From a phrase to its sound: the hit plays from its second, the transcript follows and jumps."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.decode import DecodeReport, decode
from af3core.nano.demo_archive import ARCHIVE
from tests.beam_jobs.browse.page_night import Seen, browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import page_night

pytestmark = pytest.mark.browser

PHRASE = '"good evening and welcome"'
REEL = "218d54029586124a44971d56"
HISTORY = "57034b6212bae5e4245c037a"
START_S, END_S = 34.752, 51.118
"""Of the reel's last segment, in which the phrase is spoken."""
FIRST_END_S = 16.896
"""Of the first segment of an evening about history."""

NOTE_STARTS = """
audio => {
    window.starts = []
    audio.addEventListener('playing', () => window.starts.push(audio.currentTime))
}
"""
SPOKEN = "document.querySelector('.is-spoken')?.dataset.word"


@pytest.fixture(scope="module")
def site(shared: Path) -> Iterator[Site]:
    with served(page_night(shared)) as site:
        yield site


def original(name: str) -> npt.NDArray[np.float32]:
    """A recording of the archive, -1 to 1, 16 kHz mono."""
    [path] = ARCHIVE.rglob(name)
    chunks = list(decode(path, name, DecodeReport(), limit_s=3600))
    return np.concatenate(chunks).astype(np.float32) / np.float32(32768)


def played_s(page: Page) -> float:
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def wait_until_played(page: Page, position_s: float) -> None:
    page.wait_for_function(
        "wanted => document.getElementById('audio').currentTime >= wanted", arg=position_s
    )


def search(page: Page, words: str) -> Locator:
    """Types words as a reader does; gives the reel's card."""
    page.goto("/")
    page.get_by_role("searchbox").fill(words)
    page.keyboard.press("Enter")
    card = page.get_by_role("article").filter(has_text="reel_17.wav")
    card.wait_for()
    return card


def heard(site: Site, seen: Seen) -> npt.NDArray[np.float32]:
    """What the player fetched of the clip, decoded; each answer is the part that it says it is."""
    parts = [answer for answer in seen.answers if "/audio/" in answer.url]
    assert parts
    assert {answer.status for answer in parts} == {206}
    path = parts[0].url.partition(site.host)[2]
    whole = site.ask(path).body
    for answer in parts:
        assert "range" in answer.request.all_headers()
        told = answer.headers["content-range"]
        first, last, total = map(int, re.findall(r"\d+", told))
        reply = site.ask(path, {"Range": f"bytes={first}-{last}"})
        assert reply.headers["content-range"] == told
        assert reply.body == whole[first : last + 1]
        assert total == len(whole)
    samples, rate_hz = soundfile.read(io.BytesIO(whole), dtype="float32")
    assert rate_hz == SAMPLE_RATE_HZ
    return np.asarray(samples, np.float32)


def test_a_phrase_plays_from_its_second(site: Site) -> None:
    with browsing(site) as (page, seen):
        card = search(page, PHRASE)
        assert page.url.endswith("/?q=%22good+evening+and+welcome%22")
        assert card.locator("mark").all_inner_texts() == ["good evening and welcome"]
        page.locator("#audio").evaluate(NOTE_STARTS)
        card.get_by_role("button", name="Play reel_17.wav").click()
        wait_until_played(page, START_S + 2)
        assert page.evaluate("window.starts[0]") == pytest.approx(START_S, abs=0.3)
        assert seen.complaints == []
        clip, recording = heard(site, seen), original("reel_17.wav")
        part = slice(round(START_S * SAMPLE_RATE_HZ), round(END_S * SAMPLE_RATE_HZ))
        assert np.abs(clip[part] - recording[part]).max() < 1e-3
        assert np.abs(clip[part]).max() > 0.05


def test_the_words_of_a_hit_follow_and_jump(site: Site) -> None:
    with browsing(site) as (page, seen):
        card = search(page, PHRASE)
        card.get_by_role("button", name="Play reel_17.wav").click()
        wait_until_played(page, START_S + 3)
        before = int(page.evaluate(SPOKEN))
        wait_until_played(page, START_S + 5)
        assert int(page.evaluate(SPOKEN)) > before
        word = card.locator(".word").filter(has_text=re.compile("^lisbon$"))
        word.click()
        wait_until_played(page, END_S - 2)
        expect(word).to_have_class("word is-spoken")
        card.get_by_role("button", name="Pause reel_17.wav").click()
        assert page.evaluate("document.getElementById('audio').paused")
        assert seen.complaints == []


def test_a_hit_ends_where_it_ends(site: Site) -> None:
    """The first segment of a longer clip stops before the next one is heard."""
    with browsing(site) as (page, seen):
        page.goto("/?q=besieged+november+feudal&mode=words")
        card = page.get_by_role("article").first
        strip = card.get_by_role("slider")
        strip.focus()
        for key in ("End", "ArrowLeft"):
            strip.press(key)
        strip.press("Enter")
        page.wait_for_function("() => !document.getElementById('audio').paused")
        page.wait_for_function("() => document.getElementById('audio').paused")
        assert played_s(page) == pytest.approx(FIRST_END_S, abs=0.3)
        assert seen.complaints == []


def test_a_recording_is_read_along(site: Site) -> None:
    with browsing(site) as (page, seen):
        search(page, PHRASE).get_by_role("link", name="Open at 0:34").click()
        page.get_by_role("heading", level=1, name="reel_17.wav").wait_for()
        current = page.locator("[aria-current=true]")
        expect(current).to_contain_text("good evening and welcome")
        page.get_by_role("button", name="Play", exact=True).click()
        wait_until_played(page, START_S + 4)
        first = int(page.evaluate(SPOKEN))
        wait_until_played(page, START_S + 6)
        assert int(page.evaluate(SPOKEN)) > first
        transcript = page.get_by_role("list", name="Transcript")
        transcript.get_by_role("button", name="Play from 0:00").click()
        page.wait_for_function("() => document.getElementById('audio').currentTime < 10")
        expect(current.get_by_role("button")).to_have_text("0:00")
        page.get_by_role("button", name="Pause", exact=True).click()
        page.go_back()
        expect(page.get_by_role("searchbox")).to_have_value(PHRASE)
        assert seen.complaints == []


def test_the_transcript_scrolls_with_the_playing(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto(f"/recording/{HISTORY}?t=300")
        row = page.locator(".segment.is-current")
        row.wait_for()
        inside = "row => { const list = row.parentElement; return row.offsetTop - list.scrollTop }"
        assert 0 <= row.evaluate(inside) < 400
        expect(page.locator(".clock")).to_have_text("5:00")
        track = page.get_by_role("slider", name="Position in the recording")
        track.press("PageUp")
        expect(page.locator(".clock")).to_have_text("5:30")
        page.wait_for_url("**t=330*")
        track.press("Home")
        expect(row.get_by_role("button")).to_have_text("0:00")
        page.wait_for_function("() => document.querySelector('.transcript').scrollTop < 5")
        assert seen.complaints == []


def test_an_address_with_a_time_opens_there(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto(f"/recording/{REEL}?t=40.5&corpus=demo&date=2026-11-21")
        expect(page.locator(".clock")).to_have_text("0:40")
        page.wait_for_function("() => document.getElementById('audio').readyState >= 1")
        page.wait_for_function("() => document.getElementById('audio').currentTime === 40.5")
        assert seen.complaints == []
