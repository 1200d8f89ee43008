"""The charts: what they show, what they say, and that no text from data becomes markup."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_jobs.charts import NightHours, counts, distribution, hours_by_night

SVG = "{http://www.w3.org/2000/svg}"
MAIN = "fill: var(--chart-main, #0b5c94)"
PALE = "fill: var(--chart-pale, #a9b4be)"
ALERT = "fill: var(--chart-alert, #d1550f)"
NIGHTS = (
    NightHours("2026-11-21", 6.0, 1.5, 0.5),
    NightHours("2026-11-18", 2.0, 0.0, 0.0),
    NightHours("2026-11-20", 0.0, 0.0, 1.0),
)
HOSTILE = '<script>alert(1)</script>" onload="x &amp; $x^2$ \x00'


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def _boxes(svg: str, style: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of what has the style."""
    found = []
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        if path.get("style", "") == style:
            numbers = [float(number) for number in re.findall(r"[\d.]+", path.get("d", ""))]
            across, down = numbers[::2], numbers[1::2]
            found.append((min(across), min(down), max(across), max(down)))
    return found


def test_a_column_per_night_is_as_high_as_its_hours_and_stands_on_its_day() -> None:
    svg = hours_by_night(NIGHTS)
    first, last = _boxes(svg, MAIN)
    [skipped] = _boxes(svg, PALE)
    earlier, later = _boxes(svg, ALERT)
    hour = (first[3] - first[1]) / 2
    assert last[3] - last[1] == pytest.approx(6 * hour, rel=1e-3)
    assert skipped[3] - skipped[1] == pytest.approx(1.5 * hour, rel=1e-3)
    assert skipped[3] == pytest.approx(last[1], abs=0.01)
    assert later[3] - later[1] == pytest.approx(0.5 * hour, rel=1e-3)
    day = last[0] - earlier[0]
    assert last[0] - first[0] == pytest.approx(3 * day, rel=1e-3)


def test_it_says_all_that_it_shows_and_needs_no_place_of_its_own() -> None:
    root = ElementTree.fromstring(hours_by_night(NIGHTS, "Radio"))
    title, desc = root[0], root[1]
    assert (title.tag, title.text) == (f"{SVG}title", "Radio")
    assert desc.text == (
        "2026-11-18: 2.00 h annotated, 0.00 h skipped, 0.00 h failed;"
        " 2026-11-20: 0.00 h annotated, 0.00 h skipped, 1.00 h failed;"
        " 2026-11-21: 6.00 h annotated, 1.50 h skipped, 0.50 h failed."
    )
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert root.get("viewBox") == "0 0 360 190"
    assert root.get("width") == "100%"
    assert root.get("height") is None


def test_over_many_years_nights_stand_side_by_side() -> None:
    svg = hours_by_night([NightHours(f"{year}-01-01", 1, 0, 0) for year in range(1990, 2026)])
    left = [box[0] for box in _boxes(svg, MAIN)]
    gaps = {round(after - before, 1) for before, after in pairwise(left)}
    assert len(left) == 36
    assert max(gaps) - min(gaps) <= 0.11
    assert _texts(svg)[0:4] == ["1992-01-01", "2003-01-01", "2014-01-01", "2025-01-01"]


def test_two_charts_share_an_axis_where_it_is_given() -> None:
    one = _boxes(hours_by_night([NightHours("2026-11-21", 1, 0, 0)], most_h=8), MAIN)[0]
    eight = _boxes(hours_by_night([NightHours("2026-11-21", 8, 0, 0)], most_h=8), MAIN)[0]
    assert (eight[3] - eight[1]) == pytest.approx(8 * (one[3] - one[1]), rel=1e-3)


def test_short_nights_are_drawn_in_minutes() -> None:
    svg = hours_by_night(
        [NightHours("2026-11-20", 0.25, 0, 0), NightHours("2026-11-21", 0.5, 0, 0)]
    )
    texts = _texts(svg)
    assert texts[1 : texts.index("Hours by night") + 2] == [
        *("0", "10", "20", "30"),
        *("Hours by night", "min"),
    ]


def test_nights_without_hours_and_no_nights() -> None:
    assert _boxes(hours_by_night([NightHours("2026-11-21", 0, 0, 0)]), MAIN) == []
    assert _texts(hours_by_night([])) == ["Hours by night", "no nights"]


def test_values_are_spread_over_bins() -> None:
    svg = distribution([1, 1, 2, 2, 2, 10], "Length of segments", "s")
    assert "6 values, median 2 s" in _texts(svg)
    [(left, top, right, bottom)] = _boxes(svg, MAIN)
    assert (left, right) == (44, 346)
    assert (bottom - top) == pytest.approx(102 / 1.06, abs=0.1)
    desc = ElementTree.fromstring(svg)[1].text
    assert desc == "6 values from 1 to 10 s, median 2 s."


def test_what_is_no_finite_number_is_left_out() -> None:
    svg = distribution([float("nan"), float("inf"), -1234.5], "x", "")
    assert "1 value, median −1.23e+03" in _texts(svg)
    assert _texts(distribution([float("nan")], "x", "s")) == ["x", "no values"]


def test_bars_are_as_long_as_their_counts() -> None:
    svg = counts([("no_speech", 1500), ("cut_off", 750), ("damaged", 0)], "Flags")
    assert _texts(svg) == ["Flags", "no_speech", "1,500", "cut_off", "750", "damaged", "0"]
    lengths = [right - left for left, _, right, _ in _boxes(svg, MAIN)]
    assert lengths == [148, 74, 0]
    assert ElementTree.fromstring(svg)[1].text == "no_speech: 1,500; cut_off: 750; damaged: 0."
    assert _texts(counts([], "Flags")) == ["Flags", "none"]


def test_long_labels_are_shortened_and_said_in_full() -> None:
    long = "a label that is far too long to stand beside its bar"
    root = ElementTree.fromstring(counts([(long, 1), ("日" * 20, 1)], "Flags"))
    assert [text for text in _texts(ElementTree.tostring(root, "unicode")) if "…" in text] == [
        "a label that is far too l…",
        "日" * 12 + "…",
    ]
    assert root[1].text == f"{long}: 1; {'日' * 20}: 1."


class _Tags(HTMLParser):
    """Tags and attributes as a browser sees them."""

    def __init__(self, svg: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(svg)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_from_data_stays_text() -> None:
    for svg in (
        counts([(HOSTILE, 1)], HOSTILE),
        distribution([1, 2], HOSTILE, HOSTILE),
        hours_by_night(NIGHTS, HOSTILE),
    ):
        page = _Tags(svg)
        drawn = {"svg", "title", "desc", "g", "path", "text", "defs", "use", "clippath", "rect"}
        assert page.tags <= drawn
        assert not [name for name in page.attributes if name.startswith("on")]
        assert '<script>alert(1)</script>" onload="x &amp; $x^2$ \ufffd' in page.text
        assert "\0" not in svg


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=40), st.integers(0, 10**9)), max_size=4), st.text())
def test_any_text_gives_well_formed_svg(items: list[tuple[str, int]], title: str) -> None:
    ElementTree.fromstring(counts(items, title))
    ElementTree.fromstring(distribution([number for _, number in items], title, title))


def test_equal_input_gives_equal_text_in_any_thread() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda n: hours_by_night(NIGHTS, f"Radio {n % 4}"), range(32)))
    assert drawn == [hours_by_night(NIGHTS, f"Radio {n % 4}") for n in range(32)]
    assert len(set(drawn)) == 4


def test_ids_of_different_charts_differ() -> None:
    charts = (hours_by_night(NIGHTS), hours_by_night(NIGHTS[:2]), distribution([1, 2], "x", "s"))
    ids = [name for svg in charts for name in re.findall(r' id="([^"]+)"', svg)]
    assert len(ids) == len(set(ids)) >= 6


def test_nothing_is_fetched() -> None:
    for svg in (hours_by_night(NIGHTS), distribution([1, 2], "x", "s"), counts([("a", 1)], "b")):
        assert set(re.findall(r"https?://[^\"' ]+", svg)) == {"http://www.w3.org/2000/svg"}
        assert "<style" not in svg
