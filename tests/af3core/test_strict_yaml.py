"""YAML into dataclasses: what fits is filled in, every mistake is one exact line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from af3core.errors import ConfigurationError
from af3core.strict_yaml import fill, parse_mapping, read_text

REMEDY = "a shelf file holds one shelf; see docs"
COMPLETE = "name: a\nplace: {city: b}\n"
"""All that must be there; a mistake below it stands in line 3."""


@dataclass(frozen=True)
class Place:
    """Where a shelf stands."""

    city: str
    floor: int = 0

    def __post_init__(self) -> None:
        if self.floor < 0:
            raise ConfigurationError("floor must be 0 or more")


@dataclass(frozen=True)
class Shelf:
    """One field of each type that can be read."""

    name: str
    place: Place
    kind: Literal["tape", "disc"] = "tape"
    labels: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    note: str | None = None
    annex: Place | None = None
    price: float = 1.0
    is_open: bool = False


def read(text: str) -> Shelf:
    return fill(Shelf, parse_mapping(text, "s.yaml", REMEDY))


def test_what_is_left_out_takes_its_default() -> None:
    assert read(COMPLETE) == Shelf(name="a", place=Place(city="b"))


def test_every_type_is_filled_in() -> None:
    text = """\
name: "7"
place:
  city: Kassel
  floor: 2
kind: disc
labels: [red, "no"]
counts: {left: 3, right: 4}
note: damp
annex: {city: Fulda}
price: 2
is_open: yes
"""
    shelf = read(text)
    assert shelf == Shelf(
        name="7",
        place=Place("Kassel", 2),
        kind="disc",
        labels=("red", "no"),
        counts={"left": 3, "right": 4},
        note="damp",
        annex=Place("Fulda"),
        price=2.0,
        is_open=True,
    )
    assert type(shelf.price) is float


@pytest.mark.parametrize("nothing", ["", " ~", " null"])
def test_an_optional_value_may_be_nothing(nothing: str) -> None:
    shelf = read(COMPLETE + f"note:{nothing}\nannex:{nothing}\n")
    assert shelf.note is None
    assert shelf.annex is None


def test_a_field_that_is_given_is_no_key() -> None:
    named = fill(Shelf, parse_mapping("place: {city: b}", "s.yaml", REMEDY), {"name": "given"})
    assert named == Shelf("given", Place("b"))
    with pytest.raises(ConfigurationError) as caught:
        fill(Shelf, parse_mapping(COMPLETE, "s.yaml", REMEDY), {"name": "given"})
    assert str(caught.value) == (
        "s.yaml:1: unknown key 'name'; known are place, kind, labels, counts, note, annex, price,"
        " is_open"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: a shelf file holds one shelf; see docs"),
        ("# nothing yet\n", "s.yaml: a shelf file holds one shelf; see docs"),
        ("{}", "s.yaml: a shelf file holds one shelf; see docs"),
        ("shelf", "s.yaml: a shelf file holds one shelf; see docs"),
        ("- name: a\n", "s.yaml: a shelf file holds one shelf; see docs"),
        ("name: [", "s.yaml:1: expected the node content, but found '<stream end>'"),
        ("name: a\nplace: *b\n", "s.yaml:2: found undefined alias 'b'"),
        (f"{COMPLETE}---\nname: c\n", "s.yaml:3: but found another document"),
        (f"{COMPLETE}\x01", "s.yaml: no YAML"),
        ("place: {city: b}\n", "s.yaml:1: key 'name' is missing"),
        ("# a shelf\nname: a\n", "s.yaml:2: key 'place' is missing"),
        ("name: a\nplace: {}\n", "s.yaml:2: place: key 'city' is missing"),
        ("name: a\nplace:\n  floor: 1\n", "s.yaml:2: place: key 'city' is missing"),
        ("name: a\nplace: b\n", "s.yaml:2: place needs keys below it"),
        ("name: a\nplace:\n", "s.yaml:2: place needs keys below it"),
        (
            "name: a\nplace:\n  city: b\n  door: 2\n",
            "s.yaml:4: place: unknown key 'door'; known are city, floor",
        ),
        (
            "name: a\nplace:\n  city: b\n  city: c\n",
            "s.yaml:4: place: key 'city' stands twice",
        ),
        (
            "name: a\nplace: {city: b, floor: 1.5}\n",
            "s.yaml:2: place: floor must be a whole number",
        ),
        ("name: a\nplace: {city: b, floor: -1}\n", "s.yaml:2: place: floor must be 0 or more"),
        (
            f"{COMPLETE}annex:\n  floor: 1\n  city: 1\n",
            "s.yaml:5: annex: city must be a text; quote yes, no, dates and numbers",
        ),
        (
            f"{COMPLETE}zip: 1\n",
            "s.yaml:3: unknown key 'zip'; known are name, place, kind, labels, counts, note,"
            " annex, price, is_open",
        ),
        (f"{COMPLETE}name: b\n", "s.yaml:3: key 'name' stands twice"),
        (f"{COMPLETE}kind: book\n", "s.yaml:3: kind must be one of tape, disc, not 'book'"),
        (f"{COMPLETE}kind: [tape]\n", "s.yaml:3: kind must be one of tape, disc, not ['tape']"),
        (f"{COMPLETE}labels: red\n", "s.yaml:3: labels must be a list of texts; quote yes, no, 1"),
        (
            f"{COMPLETE}labels:\n- red\n- no\n",
            "s.yaml:4: labels must be a list of texts; quote yes, no, 1",
        ),
        (
            f"{COMPLETE}counts: {{left: 1, right: true}}\n",
            "s.yaml:3: counts must map names to values; each is a whole number",
        ),
        (
            f"{COMPLETE}counts: [1]\n",
            "s.yaml:3: counts must map names to values; each is a whole number",
        ),
        (
            f"{COMPLETE}note: 2026-11-21\n",
            "s.yaml:3: note must be a text; quote yes, no, dates and numbers",
        ),
        (f"{COMPLETE}price: cheap\n", "s.yaml:3: price must be a number"),
        (f"{COMPLETE}price: yes\n", "s.yaml:3: price must be a number"),
        (f"{COMPLETE}is_open: 1\n", "s.yaml:3: is_open must be true or false"),
        (f"{COMPLETE}note: 2026-13-45\n", "s.yaml:3: note holds no plain value; quote it"),
        (f"{COMPLETE}note: !foo x\n", "s.yaml:3: note holds no plain value; quote it"),
        (f"{COMPLETE}note: !!int x\n", "s.yaml:3: note holds no plain value; quote it"),
        (f"{COMPLETE}? [a]\n: b\n", "s.yaml:3: a key must be a text"),
        (f"{COMPLETE}counts: {{[a]: 1}}\n", "s.yaml:3: counts: a key must be a text"),
        (f"{COMPLETE}counts: {{a: 1, a: 2}}\n", "s.yaml:3: counts: key 'a' stands twice"),
        (f"{COMPLETE}price: {'9' * 400}\n", "s.yaml:3: price is too large a number"),
        (
            "name: a\nplace: {city: b, floor: true}\n",
            "s.yaml:2: place: floor must be a whole number",
        ),
    ],
)
def test_a_mistake_is_one_line_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert str(caught.value) == message


def test_a_file_that_cannot_be_read_is_named_with_its_kind(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("name: Fürth".encode("latin-1"))
    for name in ("gone.yaml", "latin.yaml"):
        with pytest.raises(ConfigurationError) as caught:
            read_text(tmp_path / name, "a shelf file")
        assert str(caught.value).startswith(f"{tmp_path / name}: cannot be read as a shelf file (")


@dataclass(frozen=True)
class Room:
    """Places by name."""

    places: dict[str, Place]


def test_dataclasses_by_name() -> None:
    text = "places:\n  left: {city: Kassel}\n  right: {city: Fulda, floor: 2}\n"
    room = fill(Room, parse_mapping(text, "r.yaml", REMEDY))
    assert room == Room({"left": Place("Kassel"), "right": Place("Fulda", 2)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("places: [a]", "r.yaml:1: places must map names to keys"),
        ("places:\n  left:\n", "r.yaml:2: places: left needs keys below it"),
        ("places:\n  left: {}\n", "r.yaml:2: places: left: key 'city' is missing"),
        ("places:\n  left: {city: 1}\n", "r.yaml:2: places: left: city must be a text; quote"),
        ("places:\n  a: {city: b}\n  a: {city: b}\n", "r.yaml:3: places: key 'a' stands twice"),
    ],
)
def test_a_mistake_below_a_name_is_named_with_it(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        fill(Room, parse_mapping(text, "r.yaml", REMEDY))
    assert str(caught.value).startswith(message)
