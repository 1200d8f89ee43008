"""What stands in the archive or comes from the model is text on every page, and runs nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.tables.derived_tables import ALL_TABLES
from tests.beam_jobs.browse.page_night import Seen, browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import page_night
from tests.beam_jobs.search.said import put

pytestmark = pytest.mark.browser

DATE = "2026-11-21"
REEL = "218d54029586124a44971d56"
SCRIPT = "<script>document.title = 'taken'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'taken'\">"
FOREIGN = '"><iframe src="https://example.org/"></iframe><a href="javascript:alert(1)">bees</a>'
NAME = "<img src=x onerror=alert(1)>.wav"
SAID = f"🌩️🌩️ thunder {SCRIPT} {IMAGE}"
INTRUDERS = (
    '[...document.querySelectorAll(\'iframe, body script, main img:not([src^="/spectrogram/"]),'
    ' a[href^="javascript"]\')].map(element => element.outerHTML)'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Site]:
    out = tmp_path_factory.mktemp("hostile") / "out"
    shutil.copytree(page_night(shared), out)
    shutil.rmtree(out / "indexes")
    rewrite(out, "recordings", {"object_uri": f"/a/{NAME}", "duplicate_uris": [FOREIGN]})
    rewrite(out, "captions", {"text": FOREIGN, "thinking": SCRIPT})
    rewrite(out, "transcripts", {"text": SAID, "flags": [SCRIPT]})
    rewrite(out, "answers", {"question": IMAGE, "choice": "", "text": SCRIPT, "options": [FOREIGN]})
    rewrite(out, "chapters", {"title": IMAGE, "summary": SCRIPT})
    rewrite(out, "summaries", {"summary": FOREIGN})
    rewrite(out, "events", {"label": IMAGE})
    whole = {"recording_id": REEL}
    cited = {"segment_id": "", "start_ms": 0, "end_ms": 1000, "quote": IMAGE}
    finding = whole | {"question": FOREIGN, "answer": SCRIPT, "citations": [cited]}
    put(out, DATE, "findings", [finding], "demo")
    failure = whole | {
        "permanent": True,
        "stage": "annotate",
        "error_class": SCRIPT,
        "message": IMAGE,
    }
    put(out, DATE, "failures", [failure], "demo")
    assert main(["index", "--out", str(out), "--corpus", "demo", "--words-only"]) == 0
    with served(out) as site:
        yield site


def rewrite(out: Path, name: str, values: dict[str, Any]) -> None:
    """Gives all rows of a table these values."""
    [table] = [table for table in ALL_TABLES if table.name == name]
    store = store_at(str(out))
    rows = [row | values for row in partition_rows(store, name, "demo", DATE)]
    assert rows
    store.write(layout.shard_key(name, "demo", DATE, 0, 1), encode_table(table, rows))


def harmless(page: Page, seen: Seen) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate(INTRUDERS) == []
    assert "taken" not in page.title()
    assert seen.complaints == []


def test_on_a_card(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/?q=thunder&mode=words&kind=segment")
        card = page.get_by_role("article").first
        expect(card.get_by_role("heading", level=3)).to_have_text(NAME)
        expect(card.locator(".said")).to_have_text(SAID)
        expect(card.locator(".said mark")).to_have_text("thunder")
        expect(card.locator(".caption")).to_contain_text(FOREIGN)
        expect(card.locator(".answers dt").first).to_have_text(IMAGE)
        expect(card.locator(".answer").first).to_have_text(SCRIPT)
        expect(card.get_by_label("Reasons to doubt").first).to_have_text(SCRIPT.replace("_", " "))
        thought = card.get_by_text(SCRIPT, exact=True).last
        expect(thought).to_be_hidden()
        card.get_by_text("Thinking").click()
        expect(thought).to_be_visible()
        card.get_by_role("button", name="Play").click()
        page.wait_for_function("() => document.getElementById('audio').currentTime > 0.5")
        harmless(page, seen)


def test_on_a_recordings_page(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto(f"/recording/{REEL}?t=2")
        expect(page.get_by_role("heading", level=1)).to_have_text(NAME)
        expect(page.locator(".segment .said").first).to_have_text(SAID)
        for text in (SCRIPT, IMAGE, FOREIGN):
            assert page.locator("main").inner_text().count(text) >= 2
        page.get_by_role("slider", name="Position in the recording").hover()
        expect(page.locator(".tip")).to_contain_text(IMAGE)
        page.get_by_text("All facts").click()
        expect(page.locator(".recording-head .facts")).to_contain_text(FOREIGN)
        harmless(page, seen)


def test_in_the_rows_of_a_query(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql?sql=SELECT+text,+flags+FROM+transcripts+LIMIT+1")
        page.get_by_role("button", name="Run").click()
        expect(page.locator("td").first).to_have_text(SAID)
        expect(page.locator("td").last).to_have_text(f'["{SCRIPT}"]')
        harmless(page, seen)


def test_in_an_address(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&like=%3Cscript%3E")
        expect(page.get_by_role("searchbox")).to_have_value("<img src=x onerror=alert(1)>")
        page.get_by_role("status").filter(has_not_text="Searching").wait_for()
        assert page.evaluate(INTRUDERS) == []
        assert [line for line in seen.complaints if "400" not in line] == []


def test_the_policy_stops_a_script_that_came_in(site: Site) -> None:
    """The second lock: what a mistake would let in runs and loads nothing."""
    with browsing(site) as (page, seen):
        page.goto("/")
        page.evaluate(
            "html => { document.getElementById('main').innerHTML = html }",
            f"<img src='https://example.org/x' onerror=\"document.title = 'taken'\">{SCRIPT}",
        )
        page.wait_for_timeout(300)
        assert page.title() != "taken"
        assert any("Content Security Policy" in line for line in seen.complaints)
        seen.asked.remove("https://example.org/x")  # asked of the policy, which did not let it out
