"""Words that carry meaning, and the stretch of a text to quote."""

from __future__ import annotations

import pytest

from af3core.longform.word_forms import first_words, quote, sentences_of, stem, stems_of, words_of


def test_words_have_no_capitals_and_marks() -> None:
    assert words_of("It’s LATE, isn't it? 7 (naïve)") == [
        "it's",
        "late",
        "isn't",
        "it",
        "7",
        "naïve",
    ]
    assert words_of("東京の雨") == ["東", "京", "の", "雨"]


@pytest.mark.parametrize(
    "words",
    [
        ("flood", "floods", "flooded", "flooding"),
        ("story", "stories"),
        ("stop", "stopped", "stopping"),
        ("repair", "repaired", "repairs"),
        ("king", "king's", "kings"),
    ],
)
def test_forms_of_a_word_have_one_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1


def test_different_words_keep_their_stems() -> None:
    assert len({stem(w) for w in ("king", "kin", "class", "claim", "sea", "see", "seven")}) == 7


def test_what_a_question_is_about() -> None:
    assert stems_of("Who repaired the golden lighthouse?") == ["repair", "golden", "lighthous"]
    assert stems_of("What is it about?") == []


def test_sentences_and_a_text_without_marks() -> None:
    assert sentences_of("A dog. Then rain! Why?") == ["A dog.", "Then rain!", "Why?"]
    assert sentences_of("no marks at all") == ["no marks at all"]
    assert first_words("one two three", 2) == "one two …"


def test_the_quote_is_where_the_words_are() -> None:
    text = " ".join(f"w{n}" for n in range(40)) + " laura repaired the golden lighthouse w41 w42"
    assert quote(text, {"repair", "lighthous"}, 8) == (
        "… w38 w39 laura repaired the golden lighthouse w41 …"
    )
    assert quote("short enough", {"short"}) == "short enough"
