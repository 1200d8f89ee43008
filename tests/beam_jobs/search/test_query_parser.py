"""What people type, as terms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.search.query_parser import Term, parse_words
from beam_jobs.search.search_request import SearchError
from beam_jobs.search.text_normalisation import fold, tokens_of

REMEDY = (
    '; write words, "a phrase", +must, -mustnot, similar~, or one of transcript:word,'
    " caption:word, answers:word, summary:word"
)


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ("storm", [Term(("storm",), "may")]),
        ("Zürich STRASSE", [Term(("zurich",), "may"), Term(("strasse",), "may")]),
        ("straße", [Term(("strasse",), "may")]),
        ('"storm at the station"', [Term(("storm", "at", "the", "station"), "must")]),
        ("+storm -rain", [Term(("storm",), "must"), Term(("rain",), "must not")]),
        ('-"at sea" wind', [Term(("at", "sea"), "must not"), Term(("wind",), "may")]),
        ("caption:siren", [Term(("siren",), "must", "caption")]),
        (
            '-summary:"old mill" bees',
            [Term(("old", "mill"), "must not", "summary"), Term(("bees",), "may")],
        ),
        ("lighthous~", [Term(("lighthous",), "may", similar=True)]),
        ("storm-time", [Term(("storm", "time"), "may")]),
        ("10:30", [Term(("10", "30"), "may")]),
        ("news , … storm", [Term(("news",), "may"), Term(("storm",), "may")]),
        ("ニュース", [Term(("ニュース",), "may")]),
    ],
)
def test_what_is_typed_becomes_terms(words: str, terms: list[Term]) -> None:
    assert list(parse_words(words).terms) == terms


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ('"storm', "a quote is not closed"),
        ("", "nothing is asked for"),
        ("…", "nothing is asked for"),
        ("-rain", "nothing is asked for"),
        ("speaker:ann", "speaker: is no field"),
    ],
)
def test_what_is_no_query_is_one_line_with_the_remedy(words: str, what: str) -> None:
    with pytest.raises(SearchError) as caught:
        parse_words(words)
    assert str(caught.value) == f"search {words!r}: {what}{REMEDY}"


@pytest.mark.parametrize(
    ("words", "strict", "text"),
    [
        ("storm at sea", False, "storm at sea"),
        ('storm "at sea"', True, "storm at sea"),
        ("storm -rain", True, "storm"),
    ],
)
def test_signs_and_phrases_decide_what_is_found(words: str, strict: bool, text: str) -> None:
    query = parse_words(words)
    assert (query.strict, query.text) == (strict, text)


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_one_clear_line(words: str) -> None:
    said, terms = "", ()
    try:
        terms = parse_words(words).terms
    except SearchError as error:
        said = str(error)
    assert bool(terms) != said.endswith(REMEDY)
    assert all(term.tokens and all(term.tokens) for term in terms)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = [fold(token) for token in tokens_of(text)]
    assert once == tokens_of(text)
