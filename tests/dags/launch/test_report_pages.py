"""The page of a report: facts in words and units, and nothing that it could smuggle in."""

from __future__ import annotations

from pathlib import Path

import pytest

from dags.launch.report_pages import night_page, render

REPORT = {
    "job": "audit",
    "corpus": "<script>alert(1)</script>",
    "since": "2026-11-03",
    "until": "2026-11-03",
    "seconds": 2.5,
    "started_at": "2026-11-04T00:00:07.000+00:00",
    "facts": {
        "duration_ms": 5_400_000,
        "answers": 12_345,
        "over_budget": False,
        "failures": {"NotMedia": 2},
        "broken": [],
    },
}


def test_facts_have_units_and_words() -> None:
    page = render(REPORT, "annotate__radio", "run 1")
    assert "<tr><th>duration<td>5,400.0 s (1.50 h)" in page
    assert "<tr><th>answers<td>12,345" in page
    assert "<tr><th>over budget<td>False" in page
    assert "<tr><th>failures<td>NotMedia: 2" in page
    assert "<tr><th>broken<td>–" in page
    assert "href='/dags/annotate__radio/runs/run%201/'" in page


def test_what_stands_in_a_report_is_text() -> None:
    page = render(REPORT, "annotate__radio", "run")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_night_itself_is_a_click_away() -> None:
    named = REPORT | {"facts": {"page": "gs://lake/reports/corpus=radio/run=r1/report.html"}}
    page = render(named, "annotate__radio", "run 1")
    assert "<a href='/af3/night/annotate__radio/run%201/report'>the night&#x27;s report</a>" in page
    assert "the night" not in render(REPORT, "annotate__radio", "run 1")


def test_the_night_is_read_from_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "corpus=radio" / "run=r1" / "report.html"
    report = {"corpus": "radio", "run_id": "r1", "facts": {"page": str(path)}}
    assert night_page(report) is None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"<!doctype html>")
    assert night_page(report) == b"<!doctype html>"


@pytest.mark.parametrize("page", ["/etc/passwd", "", "/x/reports/corpus=tv/run=r1/report.html"])
def test_no_other_file_is_read(page: str) -> None:
    assert night_page({"corpus": "radio", "run_id": "r1", "facts": {"page": page}}) is None
    assert night_page(None) is None
