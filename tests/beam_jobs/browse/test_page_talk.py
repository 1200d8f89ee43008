"""Asking on a recording's page with a microphone: written, heard, and stopped by whatever."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from beam_jobs.talk.answerer import Answerer
from tests.af3core.speech.talkers import espeak_file
from tests.beam_jobs.browse.likeness import envelope, likeness
from tests.beam_jobs.browse.page_night import DESK, PHONE, Seen, browsing
from tests.beam_jobs.browse.served import Site, served, within
from tests.beam_jobs.browse.talking import (
    LONG_QUESTION,
    NotedEngine,
    answering,
)
from tests.beam_jobs.demo import page_night

pytestmark = pytest.mark.browser

HISTORY = "57034b6212bae5e4245c037a"
PLACE = f"/recording/{HISTORY}?t=20"
TRANSCRIBE = "Transcribe the input speech."
ANSWERED = re.compile(r"^Answered, first sound after \d+\.\d s$")
MINUTES_HEARD_MS = 120_000
"""For nine minutes of sound on a busy machine."""
HOLD_MS = 3800
NOTE_SOUND = """
window.contexts = []
window.played = []
const Context = window.AudioContext
window.AudioContext = class extends Context {
    constructor(options) {
        super(options)
        window.contexts.push(this)
    }
}
const start = AudioBufferSourceNode.prototype.start
AudioBufferSourceNode.prototype.start = function (when) {
    const samples = this.buffer.getChannelData(0)
    window.played.push({
        when,
        duration: this.buffer.duration,
        rate: this.context.sampleRate,
        peak: samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0),
        state: document.querySelector('.exchange-state').textContent,
    })
    start.call(this, when)
}
"""


@pytest.fixture(scope="module")
def out(shared: Path) -> Path:
    return page_night(shared)


@pytest.fixture(scope="module")
def site(out: Path, answerer: Answerer) -> Iterator[Site]:
    with served(out, answerer=answerer) as site:
        yield site


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return espeak_file(tmp_path_factory.mktemp("microphone"), LONG_QUESTION)


@contextmanager
def asking(
    site: Site, question: Path, device: dict[str, Any] = DESK
) -> Iterator[tuple[Page, Seen]]:
    """A recording's page in a browser whose microphone hears the question."""
    arguments = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={question}%noloop",
        "--autoplay-policy=user-gesture-required",
    ]
    with browsing(site, device, arguments, permissions=["microphone"]) as (page, seen):
        page.add_init_script(NOTE_SOUND)
        page.goto(PLACE)
        page.get_by_role("button", name="Hold to ask").wait_for()
        yield page, seen


def hold(page: Page, held_ms: int = HOLD_MS) -> None:
    """Presses the button with the mouse for as long as the question lasts."""
    button = page.locator(".hold")
    button.scroll_into_view_if_needed()
    button.hover()
    page.mouse.down()
    expect(button).to_have_text("Listening: let go to ask")
    page.wait_for_timeout(held_ms)
    page.mouse.up()


def write(page: Page, question: str) -> None:
    page.get_by_role("textbox", name="Question").fill(question)
    page.keyboard.press("Enter")


def newest(page: Page) -> Locator:
    return page.locator(".exchange").first


def wait_until_spoken(page: Page) -> None:
    page.wait_for_function("() => window.played.length > 0")
    expect(newest(page).locator(".exchange-state")).to_have_text("Speaking …")


def silent(page: Page) -> bool:
    """Whether nothing is played any more, and nothing is written or spoken for it."""
    page.wait_for_function("() => window.contexts.every((context) => context.state === 'closed')")
    return within(lambda: answering() == set())


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_a_held_question_is_answered_while_it_is_written(
    site: Site, answerer: Answerer, question: Path, device: dict[str, Any]
) -> None:
    with asking(site, question, device) as (page, seen):
        hold(page)
        wait_until_spoken(page)
        expect(newest(page)).to_have_attribute("data-figures", re.compile("speech_s"))
        figures = json.loads(newest(page).get_attribute("data-figures") or "")
        played = page.evaluate("window.played")
        expect(newest(page)).to_contain_text("Asked aloud about 0:16–0:34")
        text = newest(page).locator(".exchange-answer").inner_text()
        assert page.get_by_role("log").get_attribute("aria-label") == "Questions and answers"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("button", name="Stop").click()
        expect(newest(page).locator(".exchange-state")).to_have_text("Stopped")
        assert silent(page)
        assert seen.complaints == []
    assert len(text.split()) > 3
    assert figures["first_sound_s"] < figures["written_s"]
    assert played[0]["state"] == "Answering …"
    assert {chunk["rate"] for chunk in played} == {22_050}
    assert max(chunk["peak"] for chunk in played) > 0.05
    starts, lengths = ([chunk[name] for chunk in played] for name in ("when", "duration"))
    for start, length, following in zip(starts, lengths, starts[1:], strict=False):
        assert following == pytest.approx(start + length, abs=1e-6)
    assert isinstance(answerer.engine, NotedEngine)
    heard, about = answerer.engine.asked[-1].sounds
    assert answerer.engine.asked[-1].turns[0].text == "<sound-1> <sound-2>"
    said, rate_hz = soundfile.read(question, dtype="float32")
    assert likeness(envelope(heard.samples, 16_000), envelope(said, rate_hz)) > 0.7
    assert len(about.samples) == pytest.approx(16_000 * 17.1, abs=16_000)


def test_a_written_question_is_answered_to_its_end(site: Site, question: Path) -> None:
    with asking(site, question) as (page, seen):
        page.get_by_label("Ask about").select_option(index=1)
        write(page, "What is <b>the speaker</b> talking about?")
        ended = newest(page).locator(".exchange-state")
        expect(ended).to_have_text(ANSWERED, timeout=MINUTES_HEARD_MS)
        expect(newest(page)).to_contain_text("What is <b>the speaker</b> talking about?")
        expect(newest(page)).to_contain_text("about 0:00–9:00")
        assert page.get_by_role("button", name="Stop").count() == 0
        assert silent(page)
        assert seen.complaints == []


def by_escape(page: Page) -> None:
    page.locator(".exchange-answer").first.click()
    page.keyboard.press("Escape")


def by_playing(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()


def by_asking_again(page: Page) -> None:
    write(page, "Who is speaking?")
    page.locator(".exchange").nth(1).wait_for()


def by_leaving(page: Page) -> None:
    page.get_by_role("link", name="SQL").click()


@pytest.mark.parametrize("interrupt", [by_escape, by_playing, by_leaving])
def test_whatever_interrupts_stops_both(site: Site, question: Path, interrupt: Any) -> None:
    with asking(site, question) as (page, seen):
        write(page, TRANSCRIBE)
        wait_until_spoken(page)
        interrupt(page)
        assert silent(page)
        assert seen.complaints == []


def test_asking_again_stops_the_answer_before(site: Site, question: Path) -> None:
    with asking(site, question) as (page, seen):
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("() => !document.getElementById('audio').paused")
        write(page, TRANSCRIBE)
        wait_until_spoken(page)
        assert page.evaluate("document.getElementById('audio').paused")
        by_asking_again(page)
        expect(page.locator(".exchange-state").nth(1)).to_have_text("Stopped")
        expect(page.locator(".exchange-state").nth(0)).to_have_text(ANSWERED)
        assert silent(page)
        assert seen.complaints == []


def test_the_keyboard_holds_too(site: Site, question: Path) -> None:
    with asking(site, question) as (page, seen):
        page.locator(".hold").focus()
        page.keyboard.down(" ")
        expect(page.locator(".hold")).to_have_text("Listening: let go to ask")
        page.wait_for_timeout(HOLD_MS)
        page.keyboard.up(" ")
        wait_until_spoken(page)
        assert page.evaluate("document.getElementById('audio').paused")
        page.keyboard.press("Escape")
        assert silent(page)
        assert seen.complaints == []


def test_a_press_is_no_question(site: Site, answerer: Answerer, question: Path) -> None:
    assert isinstance(answerer.engine, NotedEngine)
    before = len(answerer.engine.asked)
    with asking(site, question) as (page, seen):
        hold(page, held_ms=50)
        expect(page.locator(".ask .hint").first).to_have_text(
            "Hold the button while you speak, and let it go to hear the answer."
        )
        assert page.locator(".exchange").count() == 0
        assert silent(page)
        assert seen.complaints == []
    assert len(answerer.engine.asked) == before


def test_a_silent_microphone_is_said(site: Site, tmp_path: Path) -> None:
    quiet = tmp_path / "quiet.wav"
    soundfile.write(quiet, np.zeros(48_000, np.int16), 48_000)
    with asking(site, quiet) as (page, seen):
        hold(page)
        expect(newest(page).locator(".exchange-state")).to_have_text(
            "nothing was heard: is the microphone switched off?"
        )
        assert seen.complaints == []


def test_a_microphone_that_is_refused_is_said(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto(PLACE)
        button = page.get_by_role("button", name="Hold to ask")
        button.hover()
        page.mouse.down()
        expect(page.locator(".ask .hint").first).to_contain_text("microphone")
        page.mouse.up()
        expect(button).to_have_text("Hold to ask")
        write(page, "What is the speaker talking about?")
        expect(newest(page).locator(".exchange-state")).to_have_text(ANSWERED)
        assert seen.complaints == []


def test_without_a_model_nothing_is_offered(out: Path) -> None:
    with served(out) as site, browsing(site) as (page, seen):
        page.goto(PLACE)
        page.get_by_role("list", name="Transcript").wait_for()
        page.wait_for_load_state("networkidle")
        assert page.locator(".ask").count() == 0
        assert seen.complaints == []


def test_a_server_that_ends_is_said(out: Path, answerer: Answerer, question: Path) -> None:
    with served(out, answerer=answerer) as site, asking(site, question) as (page, _):
        page.route_web_socket("**/api/talk", lambda socket: socket.close())
        page.reload()
        page.get_by_role("button", name="Hold to ask").wait_for()
        write(page, TRANSCRIBE)
        expect(newest(page).locator(".exchange-state")).to_have_text(
            "The server does not answer. Is af3 browse still running?"
        )
