"""The page when there is nothing, little, or something is wrong; and what its address keeps."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import page_night
from tests.beam_jobs.search.said import FIRST, publish

pytestmark = pytest.mark.browser

REEL = "218d54029586124a44971d56"


@pytest.fixture(scope="module")
def night(shared: Path) -> Path:
    return page_night(shared)


@pytest.fixture(scope="module")
def site(night: Path) -> Iterator[Site]:
    with served(night) as site:
        yield site


def test_the_address_keeps_the_search_and_back_returns(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/?q=welcome&speech=with&kind=segment")
        expect(page.locator("select[name=speech]")).to_have_value("with")
        expect(page.get_by_label("Passages")).to_be_checked()
        page.get_by_label("Search by").select_option("words only")
        page.wait_for_url("**/?q=welcome&mode=words&speech=with&kind=segment")
        page.get_by_role("button", name="Clear filters").click()
        page.wait_for_url("**/?q=welcome")
        page.go_back()
        expect(page.get_by_label("Search by")).to_have_value("words")
        page.get_by_role("link", name="Sounds like this").nth(1).wait_for()
        page.mouse.wheel(0, 600)
        page.wait_for_function("() => scrollY > 300")
        page.wait_for_timeout(300)
        page.get_by_role("link", name="Sounds like this").nth(1).click()
        page.wait_for_url("**/?like=*")
        expect(page.get_by_role("status")).to_contain_text("that sound most like it")
        page.go_back()
        expect(page.get_by_role("searchbox")).to_have_value("welcome")
        page.wait_for_function("() => scrollY > 300")
        assert seen.complaints == []


def test_nothing_found_and_wrong_words_are_said(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/?q=%2Bzeppelin&mode=words")
        status = page.get_by_role("status")
        expect(status).to_contain_text("Nothing found. Fewer words, or fewer filters, find more.")
        assert seen.complaints == []
        page.goto("/?q=%22open&mode=words")
        expect(page.locator(".status.is-error")).to_contain_text("Try again")


def test_a_page_of_nothing_says_so(site: Site) -> None:
    with browsing(site) as (page, _):
        page.goto("/recording/000000000000000000000000")
        expect(page.get_by_role("alert")).to_have_text(
            "recording 000000000000000000000000: not in the tables"
        )
        page.goto("/corpus/none")
        expect(page.get_by_role("alert")).to_have_text("corpus none: not in the tables")


def test_a_server_that_is_gone_is_noticed(night: Path) -> None:
    with served(night) as site, browsing(site) as (page, _):
        page.goto("/?q=welcome")
        page.get_by_role("article").first.wait_for()
        page.route("**/api/**", lambda route: route.abort())
        page.get_by_role("searchbox").fill("rain")
        page.keyboard.press("Enter")
        line = page.locator(".status.is-error")
        expect(line).to_contain_text("The server does not answer. Is af3 browse still running?")
        page.unroute("**/api/**")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("status")).to_contain_text("place")
        expect(line).to_have_count(0)


def test_audio_that_is_gone_is_said_on_the_card(night: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(night, out)
    with served(out) as site, browsing(site) as (page, _):
        page.goto("/?q=%22good+evening+and+welcome%22")
        card = page.get_by_role("article").filter(has_text="reel_17.wav")
        card.wait_for()
        shutil.rmtree(out / "clips" / REEL)
        card.get_by_role("button", name="Play").click()
        expect(card.get_by_role("alert")).to_contain_text("This audio cannot be played")


def test_without_an_index_the_page_says_what_makes_one(tmp_path: Path) -> None:
    publish(tmp_path, FIRST, {"aa0000000000": ["A storm comes."]})
    with served(tmp_path) as site, browsing(site) as (page, _):
        page.goto("/?q=storm")
        expect(page.locator("main")).to_contain_text("af3 index")
        page.goto("/recording/aa0000000000")
        expect(page.locator(".deck")).to_contain_text("its clip is gone")
        expect(page.locator(".segment .said")).to_have_text("A storm comes.")


def test_more_results_come_below_with_the_focus_on_the_first(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/?q=speaking&kind=segment&mode=words")
        cards = page.get_by_role("article")
        expect(cards).to_have_count(20)
        expect(page.get_by_role("status")).to_contain_text("The best 20 places")
        page.get_by_role("button", name="More results").click()
        expect(cards).to_have_count(40)
        expect(cards.nth(20)).to_be_focused()
        names = cards.evaluate_all("cards => cards.map(card => card.ariaLabel)")
        assert len(set(names)) == 40
        assert seen.complaints == []


def test_a_token_opens_the_page_with_its_sound(night: Path) -> None:
    token = "a-token-of-24-characters"
    with served(night, token=token) as site, browsing(site) as (page, seen):
        page.goto(f"/?q=%22good+evening+and+welcome%22&token={token}")
        page.get_by_role("button", name="Play reel_17.wav").click()
        page.wait_for_function("() => document.getElementById('audio').currentTime > 35")
        assert page.url == f"http://{site.host}/?q=%22good+evening+and+welcome%22"
        assert seen.complaints == []
