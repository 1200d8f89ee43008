"""The day of a recording, and the rule that found it."""

from __future__ import annotations

import datetime

import pytest

from beam_jobs.night.recording_date import Dating, Day, day_of
from schemas.options.archive import Dating as DatingOptions
from schemas.options.option import OptionError

MODIFIED = datetime.datetime(2026, 11, 30, 23, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("2026/11/21/news.mp3", "2026-11-21"),
        ("20261121_news.mp3", "2026-11-21"),
        ("2026-11-21T233000.mp3", "2026-11-21"),
        ("20261121233000.mp3", "2026-11-21"),
        ("202611212330.mp3", "2026-11-21"),
        ("20261121233000123.mp3", "2026-11-21"),
        ("take_20261121233000_b.wav", "2026-11-21"),
        ("2026-11-21_rerun_of_1999-12-31.wav", "2026-11-21"),
        ("2026/11/21/rerun_of_1999-12-31.wav", "1999-12-31"),
        ("1999-12-31/2026-11-21/tape.wav", "2026-11-21"),
        ("2026/11/21_news_of_1999-12-31.wav", "2026-11-21"),
        ("2026-13-21_2026-11-22.wav", "2026-11-22"),
    ],
)
def test_a_date_in_the_path(name: str, date: str) -> None:
    found = day_of(name, MODIFIED, Dating())
    assert found is not None
    assert (found.date, found.rule) == (date, "path")


@pytest.mark.parametrize(
    "name", ["21.11.2026.mp3", "20261121993000.mp3", "120261121.mp3", "2026112123300.mp3", "a.mp3"]
)
def test_what_is_no_date_leaves_the_last_change(name: str) -> None:
    assert day_of(name, MODIFIED, Dating()) == Day("2026-11-30", "mtime")
    assert day_of(name, MODIFIED, Dating("path")) is None
    assert day_of(name, None, Dating()) is None


def test_the_dates_that_do_not_count_are_named() -> None:
    name = "1998/01/02/2026-11-21_rerun_of_1999-12-31.wav"
    assert day_of(name, MODIFIED, Dating()) == Day(
        "2026-11-21", "path", ("1998-01-02", "1999-12-31")
    )


@pytest.mark.parametrize(
    ("timezone", "date"),
    [("UTC", "2026-11-30"), ("Europe/Berlin", "2026-12-01"), ("America/New_York", "2026-11-30")],
)
def test_a_change_has_its_day_in_the_time_zone(timezone: str, date: str) -> None:
    assert day_of("a.mp3", MODIFIED, Dating("mtime", "", timezone)) == Day(date, "mtime")


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("%d.%m.%Y", "21.11.2026.mp3", ("2026-11-21", "pattern")),
        ("%d.%m.%Y", "x/1.2.2026 news.mp3", ("2026-02-01", "pattern")),
        ("%d%m%Y", "21112026.mp3", ("2026-11-21", "pattern")),
        ("%d%m%y", "take_211126.wav", ("2026-11-21", "pattern")),
        ("%Y/%d.%m", "2026/21.11/news.mp3", ("2026-11-21", "pattern")),
        ("%d %b %Y", "21 Nov 2026.mp3", ("2026-11-21", "pattern")),
        ("%Y-%j", "2026-325.mp3", ("2026-11-21", "pattern")),
        ("%d.%m.%Y", "2026-11-21.mp3", ("2026-11-21", "path")),
        ("%d.%m.%Y", "31.02.2026.mp3", ("2026-11-30", "mtime")),
        ("%d.%m.%Y", "121.11.2026.mp3", ("2026-11-30", "mtime")),
    ],
)
def test_a_pattern_comes_before_the_dates_that_are_known(
    pattern: str, name: str, expected: tuple[str, str]
) -> None:
    found = day_of(name, MODIFIED, Dating("auto", pattern))
    assert found is not None
    assert (found.date, found.rule) == expected


@pytest.mark.parametrize("rule", ["bwf", "xmp", "created"])
def test_a_stamp_comes_before_the_path(rule: str) -> None:
    dating = Dating(rule)  # type: ignore[arg-type]
    name = "2026-11-21.wav"
    assert day_of(name, MODIFIED, dating, lambda: "2026-11-19") == Day("2026-11-19", rule)
    assert day_of(name, MODIFIED, dating, lambda: None) == Day("2026-11-21", "path")
    assert day_of(name, MODIFIED, Dating("path"), lambda: "2026-11-19") == Day("2026-11-21", "path")


@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        ("%d.%m", "names no whole day; write one such as %d.%m.%Y"),
        ("%Y", "names no whole day; write one such as %d.%m.%Y"),
        ("%d.%m.%Y %d", "names a part of the date twice; name each once"),
        ("%Q %d.%m.%Y", "%Q is none that can be looked for; take of"),
        ("%d.%m.%Y %", "% is none that can be looked for; take of"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, wrong: str) -> None:
    with pytest.raises(OptionError) as caught:
        DatingOptions(date_pattern=pattern)
    assert str(caught.value).startswith(f"--date-pattern {pattern}: {wrong}")


def test_an_unknown_time_zone_is_refused() -> None:
    for name in ("Mars/Phobos", "../etc/passwd", "Europe"):
        with pytest.raises(OptionError, match=": unknown; write a name such as Europe/Berlin"):
            DatingOptions(timezone=name)
