"""Rows for programs: what is written is read back by the standard readers, whatever the values."""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.output.json_values import exact_json
from beam_jobs.output.row_forms import csv_text, distinct, json_lines, json_text, markdown_text

TEXTS = st.text() | st.text(alphabet='",\r\n\x00\x1b\x9b\u202e a', max_size=6)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**127), 2**127)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(
    SCALARS, lambda kind: st.lists(kind, max_size=3) | st.dictionaries(TEXTS, kind, max_size=3)
)


@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=4), TEXTS)
def test_texts_survive_csv(rows: list[tuple[str, str | None]], name: str) -> None:
    written = "".join(csv_text([name, "b"], [rows]))
    read = list(csv.reader(io.StringIO(written, newline="")))
    assert read == [[name, "b"], *([one, other or ""] for one, other in rows)]


@given(VALUES)
def test_values_survive_json(value: Any) -> None:
    [row] = json.loads("".join(json_text(["a"], [[(value,)]])))
    assert row == {"a": value}
    assert json.loads("".join(json_lines(["a"], [[(value,)]]))) == row


@given(VALUES)
def test_json_is_one_line_that_moves_no_terminal(value: Any) -> None:
    line = exact_json(value)
    assert not set(line) & {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\u202e", "\u2028"}


@pytest.mark.parametrize(
    ("value", "in_csv", "in_json"),
    [
        (None, "", "null"),
        ("", '""', '""'),
        ("NULL", "NULL", '"NULL"'),
        ("a,b", '"a,b"', '"a,b"'),
        ('say "a"\nb', '"say ""a""\nb"', '"say \\"a\\"\\nb"'),
        ("\x1b[31m\u202e", "\x1b[31m\u202e", '"\\u001b[31m\\u202e"'),
        (True, "true", "true"),
        (2**63 + 1, "9223372036854775809", "9223372036854775809"),
        (0.1, "0.1", "0.1"),
        (math.nan, "NaN", '"NaN"'),
        (-math.inf, "-Infinity", '"-Infinity"'),
        (Decimal("1.50"), "1.50", "1.50"),
        (Decimal("12345678901234567.89"), "12345678901234567.89", "12345678901234567.89"),
        (datetime.date(2026, 11, 21), "2026-11-21", '"2026-11-21"'),
        (
            datetime.datetime(2026, 11, 21, 1, 2, 3, tzinfo=datetime.UTC),
            "2026-11-21T01:02:03+00:00",
            '"2026-11-21T01:02:03+00:00"',
        ),
        (b"\xff\x00", "ff00", '"ff00"'),
        (["a", None], '"[""a"", null]"', '["a", null]'),
        ({"a": Decimal("1.0")}, '"{""a"": 1.0}"', '{"a": 1.0}'),
    ],
)
def test_each_kind_of_value(value: object, in_csv: str, in_json: str) -> None:
    assert "".join(csv_text(["a"], [[(value,)]])) == f"a\n{in_csv}\n"
    assert exact_json(value) == in_json


def test_csv_on_a_terminal_moves_nothing() -> None:
    written = "".join(csv_text(["a"], [[("\x1b[31m\nb",)]], harmless=True))
    assert written == "a\n\\x1b[31m\\nb\n"


def test_markdown_holds_no_markup_of_values() -> None:
    written = "".join(markdown_text(["a_b", "n"], [[("<b>|[x](y)\nnext", None)], [("*", 1)]]))
    assert written == (
        "| a\\_b | n |\n| --- | --- |\n| \\<b\\>\\|\\[x\\](y)<br>next |  |\n| \\* | 1 |\n"
    )


def test_no_rows() -> None:
    assert "".join(csv_text(["a", "b"], [])) == "a,b\n"
    assert "".join(json_text(["a"], [])) == "[]\n"
    assert "".join(json_lines(["a"], [])) == ""


def test_columns_of_one_name_are_told_apart_in_json() -> None:
    assert distinct(["a", "a", "a_1", "a"]) == ["a", "a_2", "a_1", "a_3"]
    assert "".join(json_lines(["a", "a"], [[(1, 2)]])) == '{"a": 1, "a_1": 2}\n'
