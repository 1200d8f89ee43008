"""Subtitle files as parsers that are not ours read them."""

from __future__ import annotations

import io
import json
from xml.etree import ElementTree

import pysubs2
import pytest
import ttconv.srt.writer as srt_writer
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from ttconv.imsc import reader
from ttconv.model import ContentDocument, P

from af3core.subtitles.cue import Cue, SpokenWord
from af3core.subtitles.subtitle_files import clock_text, subtitle_text

CUES = [
    Cue(500, 1_500, ("Tom & Jerry <i>say</i> --> this",)),
    Cue(3_661_004, 3_663_000, ("谢谢大家", "{\\an8} two\nlines"), is_doubtful=True),
]
TURNS = [Cue(0, 1_000, ("one",), speaker="Ann"), Cue(2_000, 3_000, ("two", "three"), speaker="Bo")]


def test_webvtt_holds_what_is_said_and_escapes_its_signs() -> None:
    text = subtitle_text(CUES, "vtt")
    first, second = webvtt.from_buffer(io.StringIO(text))
    assert (first.start, first.end) == ("00:00:00.500", "00:00:01.500")
    assert (second.start, second.end) == ("01:01:01.004", "01:01:03.000")
    assert first.raw_text == "Tom &amp; Jerry &lt;i&gt;say&lt;/i&gt; --&gt; this"
    assert second.lines == ["谢谢大家", "{\\an8} two lines"]


def test_webvtt_names_who_speaks() -> None:
    one, two = webvtt.from_buffer(io.StringIO(subtitle_text(TURNS, "vtt")))
    assert (one.voice, two.voice) == ("Ann", "Bo")
    assert one.raw_text == "<v Ann>one</v>"


def test_subrip_is_read_as_it_was_meant() -> None:
    found = pysubs2.SSAFile.from_string(subtitle_text(CUES, "srt"), format_="srt")
    assert [(line.start, line.end) for line in found] == [(500, 1_500), (3_661_004, 3_663_000)]
    assert [line.plaintext for line in found] == [
        "Tom & Jerry ‹i›say‹/i› --› this",
        "谢谢大家\n(\\an8) two lines",
    ]
    turns = pysubs2.SSAFile.from_string(subtitle_text(TURNS, "srt"), format_="srt")
    assert [line.plaintext for line in turns] == ["one", "- two\nthree"]


def paragraphs(document: ContentDocument) -> list[P]:
    body = document.get_body()
    assert body is not None
    return [node for node in body.dfs_iterator() if isinstance(node, P)]


def test_ebu_tt_d_is_a_document_with_its_times_and_lines() -> None:
    text = subtitle_text(CUES, "ttml", "en")
    document = reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text)))
    first, second = paragraphs(document)
    assert (first.get_begin(), first.get_end()) == (0.5, 1.5)
    assert float(second.get_begin() or 0) == 3661.004
    assert document.get_lang() == "en"
    written = ["".join(getattr(n, "get_text", str)() for n in p.dfs_iterator()
                       if n.__class__.__name__ == "Text") for p in (first, second)]  # fmt: skip
    assert written == ["Tom & Jerry <i>say</i> --> this", "谢谢大家{\\an8} two lines"]
    assert "urn:ebu:tt:distribution:2018-04" in text


def test_another_program_makes_the_same_subrip_of_ebu_tt_d(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cues = [Cue(500, 1_500, ("Tom & Jerry",)), Cue(3_661_004, 3_663_000, ("谢谢大家", "two lines"))]
    text = subtitle_text(cues, "ttml", "en")
    document = reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text)))
    written = pysubs2.SSAFile.from_string(srt_writer.from_model(document), format_="srt")
    assert [(line.start, line.end, line.plaintext) for line in written] == [
        (500, 1_500, "Tom & Jerry"),
        (3_661_004, 3_663_000, "谢谢大家\ntwo lines"),
    ]
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == []


def test_text_and_json_hold_the_lines() -> None:
    assert subtitle_text(TURNS, "txt") == "one\n- two three\n"
    words = (SpokenWord("good", 500, 800), SpokenWord("day", 800, 1_000, is_doubtful=True))
    assert json.loads(subtitle_text([Cue(500, 1_500, ("good day",), words=words)], "json")) == [
        {
            "start_ms": 500,
            "end_ms": 1500,
            "lines": ["good day"],
            "is_doubtful": False,
            "is_estimated": False,
            "speaker": "",
            "words": [
                {
                    "text": "good",
                    "start_ms": 500,
                    "end_ms": 800,
                    "is_doubtful": False,
                    "is_estimated": False,
                },
                {
                    "text": "day",
                    "start_ms": 800,
                    "end_ms": 1000,
                    "is_doubtful": True,
                    "is_estimated": False,
                },
            ],
        }
    ]


def test_a_file_whose_times_are_estimated_says_so_where_its_form_can() -> None:
    word = SpokenWord("good", 500, 800, is_estimated=True)
    estimated = Cue(500, 1_500, ("good",), words=(word,))
    text = subtitle_text([estimated], "vtt")
    assert text.splitlines()[2] == (
        "NOTE Times are estimated: the words were not looked for in the sound."
    )
    assert [cue.text for cue in webvtt.from_buffer(io.StringIO(text))] == ["good"]
    assert json.loads(subtitle_text([estimated], "json"))[0]["is_estimated"]
    assert "NOTE" not in subtitle_text([estimated, CUES[0]], "vtt")


NASTY = st.text(
    st.sampled_from("ab<>&-\\{}\x00\x1b\n\r\u2028谢คéß'\"") | st.characters(codec="utf-8"),
    min_size=1,
    max_size=12,
)


@given(st.lists(st.tuples(NASTY, NASTY, st.sampled_from(["", "Ann", "B<o>"])), max_size=8))
@settings(max_examples=80, deadline=None)
def test_any_text_is_as_many_subtitles_at_their_times_in_every_form(
    drawn: list[tuple[str, str, str]],
) -> None:
    cues = [
        Cue(3_000 * at, 3_000 * at + 2_000, (f"x{one}x", f"y{other}y"), speaker=speaker)
        for at, (one, other, speaker) in enumerate(drawn)
    ]
    times = [(cue.start_ms, cue.end_ms) for cue in cues]
    vtt = list(webvtt.from_buffer(io.StringIO(subtitle_text(cues, "vtt"))))
    assert [(v.start_in_seconds, v.end_in_seconds) for v in vtt] == [
        (start // 1000, end // 1000) for start, end in times
    ]
    assert all("x" in v.text and "y" in v.text for v in vtt)
    srt = pysubs2.SSAFile.from_string(subtitle_text(cues, "srt"), format_="srt")
    assert [(line.start, line.end) for line in srt] == times
    assert all(line.plaintext.count("\n") == 1 for line in srt)
    ttml = subtitle_text(cues, "ttml")
    document = reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(ttml)))
    assert [
        (int(1000 * (p.get_begin() or 0)), int(1000 * (p.get_end() or 0)))
        for p in paragraphs(document)
    ] == times
    assert [
        (each["start_ms"], each["end_ms"]) for each in json.loads(subtitle_text(cues, "json"))
    ] == times
    assert len(subtitle_text(cues, "txt").splitlines()) == len(cues)


@pytest.mark.parametrize("form", ["vtt", "srt", "ttml"])
def test_signs_that_no_file_holds_are_spaces(form: str) -> None:
    text = subtitle_text([Cue(0, 1_000, ("a\x00b\x1bc\ud800d",))], form)  # type: ignore[arg-type]
    assert "a b c d" in text
    text.encode()


def test_a_recording_without_words_is_a_file_without_subtitles() -> None:
    assert subtitle_text([], "vtt") == "WEBVTT\n"
    assert subtitle_text([], "srt") == ""
    text = subtitle_text([], "ttml")
    document = reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(text)))
    assert paragraphs(document) == []


def test_clocks() -> None:
    assert clock_text(0, ".") == "00:00:00.000"
    assert clock_text(360_000_001, ",") == "100:00:00,001"
