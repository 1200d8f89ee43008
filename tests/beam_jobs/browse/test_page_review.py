"""Review in a real browser: two editors at one recording, keys, drafts, queues, and readers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from beam_jobs.people.people_changes import add_person
from schemas.options.people import Role
from tests.beam_jobs.browse.page_night import DESK, PHONE, Seen, browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.browse.test_page_devices import LOADED, UNNAMED
from tests.beam_jobs.demo import demo_night

pytestmark = pytest.mark.browser

REEL = "218d54029586124a44971d56"
HISTORY = "57034b6212bae5e4245c037a"
SCRIPT = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title='taken'\">"
PLAYED = "document.getElementById('audio').currentTime"
PEOPLE: Mapping[str, Role] = {"Ada": "editor", "Ben": "editor", "Rea": "reader"}


@dataclass(frozen=True)
class Desk:
    """A server with people, and their tokens by name."""

    site: Site
    tokens: Mapping[str, str]
    out: Path

    def sign_in(self, page: Page, name: str) -> None:
        page.goto(f"/?token={self.tokens[name]}")
        expect(page.locator("#person")).to_contain_text(name)


@pytest.fixture
def desk(tmp_path: Path, shared: Path) -> Iterator[Desk]:
    out = tmp_path / "out"
    shutil.copytree(demo_night(shared), out)
    file = tmp_path / "people.toml"
    tokens = {name: add_person(file, name, role) for name, role in PEOPLE.items()}
    with served(out, people=file) as site:
        yield Desk(site, tokens, out)


def at(page: Page, recording: str = REEL, second: float = 40) -> Locator:
    """Opens a recording at a second; gives the field of its transcript."""
    page.goto(f"/recording/{recording}?t={second}")
    return field(page)


def field(page: Page, name: str = "Transcript") -> Locator:
    return page.get_by_role("region", name="Review").get_by_label(name, exact=True)


def editor(page: Page, name: str = "Transcript,") -> Locator:
    return page.get_by_role("article", name=name).first


@contextmanager
def another(page: Page, desk: Desk, name: str) -> Iterator[Page]:
    """A second session of the same browser, of another person."""
    browser = page.context.browser
    assert isinstance(browser, Browser)
    context = browser.new_context(base_url=f"http://{desk.site.host}", **DESK)
    try:
        second = context.new_page()
        desk.sign_in(second, name)
        yield second
    finally:
        context.close()


def harmless(page: Page, seen: Seen, *but: str) -> None:
    assert "taken" not in page.title()
    assert page.locator("main script, main img[src=x]").count() == 0
    assert [line for line in seen.complaints if not any(part in line for part in but)] == []


def test_two_editors_one_segment_no_word_lost(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Ada")
        mine = at(page)
        expect(mine).not_to_be_empty()
        before = mine.input_value()
        mine.click()
        with another(page, desk, "Ben") as other:
            theirs = at(other)
            theirs.click()
            expect(editor(other)).to_contain_text("Ada has this open too.")
            expect(editor(page)).to_contain_text("Ben has this open too.")
            expect(page.get_by_text("Also here: Ben")).to_be_visible()
            mine.fill(f"Ada's words {SCRIPT}")
            theirs.fill("Ben's words")
            mine.press("Control+Enter")
            expect(editor(page)).to_contain_text("corrected by Ada")
            theirs.press("Control+Enter")
            clash = editor(other).get_by_role("alert")
            expect(clash).to_contain_text(f"Ada's words {SCRIPT}")
            expect(theirs).to_have_value("Ben's words")
            clash.get_by_role("button", name="Save mine over it").click()
            expect(editor(other)).to_contain_text("corrected by Ben")
            page.locator("h1").click()
            expect(mine).to_have_value("Ben's words")
            other.goto("/review?queue=decisions")
            both = other.get_by_role("article", name="transcript")
            expect(both).to_contain_text(f"Ada's words {SCRIPT}")
            both.get_by_role("button", name="Undo what Ben said").click()
            expect(other.get_by_text("Nothing needs a decision.")).to_be_visible()
            assert "taken" not in other.title()
        expect(mine).to_have_value(f"Ada's words {SCRIPT}")
        expect(page.locator(".segment.is-current .said")).to_have_text(f"Ada's words {SCRIPT}")
        editor(page).get_by_role("button", name="Undo").click()
        expect(mine).to_have_value(before)
        harmless(page, seen)


def test_the_keys_beside_the_sound(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Ada")
        said = at(page, second=36)
        said.click()
        said.press("Escape")
        page.wait_for_function(f"() => {PLAYED} > 37")
        said.press("Control+ ")
        page.wait_for_function("() => document.getElementById('audio').paused")
        now = float(page.evaluate(PLAYED))
        said.press("F1")
        assert page.evaluate(PLAYED) == pytest.approx(now - 2, abs=0.3)
        said.press("Control+.")
        assert page.evaluate(PLAYED) == pytest.approx(now, abs=0.3)
        said.press("F4")
        expect(page.get_by_label("Speed")).to_have_value("1.25")
        said.press("F3")
        expect(page.get_by_label("Speed")).to_have_value("1")
        title = page.get_by_role("heading", name="Review,")
        here = title.inner_text()
        said.press("Alt+ArrowUp")
        expect(title).not_to_have_text(here)
        expect(field(page)).to_be_focused()
        expect(page.get_by_text("play and pause").first).to_be_visible()
        harmless(page, seen)


def test_a_draft_comes_back_on_another_machine(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Ada")
        said = at(page)
        said.fill("half a thou")
        with page.expect_response("**/api/review/draft"):
            pass
        with another(page, desk, "Ada") as other:
            expect(at(other)).to_have_value("half a thou")
            expect(editor(other)).to_contain_text("Your draft is back.")
            editor(other).get_by_role("button", name="Discard it").click()
            expect(field(other)).not_to_have_value("half a thou")
        page.reload()
        expect(field(page)).to_have_value("half a thou")
        harmless(page, seen)


def test_verdicts_and_flags(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Ada")
        at(page)
        caption = editor(page, "Caption,")
        caption.get_by_role("button", name="Wrong").click()
        expect(caption).to_contain_text("Ada: wrong")
        caption.get_by_label("Set a flag on").select_option("of_interest")
        expect(caption.get_by_label("Reasons to doubt")).to_contain_text("of interest")
        caption.get_by_role("button", name="Right").click()
        expect(caption).to_contain_text("Ada: right")
        page.reload()
        expect(caption.get_by_label("Reasons to doubt")).to_contain_text("of interest")
        caption.get_by_role("button", name="Lift the flag of interest").click()
        expect(caption.get_by_label("Reasons to doubt")).to_have_count(0)
        harmless(page, seen)


def test_a_queue_is_worked_off(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Ada")
        page.get_by_role("link", name="Review", exact=True).click()
        page.get_by_role("link", name="Sample").click()
        page.get_by_label("Size").fill("6")
        page.get_by_label("Size").press("Enter")
        cards = page.locator(".review-card")
        expect(cards).to_have_count(6)
        cards.first.get_by_role("button", name="Play").click()
        page.wait_for_function(f"() => {PLAYED} > 0.5")
        for number in range(6):
            cards.nth(number).get_by_role("button", name="Right").click()
            if number < 5:
                expect(page.get_by_text(f"{number + 1} by you today")).to_be_visible()
        expect(page.get_by_text("Nothing is left for you here.")).to_be_visible()
        expect(page.get_by_text("6 by you", exact=True)).to_be_visible()
        with another(page, desk, "Ben") as other:
            other.goto("/review?queue=sample&size=6")
            expect(other.locator(".review-progress")).to_contain_text("of 6 judged")
        harmless(page, seen)


def test_readers_see_none_of_it(desk: Desk) -> None:
    with browsing(desk.site) as (page, seen):
        desk.sign_in(page, "Rea")
        page.goto(f"/recording/{REEL}?t=40")
        page.get_by_role("list", name="Transcript").wait_for()
        assert page.get_by_role("region", name="Review").count() == 0
        assert page.get_by_role("link", name="Review", exact=True).count() == 0
        page.goto("/review")
        expect(page.get_by_text("Only editors review: sign in as one.")).to_be_visible()
        assert [path for path in seen.asked if "/api/review/" in path] == []
        harmless(page, seen)


@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_it_fits_and_all_has_a_name(desk: Desk, device: dict[str, Any]) -> None:
    with browsing(desk.site, device, color_scheme="dark") as (page, seen):
        desk.sign_in(page, "Ada")
        for path in (f"/recording/{REEL}?t=40", "/review", "/review?queue=sample"):
            page.goto(path)
            page.locator(".editor").first.wait_for()
            page.wait_for_function(LOADED)
            width = device["viewport"]["width"]
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(UNNAMED) == []
            assert page.locator("h1").count() == 1
        harmless(page, seen)
