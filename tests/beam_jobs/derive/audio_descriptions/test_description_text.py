"""What is said of a recording, word for word; nothing in it is markup."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.derive.audio_descriptions.description_text import (
    DescribedChapter,
    description_text,
    plain_text,
)

URI = "gs://archive/2026-11-21/harbour_news-late.wav"
DAY = "2026-11-21"


def test_name_day_length_summary_and_chapters_are_told() -> None:
    chapters = [
        DescribedChapter(0, "The harbour", "Ships come in."),
        DescribedChapter(130_400, "weather", "rain is expected"),
        DescribedChapter(3_720_000, "", "Music plays."),
    ]
    assert description_text(URI, DAY, 3_730_600, "News of the harbour, and music", chapters) == (
        "This is harbour news late, a recording of the twenty-first of November, twenty twenty-six,"
        " one hour, two minutes and eleven seconds long."
        " News of the harbour, and music."
        " It has three chapters."
        " From the start: The harbour. Ships come in."
        " From two minutes ten: Weather. Rain is expected."
        " From one hour two minutes: Music plays."
    )


def test_what_was_said_is_not_said_again() -> None:
    chapters = [DescribedChapter(0, "A bell", "A bell rings: “once …”")]
    assert description_text("a.wav", DAY, 60_000, "a bell rings twice: “twice …”", chapters) == (
        "This is a, a recording of the twenty-first of November, twenty twenty-six,"
        " one minute long. A bell rings twice: “twice …” It has one chapter."
        " From the start: A bell."
    )
    same = [DescribedChapter(0, "Rain", "rain."), DescribedChapter(10_000, "Wind", "It is windy.")]
    assert description_text("a.wav", DAY, 60_000, "Rain.", same).endswith(
        " It has two chapters. From the start: Rain. From ten seconds: Wind. It is windy."
    )


def test_what_is_not_known_is_said() -> None:
    assert description_text("___.wav", DAY, 300, " ", [DescribedChapter(0, "", "")]) == (
        "This is a recording of the twenty-first of November, twenty twenty-six,"
        " less than a second long. What is heard in it is not known. It has one chapter."
        " From the start: No more is known."
    )


def test_markup_is_read_out_as_words() -> None:
    hostile = 'Stop <break time="900s"/> [[h@l@U]] \x01+10S **loud** <|audio|> a\u202eb & {{c}}'
    assert plain_text(hostile) == 'Stop break time="900s"/ h@l@U +10S loud audio ab and c'
    said = description_text(
        "a<prosody rate='x-slow'>.wav", DAY, 1000, hostile, [DescribedChapter(0, "#1", "`x`")]
    )
    assert said == (
        "This is a prosody rate='x slow', a recording of the twenty-first of November,"
        " twenty twenty-six, one second long."
        ' Stop break time="900s"/ h@l@U +10S loud audio ab and c.'
        " It has one chapter. From the start: 1."
    )


@given(st.text(), st.text(), st.text())
def test_no_sign_of_markup_is_ever_left(name: str, summary: str, title: str) -> None:
    said = description_text(name, DAY, 1000, summary, [DescribedChapter(0, title, summary)])
    assert re.search(r"[<>\[\]{}|\\^~*_`#&\x00-\x1f\x7f]", said) is None
    assert said.startswith("This is ")
    assert said.split() == said.split(" ")
