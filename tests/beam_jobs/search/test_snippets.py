"""What is shown of a hit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from beam_jobs.search.query_parser import Term, parse_words
from beam_jobs.search.snippets import Context, context_of, matches
from beam_jobs.search.text_normalisation import tokens_of

ORDER = ("transcript", "caption", "summary", "answers")
LONG = "Now the weather. " * 20 + "A storm reached the station. " + "And that was the news. " * 20


def shown(words: str, **texts: str) -> Context:
    full = dict.fromkeys(ORDER, "") | texts
    return context_of(full, parse_words(words).wanted_terms, ORDER)


def test_what_matches_is_marked_in_the_field_that_holds_most_of_it() -> None:
    found = shown("storm sea", transcript="A storm.", caption="A storm at sea, a Séa")
    assert found == Context("caption", "A storm at sea, a Séa", ((2, 7), (11, 14), (18, 21)))


def test_a_phrase_is_marked_as_one() -> None:
    assert shown('"at sea"', caption="At sea. At the sea.").marks == ((0, 6),)


def test_a_named_field_is_the_one_that_is_shown() -> None:
    found = shown("caption:storm", transcript="storm storm", caption="a storm")
    assert (found.field, found.marks) == ("caption", ((2, 7),))


def test_words_spelt_alike_are_marked() -> None:
    found = shown("lighthous~", caption="The lighthouse, and a light.")
    assert found.marks == ((4, 14),)


def test_without_a_match_the_first_text_is_shown() -> None:
    assert shown("bees", caption="A storm.", answers="yes") == Context("caption", "A storm.", ())


def test_of_a_long_text_the_place_of_the_match_is_shown_in_whole_words() -> None:
    found = shown("storm station", transcript=LONG)
    [storm, station] = found.marks
    assert found.text[slice(*storm)] == "storm"
    assert found.text[slice(*station)] == "station"
    assert found.text == (
        "…Now the weather. Now the weather. Now the weather. A storm reached the station."
        " And that was the news. And that was the news. And that was the news. And that was the"
        " news.…"
    )


@given(st.text(max_size=400), st.text(max_size=20))
def test_marks_lie_in_order_inside_the_text_that_is_shown(text: str, word: str) -> None:
    tokens = tokens_of(word)
    terms = [Term((token,), "may") for token in tokens]
    found = context_of(dict.fromkeys(ORDER, "") | {"caption": text}, terms, ORDER)
    ends = [0, *(place for mark in found.marks for place in mark)]
    assert ends == sorted(ends)
    assert ends[-1] <= len(found.text) <= 182
    for start, end in found.marks:
        assert tokens_of(found.text[start:end])[0] in tokens


def test_a_phrase_longer_than_the_text_is_not_there() -> None:
    assert matches("storm", Term(("storm", "at", "sea"), "must")) == []
