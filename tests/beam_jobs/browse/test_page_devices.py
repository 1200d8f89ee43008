"""The page as people have it: on a phone, in the dark, on paper, with keys alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.beam_jobs.browse.page_night import PHONE, browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import page_night

pytestmark = pytest.mark.browser

HISTORY = "57034b6212bae5e4245c037a"
PAGES = {
    "search": "/?q=welcome+back",
    "newest": "/",
    "recording": f"/recording/{HISTORY}?t=12",
    "corpus": "/corpus/demo",
    "sql": "/sql?sql=SELECT+*+FROM+segments",
}
LOADED = "() => !/Searching|Loading/.test(document.querySelector('main').innerText)"
UNNAMED = """
[...document.querySelectorAll('button, a[href], input, select, textarea, [role=slider]')]
    .filter(element => !element.closest('[hidden]') && !(element.ariaLabel
        || element.innerText?.trim() || element.labels?.length))
    .map(element => element.outerHTML.slice(0, 120))
"""
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"


@pytest.fixture(scope="module")
def site(shared: Path) -> Iterator[Site]:
    with served(page_night(shared)) as site:
        yield site


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_phone_needs_no_sideways_scrolling(site: Site, path: str) -> None:
    with browsing(site, PHONE) as (page, seen):
        page.goto(path)
        page.wait_for_function(LOADED)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        body = page.locator("body")
        assert body.evaluate("body => getComputedStyle(body).fontSize") == "16px"
        assert seen.complaints == []


def test_on_a_phone_a_touch_plays_and_the_filters_are_folded(site: Site) -> None:
    with browsing(site, PHONE) as (page, seen):
        page.goto("/?q=%22good+evening+and+welcome%22")
        expect(page.get_by_label("Corpus")).to_be_hidden()
        page.get_by_role("button", name="Play reel_17.wav").tap()
        page.wait_for_function("() => document.getElementById('audio').currentTime > 35")
        page.get_by_text("Filters", exact=True).tap()
        expect(page.get_by_label("Corpus")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert seen.complaints == []


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_all_that_can_be_used_has_a_name(site: Site, path: str) -> None:
    with browsing(site) as (page, seen):
        page.goto(path)
        page.wait_for_function(LOADED)
        assert page.evaluate(UNNAMED) == []
        assert page.locator("h1").count() == 1
        assert seen.complaints == []


@pytest.mark.parametrize(
    ("scheme", "paper", "ink"),
    [
        ("light", "rgb(251, 251, 249)", "rgb(31, 35, 40)"),
        ("dark", "rgb(21, 24, 28)", "rgb(228, 231, 234)"),
    ],
)
def test_it_is_light_or_dark_as_the_reader_has_it(
    site: Site, scheme: str, paper: str, ink: str
) -> None:
    with browsing(site, color_scheme=scheme) as (page, _):
        page.goto("/corpus/demo")
        root = page.locator("html")
        assert root.evaluate("root => getComputedStyle(root).backgroundColor") == paper
        assert root.evaluate("root => getComputedStyle(root).color") == ink
        chart = page.get_by_role("img", name="Hours by night")
        expect(chart).to_be_visible()
        inverted = chart.evaluate("chart => getComputedStyle(chart).filter !== 'none'")
        assert inverted == (scheme == "dark")
        page.wait_for_function(
            "() => [...document.images].every(image => image.complete && image.naturalWidth > 0)"
        )
        assert page.locator(".charts img").count() == 4


def test_paper_has_the_whole_transcript_and_no_controls(site: Site) -> None:
    with browsing(site, color_scheme="dark") as (page, _):
        page.goto(f"/recording/{HISTORY}")
        page.get_by_role("list", name="Transcript").wait_for()
        page.emulate_media(media="print")
        assert page.locator(".controls").is_hidden()
        assert page.get_by_role("navigation").is_hidden()
        cut = "list => list.scrollHeight > list.clientHeight + 1"
        assert not page.locator(".transcript").evaluate(cut)
        ink = page.locator("html").evaluate("root => getComputedStyle(root).color")
        assert ink == "rgb(0, 0, 0)"


def test_keys_alone_search_play_and_open(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/")
        page.get_by_role("article").first.wait_for()
        page.keyboard.press("/")
        page.keyboard.type('"good evening and welcome"')
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("places found")
        page.keyboard.press("Escape")
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.evaluate(FOCUSED).startswith("reel_17.wav")
        page.keyboard.press("k")
        page.keyboard.press("j")
        page.keyboard.press("Space")
        page.wait_for_function("() => document.getElementById('audio').currentTime > 35")
        page.keyboard.press("Space")
        page.get_by_role("button", name="Play reel_17.wav").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED).startswith("Play reel_17.wav")
        outline = "getComputedStyle(document.activeElement).outlineWidth"
        assert page.evaluate(outline) == "2px"
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUSED) == "reel_17.wav"
        page.keyboard.press("Enter")
        page.get_by_role("list", name="Transcript").wait_for()
        page.keyboard.press("Space")
        page.wait_for_function("() => !document.getElementById('audio').paused")
        assert seen.complaints == []
