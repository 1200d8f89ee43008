"""The page as people have it: on a desk, on a phone, in the dark, on paper; and it sounds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from beam_jobs.cli import main
from tests.beam_jobs.demo import GIVEN, demo_night
from tests.beam_jobs.night_report.browser import PHONE, opened
from tests.beam_jobs.night_report.seen import page_of

pytestmark = pytest.mark.browser

OVERFLOWING = """
[...document.querySelectorAll('main *')]
    .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
    .map(element => element.outerHTML.slice(0, 80))
"""
KNOWN = """
() => Promise.all([...document.querySelectorAll('audio')].map(audio =>
    audio.readyState >= 1 || new Promise(known => audio.addEventListener('loadedmetadata', known))))
"""
PLAYED = """
audio => new Promise((played, failed) => {
    audio.muted = true
    audio.addEventListener('timeupdate', () => audio.currentTime > 0.2 && played(audio.currentTime))
    audio.addEventListener('error', () => failed(audio.error.message))
    audio.play().catch(failed)
})
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    shutil.copytree(demo_night(shared), out)
    assert main(["report", "--out", str(out), *GIVEN]) == 0
    return page_of(out, "demo", "demo")


def test_it_opens_alone_and_each_segment_plays(page: Path) -> None:
    with opened(page) as (tab, asked, complaints):
        tab.evaluate(KNOWN)
        lengths = tab.evaluate("[...document.querySelectorAll('audio')].map(a => a.duration)")
        assert len(lengths) == 20
        assert lengths[0] == pytest.approx(16.512, abs=0.02)
        drawn = "[...document.querySelectorAll('img')].every(image => image.naturalWidth === 640)"
        assert tab.evaluate(drawn)
        assert tab.locator("audio").last.evaluate(PLAYED) > 0.2
        assert {address.partition(",")[0] for address in asked} <= {
            page.as_uri(),
            "data:image/png;base64",
            "data:audio/webm;base64",
            "data:",
        }
        assert complaints == []


def test_a_phone_needs_no_sideways_scrolling(page: Path) -> None:
    with opened(page, PHONE) as (tab, _, complaints):
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        assert tab.evaluate(OVERFLOWING) == []
        size = tab.locator(".said p").first.evaluate("text => getComputedStyle(text).fontSize")
        assert size == "16px"
        assert complaints == []


@pytest.mark.parametrize(
    ("scheme", "paper", "ink"),
    [
        ("light", "rgb(251, 251, 249)", "rgb(31, 35, 40)"),
        ("dark", "rgb(21, 24, 28)", "rgb(228, 231, 234)"),
    ],
)
def test_it_is_light_or_dark_as_the_reader_has_it(
    page: Path, scheme: str, paper: str, ink: str
) -> None:
    with opened(page, color_scheme=scheme) as (tab, _, _):
        body = tab.locator("body")
        assert body.evaluate("body => getComputedStyle(body).backgroundColor") == paper
        assert body.evaluate("body => getComputedStyle(body).color") == ink
        title = tab.locator("svg text", has_text="Answers by flag")
        assert title.evaluate("text => getComputedStyle(text).fill") == ink


def test_on_paper_there_are_no_players_and_no_segment_is_cut(page: Path) -> None:
    with opened(page, color_scheme="dark") as (tab, _, _):
        tab.emulate_media(media="print")
        assert tab.locator("audio").first.is_hidden()
        assert tab.locator("article img").first.is_visible()
        article = tab.locator("article").first
        assert article.evaluate("card => getComputedStyle(card).breakInside") == "avoid"
        body = tab.locator("body")
        assert body.evaluate("body => getComputedStyle(body).color") == "rgb(0, 0, 0)"
        sheets = tab.pdf(format="A4", print_background=False).count(b"/Type /Page\n")
        assert sheets <= 14
