"""Text is cut where a speaker may pause, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.speech.text_chunks import TextChunker, chunk_text

LONG = (
    "The recording begins with rain on a roof, then a man speaks about the harvest of last year,"
    " and after a while a dog barks in the distance; nobody answers."
)

PIECES: dict[str, tuple[str, ...]] = {
    "sentences": ("A dog barks.", " Rain falls!", " Who speaks?", " Nobody."),
    "decimal numbers": ("It costs 3.5 dollars.", " No more."),
    "thousands": ("There are 1,000,000 of them.", " All sing."),
    "times": ("At 10:30 it begins.", " At 11:45 p.m. it ends."),
    "titles": ("Dr. Smith met Mrs. Jones and Prof. Lee.", " They spoke."),
    "latin": ("Birds, e.g. Robins, i.e. Small ones, sing.", " Listen."),
    "countries": ("The U.S. Army band plays.", " It is loud."),
    "initials": ("J. S. Bach wrote it.", " He was 65."),
    "ellipses": ("Well... I do not know… Perhaps.", " Yes."),
    "numbered things": ("Play no. 5 by Op. 27 again.", " No.", " Stop."),
    "numbered lists": ("1. Rain falls.", "\n2. A dog barks."),
    "unknown abbreviations": ("It lasts about five min. and stops.",),
    "years end sentences": ("That was in 1999.", " Then it rained."),
    "quotations": ('He says "Stop!" and goes.', ' She says "No."', " It ends."),
    "brackets": ("It rains (a lot.)", " It stops."),
    "emphasis": ("**It rains.**", " It stops."),
    "many marks": ("What?!", " Really!!!", " Yes."),
    "lines": ("A title", "\n\nA sentence", "\n- and an item"),
    "versions and addresses": ("See example.org or v2.0.1 now.", " Done."),
    "times of day": ("At 5 p.m. it rains.", " Later not."),
    "signs alone": ("... ! Rain falls.", " !"),
    "Chinese": ("下雨了。", "狗在叫！", "谁在说话？"),
    "short clauses stay": ("Rain, wind, and thunder; then: silence.",),
    "long sentences": (
        "The recording begins with rain on a roof,",
        " then a man speaks about the harvest of last year, and after a while a dog barks in the"
        " distance;",
        " nobody answers.",
    ),
    "no marks at all": (
        " ".join(["word"] * 20) + " x",
        " " + " ".join(["word"] * 40),
        " " + " ".join(["word"] * 3),
    ),
}
TEXTS = {name: "".join(pieces) for name, pieces in PIECES.items()}


@pytest.mark.parametrize("name", PIECES)
def test_pieces(name: str) -> None:
    assert tuple(chunk_text([TEXTS[name]])) == PIECES[name]
    assert tuple(chunk_text(TEXTS[name])) == PIECES[name]


def test_the_table_has_the_long_sentence() -> None:
    assert TEXTS["long sentences"] == LONG


def test_a_piece_is_out_with_the_next_words_first_letter() -> None:
    cutter = TextChunker()
    assert cutter.add("A dog barks") == []
    assert cutter.add(".") == []
    assert cutter.add(" R") == ["A dog barks."]
    assert cutter.add("ain falls.") == []
    assert cutter.flush() == [" Rain falls."]
    assert cutter.flush() == []


MARKS = st.sampled_from([*"aB3 .,!?;:…\n\"')*-。", "Dr. ", "e.g. ", "U.S. ", "3.5", " long word"])
TEXT = st.lists(MARKS | st.characters(), max_size=80).map("".join)


@given(TEXT, st.data())
def test_pieces_are_the_text_however_it_streams(text: str, data: st.DataObject) -> None:
    whole = list(chunk_text([text]))
    assert "".join(whole) == text
    assert all(whole)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20).map(sorted))
    ends = [*cuts, len(text)]
    deltas = [text[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    assert list(chunk_text(deltas)) == whole


@given(TEXT)
def test_every_piece_but_the_last_has_something_to_say(text: str) -> None:
    for piece in list(chunk_text([text]))[:-1]:
        assert any(sign.isalnum() for sign in piece)
