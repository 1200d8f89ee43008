"""Signs, letters, words and scripts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icu4py.breakers import WordBreaker

from af3core.tasks.text_segmentation import signs_of, word_count


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("", " "),
        ("...", " "),
        ("Ha, ha!", " ha ha "),
        ("co-op: it's", " co op it s "),
        ("Größe – über", " größe über "),
        ("谢谢，大家。", " 谢谢 大家 "),
        ("до\nсвидания", " до свидания "),
    ],
)
def test_signs_are_letters_with_one_space_between_words(text: str, signs: str) -> None:
    assert signs_of(text).coded == signs


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("in 1999 – 12.5", " in # # # "),
        ("नमस्ते।", " नम# "),
        ("ใจ", " ใจ "),
        ("cafe\u0301", " caf# "),
        ("٣٤ كتابا", " # كتابا "),
    ],
)
def test_numbers_and_clusters_are_a_sign_each(text: str, signs: str) -> None:
    coded = "".join("#" if ord(sign) >= 0xF0000 else sign for sign in signs_of(text).coded)
    assert coded == signs


def test_only_equal_numbers_are_equal_signs() -> None:
    coded = signs_of("1 22 1 22 3").coded
    assert coded[1:4] == coded[5:8]
    assert len(set(coded)) == 4


@pytest.mark.parametrize(
    ("text", "words", "letters", "script"),
    [
        ("", 0, 0, ""),
        ("...", 0, 0, ""),
        ("it's 3.14 o'clock", 3, 12, "Latin"),
        ("Größe", 1, 5, "Latin"),
        ("谢谢大家", 2, 4, "Han"),
        ("今日はとても良い天気ですね", 7, 13, "Japanese"),
        ("カラオケ", 1, 4, "Japanese"),
        ("我爱カラオケ和音乐和电影和书和猫和狗和你们", 15, 21, "Han"),
        ("漢字とかな", 3, 5, "Japanese"),
        ("ดีใจที่ได้พบคุณ", 5, 10, "Thai"),
        ("नमस्ते दुनिया", 2, 6, "Devanagari"),
        ("안녕하세요 여러분", 2, 8, "Hangul"),
        ("до свидания", 2, 10, "Cyrillic"),
        ("1999 2000", 2, 8, ""),
    ],
)
def test_words_letters_and_script(text: str, words: int, letters: int, script: str) -> None:
    signs = signs_of(text)
    assert (word_count(text), signs.letters, signs.script) == (words, letters, script)


@given(st.text(alphabet="ab1.',:;_- \n"))
def test_words_of_ascii_are_those_of_icu(text: str) -> None:
    by_icu = sum(any(map(str.isalnum, part)) for part in WordBreaker(text, "und"))
    assert word_count(text) == by_icu


@given(st.text())
def test_any_text_can_be_counted(text: str) -> None:
    signs = signs_of(text)
    assert signs.coded[0] == " " == signs.coded[-1]
    assert "  " not in signs.coded
    assert 0 <= word_count(text) <= len(text)
    assert 0 <= signs.letters <= len(text.lower())
