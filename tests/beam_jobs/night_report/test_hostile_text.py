"""What stands in an archive or comes from a model is text, wherever it stands in the page."""

from __future__ import annotations

import html
import shutil
from pathlib import Path
from typing import Any

import pytest

from af3core.storage.address import store_at
from beam_jobs.cli import main
from beam_jobs.framework.parquet_encoding import encode_table
from beam_jobs.framework.table_snapshot import partition_rows
from schemas import layout
from schemas.tables.columns import Table
from schemas.tables.night_tables import ANSWERS, CAPTIONS, FAILURES, RUNS, TRANSCRIPTS
from tests.beam_jobs.night_report.archive import HOSTILE_ADDRESS, HOSTILE_NAME, SECOND, two_nights
from tests.beam_jobs.night_report.browser import opened
from tests.beam_jobs.night_report.seen import page_of, read_page

SCRIPT = "<script>document.title = 'taken'</script>"
IMAGE = '"><img src="https://example.org/x" onerror="document.title = \'taken\'">'
END = "</p></article></style></svg><h1>theirs</h1><!--"
TEMPLATE = "{{ 7 * 7 }} {% for %} ${7*7}"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, shared: Path, untrained: Path) -> Path:
    out = tmp_path_factory.mktemp("hostile") / "out"
    shutil.copytree(two_nights(shared, untrained), out)
    rewrite(out, CAPTIONS, {"text": SCRIPT, "thinking": IMAGE})
    rewrite(out, TRANSCRIPTS, {"text": IMAGE, "flags": [SCRIPT]})
    rewrite(out, FAILURES, {"message": IMAGE, "error_class": SCRIPT})
    rewrite(out, RUNS, {"model": SCRIPT, "source": IMAGE})
    add_answers(out, {"question": TEMPLATE, "text": END, "task_id": IMAGE})
    assert main(["report", "--out", str(out), "--run-id", "both", "--date", SECOND]) == 0
    return page_of(out, "default", "both")


def rewrite(out: Path, table: Table, values: dict[str, Any]) -> None:
    """Give all rows of the second night these values."""
    put(out, table, [row | values for row in rows_of(out, table)])


def add_answers(out: Path, values: dict[str, Any]) -> None:
    """Answers are like captions, with a question."""
    names = {column.name for column in ANSWERS.columns}
    rows = [
        {name: value for name, value in row.items() if name in names}
        | {"options": [], "choice": ""}
        | values
        for row in rows_of(out, CAPTIONS)
    ]
    put(out, ANSWERS, rows)


def rows_of(out: Path, table: Table) -> list[dict[str, Any]]:
    return list(partition_rows(store_at(str(out)), table.name, "default", SECOND))


def put(out: Path, table: Table, rows: list[dict[str, Any]]) -> None:
    key = layout.shard_key(table.name, "default", SECOND, 0, 1)
    store_at(str(out)).write(key, encode_table(table, rows))


def test_it_is_shown_literally(page: Path) -> None:
    texts = read_page(page).texts
    assert texts.count(SCRIPT) == 3 + 3  # captions, and flags of transcripts
    assert f"{SCRIPT}, 3 times" in texts
    assert f"New kinds of failure: {SCRIPT}." in texts
    for text in (IMAGE, END, TEMPLATE, HOSTILE_NAME):
        assert text in texts


def test_no_element_of_theirs_is_in_the_page(page: Path) -> None:
    seen = read_page(page)
    assert not seen.all("script")
    assert len(seen.all("h1")) == 1
    assert len(seen.all("img")) == len(seen.all("article")) == 3
    names = {name for _, attributes in seen.elements for name in attributes}
    assert not [name for name in names if name.startswith("on")]
    text = page.read_text("utf-8")
    assert html.escape(SCRIPT, quote=False) in text.replace("&#39;", "'")
    assert HOSTILE_ADDRESS not in text


@pytest.mark.browser
def test_a_browser_runs_nothing_and_asks_nobody(page: Path) -> None:
    with opened(page) as (tab, asked, complaints):
        assert tab.title() == "default, 21 November 2026: the night's report"
        assert tab.locator("h1").all_inner_texts() == ["default"]
        assert tab.locator("script").count() == 0
        assert SCRIPT in tab.locator("body").inner_text()
        assert {address.partition(",")[0] for address in asked} <= {
            page.as_uri(),
            "data:image/png;base64",
            "data:audio/webm;base64",
            "data:",
        }
        assert complaints == []


@pytest.mark.browser
def test_the_policy_would_stop_a_script_that_came_in(page: Path, tmp_path: Path) -> None:
    """The second lock: with the escaping broken, the browser still runs and loads nothing."""
    broken = tmp_path / "broken.html"
    text = page.read_text("utf-8")
    intruder = f"{SCRIPT}<img src='https://example.org/x' onerror=\"document.title = 'taken'\">"
    broken.write_text(text.replace("<main>", f"<main>{intruder}"), "utf-8")
    with opened(broken) as (tab, _, complaints):
        assert tab.title() == "default, 21 November 2026: the night's report"
        tab.wait_for_timeout(200)
        blocked = ("Executing inline script", "Executing inline event", "Loading the image")
        for kind in blocked:
            assert any(said.startswith(kind) and "violates" in said for said in complaints)
