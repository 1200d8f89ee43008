"""Rows on a terminal: they fit, nothing is cut off, and values are text alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from beam_jobs.output.common_folder import common_folder
from beam_jobs.output.terminal_rows import rows_text

HOSTILE = "[applause] [/b] [red]x[/red] \x1b]0;pwned\x07\x9b31m\u202e"


def test_a_table_that_fits() -> None:
    rows = [("one", 1, None), ("", 22, "[music]")]
    assert rows_text(["text", "n", "more"], rows, 80) == (
        "╭──────┬────┬─────────╮\n"
        "│ text │  n │ more    │\n"
        "├──────┼────┼─────────┤\n"
        "│ one  │  1 │ NULL    │\n"
        "│      │ 22 │ [music] │\n"
        "╰──────┴────┴─────────╯\n"
    )


def test_long_texts_are_broken_at_their_spaces() -> None:
    text = rows_text(["date", "text"], [("2026-11-21", "word " * 20 + "end")], 50)
    lines = text.splitlines()
    assert [len(line) for line in lines] == [50] * len(lines)
    assert text.count("word") == 20
    assert "2026-11-21" in lines[3]


def test_too_many_columns_stand_one_below_the_other() -> None:
    columns = [f"column_{n}" for n in range(22)]
    text = rows_text(columns, [tuple(f"value {n}" for n in range(22))], 80)
    lines = text.splitlines()
    assert lines[0] == "── row 1 ───────────────────────────────"
    assert lines[1] == "column_0   value 0"
    assert lines[22] == "column_21  value 21"
    assert len(lines) == 23


def test_an_address_is_never_broken() -> None:
    address = "gs://bucket/" + "folder/" * 20 + "name.mp3"
    assert f"a     {address}\n" in rows_text(["a", "text"], [(address, "x y " * 30)], 80)


def test_the_folder_that_addresses_share_is_said_once() -> None:
    rows = [("/media/radio/21/a.mp3", 1), ("/media/radio/22/b.mp3", 2)]
    text = rows_text(["object_uri", "n"], rows, 80)
    assert text.startswith("object_uri below /media/radio/\n")
    assert "│ 21/a.mp3   │ 1 │" in text


def test_common_folders() -> None:
    assert common_folder(["gs://b/a/x.mp3", "gs://b/ab/y.mp3"]) == "gs://b/"
    assert common_folder(["gs://b/x", "gs://c/x"]) == ""
    assert common_folder(["/a/x", "/b/x"]) == ""
    assert common_folder(["/a/b/x"]) == ""
    assert common_folder(["/a/b/x", "/a/b/x"]) == ""
    assert common_folder(["/a/b", "/a/b/x"]) == "/a/"
    assert common_folder([]) == ""


def test_hostile_values_and_names_are_text() -> None:
    shown = "[applause] [/b] [red]x[/red] \\x1b]0;pwned\\x07\\x9b31m\\u202e"
    assert f"│ {shown} │" in rows_text([HOSTILE], [(HOSTILE,)], 120)
    assert rows_text([HOSTILE, "b"], [(HOSTILE, 1)], 30).splitlines()[1].startswith(shown)


@given(
    st.lists(st.tuples(st.text(), st.none() | st.text(max_size=80)), min_size=1, max_size=3),
    st.integers(20, 200),
)
def test_whatever_the_values(rows: list[tuple[Any, ...]], width: int) -> None:
    text = rows_text(["a", "b"], rows, width)
    assert set(text) - {"\n"} == {
        sign for sign in text if sign.isprintable() or sign == "\xa0" or ord(sign) > 0x9F
    } - {"\n"}
    assert not set(text) & {"\x1b", "\x9b", "\r", "\u202e"}
    if text.startswith("╭"):
        assert all(cell_len(line) <= width for line in text.splitlines())
