"""Days and corpora beside each other: what is newest, which of two, hours by night."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.search.said import place, publish, put

DAYS = 95
LAST = datetime.date(2026, 11, 21)
TWICE = "f" * 24
NOT_ALL = "only the newest 90 days were looked into; search for words, or set days"


def day(back: int) -> str:
    return (LAST - datetime.timedelta(days=back)).isoformat()


def recording(back: int) -> str:
    return f"{back:024x}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A corpus of 95 days with one segment each, and one of two days with the same recording."""
    out = tmp_path_factory.mktemp("days") / "out"
    for back in range(DAYS):
        annotated(out, day(back), recording(back), "radio")
    for back in (0, 1):
        annotated(out, day(back), TWICE, "film")
    skipped = [("silence", 1_000), ("NotMedia", 20_000), ("too_short", 300), ("Timeout", 4_000)]
    whole = {
        "recording_id": TWICE,
        "object_uri": "/arc/film.wav",
        "duration_ms": 60_000,
        "annotated_ms": 34_700,
        "skipped": [{"reason": reason, "duration_ms": ms} for reason, ms in skipped],
        "status": "partial",
    }
    put(out, day(0), "recordings", [whole], "film")
    with served(out) as site:
        yield site


def annotated(out: Path, date: str, recording: str, corpus: str) -> None:
    publish(out, date, {recording: [date]}, corpus=corpus, flags=["low_confidence"])
    put(out, date, "segments", [place(recording, 0) | {"status": "annotated"}], corpus)


def seen(site: Site, query: str) -> list[tuple[str, str]]:
    return [(hit["corpus"], hit["date"]) for hit in site.json(f"/api/search?{query}")["hits"]]


def test_the_newest_come_first_page_by_page(site: Site) -> None:
    expected = [("radio", day(back)) for back in range(DAYS)]
    assert seen(site, "corpus=radio&limit=30") == expected[:30]
    assert seen(site, "corpus=radio&limit=30&offset=30") == expected[30:60]
    assert seen(site, "limit=4") == [
        ("film", day(0)),
        ("radio", day(0)),
        ("film", day(1)),
        ("radio", day(1)),
    ]


def test_whether_there_are_more(site: Site) -> None:
    first = site.json("/api/search?corpus=film&limit=1")
    assert (len(first["hits"]), first["more"]) == (1, True)
    last = site.json("/api/search?corpus=film&limit=1&offset=1")
    assert (len(last["hits"]), last["more"]) == (1, False)


def test_days_are_chosen(site: Site) -> None:
    query = f"since={day(94)}&until={day(93)}"
    assert seen(site, query) == [("radio", day(93)), ("radio", day(94))]
    assert seen(site, f"until={day(94)}") == [("radio", day(94))]


def test_a_look_that_would_be_too_long_says_where_it_ended(site: Site) -> None:
    found = site.json("/api/search?unflagged=true")
    assert (found["hits"], found["more"], found["notices"]) == ([], False, [NOT_ALL])
    assert site.json(f"/api/search?unflagged=true&since={day(50)}")["notices"] == []


def test_of_a_recording_in_two_days_the_newest_is_shown(site: Site) -> None:
    assert site.json(f"/api/recording/{TWICE}")["recording"]["date"] == day(0)
    earlier = site.json(f"/api/recording/{TWICE}?date={day(1)}")
    assert earlier["recording"]["date"] == day(1)
    assert site.json(f"/api/recording/{TWICE}?corpus=film")["recording"]["date"] == day(0)


def test_skipped_time_and_failed_time_by_night(site: Site) -> None:
    page = site.json("/api/corpus/film")
    assert [night["date"] for night in page["nights"]] == [day(1), day(0)]
    assert page["nights"][1] == {
        "date": day(0),
        "recordings": 1,
        "duration_ms": 60_000,
        "annotated_ms": 34_700,
        "skipped_ms": 1_300,
        "failed_ms": 24_000,
    }


def test_all_corpora_are_named(site: Site) -> None:
    about = site.json("/api/about")
    named = [(c["name"], c["first_date"], c["last_date"], c["nights"]) for c in about["corpora"]]
    assert named == [("film", day(1), day(0), 2), ("radio", day(94), day(0), 95)]
    assert about["flags"] == ["low_confidence"]
    assert len(site.json("/api/corpus/radio")["recordings"]) == 95
