"""Words as they are written, their normal forms, and how they are spoken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.alignment.spoken_form import spoken_form
from af3core.alignment.text_words import words_of_text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("“Hello,” he said — don’t!", ["“Hello,”:hello", "he:he", "said:said", "don’t!:don't"]),
        ("「これは」ABCです。", ["「こ:こ", "れ:れ", "は」:は", "ABC:abc", "で:で", "す。:す"]),
        ("谢谢 大家,", ["谢:谢", "谢:谢", "大:大", "家,:家"]),
        ("हिन्दी में", ["हिन्दी:हिन्दी", "में:में"]),
        ("กลับ", ["ก:ก", "ลั:ลั", "บ:บ"]),
        ("... — !", []),
        ("", []),
    ],
)
def test_words_of_many_scripts(text: str, words: list[str]) -> None:
    assert [f"{word.text}:{word.normal}" for word in words_of_text(text)] == words


@given(st.text(max_size=60))
def test_words_are_where_they_say_and_follow_each_other(text: str) -> None:
    at = 0
    for word in words_of_text(text):
        assert at <= word.start_char < word.end_char
        assert text[word.start_char : word.end_char] == word.text
        assert word.normal
        at = word.end_char


@pytest.mark.parametrize(
    ("normal", "spoken"),
    [
        ("1984", "nineteen eighty four"),
        ("1900", "nineteen hundred"),
        ("1905", "nineteen oh five"),
        ("2005", "two thousand five"),
        ("1980s", "nineteen eighties"),
        ("12,000", "twelve thousand"),
        ("3rd", "third"),
        ("21st", "twenty first"),
        ("3.14", "three point one four"),
        ("$5.20", "five point two zero dollars"),
        ("50%", "fifty percent"),
        ("007", "zero zero seven"),
        ("mp3", "mp three"),
        ("rock&roll", "rock and roll"),
        ("well-known", "well known"),
        ("don't", "don't"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_numerals_are_spoken_words(normal: str, spoken: str) -> None:
    assert " ".join(spoken_form(normal)) == spoken


@given(st.text(max_size=20))
def test_no_spoken_form_holds_digits_of_numerals(text: str) -> None:
    for word in words_of_text(text):
        assert not any(sign in "0123456789" for part in spoken_form(word.normal) for sign in part)
