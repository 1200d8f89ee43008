"""The SQL page: saved questions, mistakes, limits, and rows that lead to their recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.beam_jobs.browse.page_night import browsing
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.demo import page_night

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(shared: Path) -> Iterator[Site]:
    with served(page_night(shared)) as site:
        yield site


def test_a_saved_question_runs_and_can_be_linked(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql")
        page.get_by_label("Saved questions").select_option(
            "How many hours came in each night, and how many were annotated?"
        )
        expect(page.get_by_role("status")).to_contain_text("1 row")
        row = page.locator("tbody tr").first.locator("td").all_inner_texts()
        assert row == ["demo", "2026-11-21", "8", "0.36", "0.36"]
        headings = page.locator("thead th").all_inner_texts()
        assert headings[2].split() == ["recordings", "bigint"]
        assert page.url.startswith(f"http://{site.host}/sql?sql=SELECT+corpus")
        asked = page.get_by_role("textbox", name="SQL").input_value().strip()
        page.reload()
        expect(page.get_by_role("textbox", name="SQL")).to_have_value(asked)
        assert seen.complaints == []


def test_keys_run_it_and_a_row_leads_to_its_second(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql")
        box = page.get_by_role("textbox", name="SQL")
        box.fill(
            "SELECT recording_id, start_ms, text FROM transcripts"
            " WHERE text LIKE '%good evening and welcome%' AND start_ms = 34752"
        )
        box.press("Control+Enter")
        page.get_by_role("link", name="218d54029586124a44971d56").click()
        page.get_by_role("heading", level=1, name="reel_17.wav").wait_for()
        expect(page.locator(".clock")).to_have_text("0:34")
        assert seen.complaints == []


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("SELEC 1", 'Parser Error: syntax error at or near "SELEC"'),
        ("SELECT speach FROM segments", 'Referenced column "speach" not found'),
        ("DROP TABLE segments", "only one SELECT, EXPLAIN, DESCRIBE, SHOW or SUMMARIZE runs here"),
    ],
)
def test_a_mistake_is_named_in_a_line(site: Site, sql: str, line: str) -> None:
    with browsing(site) as (page, _):
        page.goto("/sql")
        page.get_by_role("textbox", name="SQL").fill(sql)
        page.get_by_role("button", name="Run").click()
        status = page.locator(".status.is-error")
        expect(status).to_contain_text(line)
        expect(page.get_by_role("table")).to_be_hidden()
        page.get_by_role("textbox", name="SQL").fill("SELECT 1 AS one")
        page.get_by_role("button", name="Run").click()
        expect(status).to_have_count(0)
        expect(page.get_by_role("cell")).to_have_text("1")


def test_rows_beyond_the_limit_are_said_to_be_missing(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql")
        page.get_by_role("textbox", name="SQL").fill("SELECT range AS n FROM range(5000)")
        page.get_by_role("button", name="Run").click()
        expect(page.get_by_role("status")).to_contain_text("First 1,000 rows; there are more")
        assert page.locator("tbody tr").count() == 1000
        assert seen.complaints == []


def test_a_long_query_can_be_cancelled(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql")
        page.get_by_role("textbox", name="SQL").fill(
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range"
        )
        page.get_by_role("button", name="Run").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("status")).to_have_text("Cancelled.")
        assert seen.complaints == []


def test_the_tables_are_listed_with_their_columns(site: Site) -> None:
    with browsing(site) as (page, seen):
        page.goto("/sql")
        page.get_by_text("Tables", exact=True).click()
        expect(page.locator(".table-list").get_by_text("transcripts", exact=True)).to_be_visible()
        expect(page.locator(".table-list")).to_contain_text("mean_logprob")
        assert seen.complaints == []


def test_csv_holds_the_rows_and_no_formulas(site: Site) -> None:
    with browsing(site, permissions=["clipboard-read", "clipboard-write"]) as (page, seen):
        page.goto("/sql")
        page.get_by_role("textbox", name="SQL").fill(
            "SELECT '=1+1' AS formula, 'a, \"b\"' AS quoted, -2 AS number, NULL AS missing"
        )
        page.get_by_role("button", name="Run").click()
        page.get_by_role("button", name="Copy as CSV").click()
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.splitlines() == ["formula,quoted,number,missing", '\'=1+1,"a, ""b""",-2,']
        assert seen.complaints == []
