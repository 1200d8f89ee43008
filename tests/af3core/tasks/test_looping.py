"""Texts that repeat themselves, and texts of language, in many scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from af3core.tasks.looping import is_looping, repeated_share
from af3core.tasks.text_segmentation import signs_of
from tests.af3core.tasks.declared_texts import Declared, declared_texts

LOOPS = [
    "ha ha ha ha",
    "hahahahahahahahahaha",
    "we go home we go home we go home we go home",
    "Thank you, Mr. President, thank you, Mr. President, thank you, Mr. President, thank you,"
    " Mr. President",
    "谢谢大家" * 12,
    "谢谢大家。谢谢大家！谢谢大家，谢谢大家",
    "ご視聴ありがとうございました" * 4,
    "はい、はい、はい、はい、はい、はい",
    "ขอบคุณครับ" * 5,
    "जय हो " * 6,
    "நன்றி " * 6,
    "გმადლობთ " * 5,
    "നന്ദി " * 6,
    "감사합니다 " * 5,
    "شكرا لكم " * 5,
    "תודה רבה " * 5,
    "ευχαριστώ πολύ " * 5,
    "спасибо большое " * 5,
    "շնորհակալություն " * 4,
    "អរគុណ" * 8,
    "ຂອບໃຈ" * 8,
    "ကျေးဇူးတင်ပါတယ်" * 6,
    "1, 1, 1, 1, 1, 1, 1, 1",
    "The news follows. And now the weather. " + "and so on " * 5,
]
PLAIN = [
    "ha ha ha",
    "no, no, no",
    "谢谢大家",
    "哈哈哈",
    "The number is 100000000000, of 1999.",
    "the storm flooded the garden and the garden flooded the house in london",
    "हम आज शाम को घर जा रहे हैं और कल सुबह वापस आएंगे",
    "நாங்கள் இன்று மாலை வீட்டிற்குச் செல்கிறோம், நாளை காலை திரும்பி வருவோம்",
    "ჩვენ დღეს საღამოს სახლში მივდივართ და ხვალ დილით დავბრუნდებით",
    "ഞങ്ങൾ ഇന്ന് വൈകുന്നേരം വീട്ടിലേക്ക് പോകുന്നു, നാളെ രാവിലെ മടങ്ങിവരും",
    "Row, row, row your boat, gently down the stream; merrily, merrily, life is a dream",
    "",
]


@pytest.mark.parametrize("text", LOOPS)
def test_a_phrase_that_follows_itself_four_times_loops(text: str) -> None:
    assert is_looping(text)


@pytest.mark.parametrize(
    ("text", "is_loop"),
    [
        ("!" * 96, True),
        ("The storm" + "." * 40, True),
        ("♪ " * 12, True),
        ("❤️" * 12, True),
        ("!?" * 12, True),
        ("Wait... what?!!", False),
        ("♪ ♪ ♪ " * 3, False),
        ("- one\n- two\n- three\n", False),
        ("…" * 11, False),
    ],
)
def test_a_mark_that_follows_itself_loops(text: str, is_loop: bool) -> None:
    assert is_looping(text) == is_loop


@pytest.mark.parametrize("text", PLAIN)
def test_language_does_not_loop(text: str) -> None:
    assert not is_looping(text)


def _words(text: str, count: int) -> str:
    """As many words, or as many characters where a script has no spaces."""
    words = text.split()
    return " ".join(words[:count]) if len(words) > 2 * count else text[: 4 * count]


MADE: dict[str, Callable[[str], str]] = {
    "a few words": lambda text: f"{_words(text, 3)} " * 8,
    "a sentence": lambda text: f"{text[:70]} " * 4,
    "behind language": lambda text: text + f" {_words(text, 3)}" * 6,
    "a long sentence": lambda text: f"{text[:200]} " * 4,
}


def test_loops_in_every_script_are_found_and_no_language_is_one() -> None:
    every = declared_texts()
    assert len(every) >= 60
    assert len({each.script for each in every}) == 36
    assert [each.code for each in every if is_looping(each.text)] == []
    made = [(each, name) for each in every for name in MADE]
    assert len(made) == 248
    assert [(each.code, n) for each, n in made if not is_looping(MADE[n](each.text))] == []


def test_what_is_said_twice_does_not_loop() -> None:
    """A chorus, in every script; the declaration in Matses repeats itself more than any other."""

    def twice(each: Declared) -> bool:
        return is_looping(f"{each.text[:150]} {each.text[:150]}")

    assert [each.code for each in declared_texts() if twice(each)] == ["mcf"]


def test_the_share_that_returns() -> None:
    assert repeated_share(signs_of("a storm").coded) == 0.0
    flooded = signs_of("the storm flooded the garden " * 10).coded
    assert repeated_share(flooded) == pytest.approx(0.9, abs=0.02)
    assert repeated_share(flooded[:60]) == pytest.approx(0.5, abs=0.1)


@given(
    before=st.text("abcdefghij ", max_size=90),
    phrase=st.text("abcdefghij", min_size=1, max_size=40),
    behind=st.text("abcdefghij ", max_size=90),
)
def test_what_stands_four_times_in_a_row_is_found_wherever_it_stands(
    before: str, phrase: str, behind: str
) -> None:
    assume(len(phrase) >= 3)
    assert is_looping(f"{before} {phrase * 4} {behind}")
