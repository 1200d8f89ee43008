"""Sentences that a model writes whatever it hears."""

from __future__ import annotations

import pytest

from af3core.tasks.stock_phrases import Sighting, phrase_of, stock_phrases

HELLO = "good evening everybody"


def sighting(
    text: str,
    number: int = 0,
    speech_ms: int = 2_000,
    loudness_lufs: float | None = -20.0,
    spectral_centroid_hz: float | None = 1_500.0,
) -> Sighting:
    return Sighting(
        phrase_of(text), f"r{number}", speech_ms, loudness_lufs, spectral_centroid_hz, False
    )


def test_a_phrase_is_a_short_text_without_case_and_punctuation() -> None:
    assert phrase_of("Good evening, everybody!") == HELLO
    assert phrase_of("ご視聴 ありがとうございました。") == "ご視聴 ありがとうございました"
    assert phrase_of("...") == phrase_of("\u2764\ufe0f") == ""
    # vowels that are written around a letter make another word of it
    assert (phrase_of("है।"), phrase_of("हाँ, हो"), phrase_of("ที่")) == ("है", "हाँ हो", "ที่")
    assert phrase_of("good evening " * 13) == ""


@pytest.mark.parametrize(
    ("those", "spoken", "is_stock"),
    [
        # spoken again it takes about the same time
        ([sighting(HELLO, n, 1_800 + 100 * n) for n in range(5)], 100, False),
        # over speech of any length it was not heard
        ([sighting(HELLO, n, 1_000 * 2**n) for n in range(4)], 100, True),
        ([sighting(HELLO, 0, 1_000 * 2**n) for n in range(4)], 100, False),
        # a jingle is the same sound
        ([sighting(HELLO, n, 2_000 + n) for n in range(40)], 100, False),
        # in a tenth of all transcripts, over sounds of which none is like another
        ([sighting(HELLO, n, 20_000, -30.0 + 4 * n) for n in range(8)], 80, True),
        ([sighting(HELLO, n, 20_000, -30.0 + 4 * n) for n in range(8)], 81, False),
        ([sighting(HELLO, n, 20_000, -30.0 + 4 * n) for n in range(7)], 70, False),
        # known of models on silence
        ([sighting("Thanks for watching!", 0, 900 * n) for n in (1, 2, 3)], 100, True),
        ([sighting("Thanks for watching!", n, 900) for n in range(9)], 100, False),
        ([sighting("ご視聴ありがとうございました", 0, 900 * n) for n in (1, 2, 3)], 100, True),
        # nobody says who made subtitles
        ([sighting("Untertitel der Amara.org-Community")], 100, True),
        ([sighting("Субтитры сделал DimaTorzok")], 100, True),
        ([sighting("MBC 뉴스 이덕영입니다.")], 100, True),
        # measures may be missing
        ([sighting(HELLO, n, 2_000, None, None) for n in range(9)], 9, False),
        ([sighting("Thanks for watching!", n, 9**n, None, None) for n in (3, 4, 5)], 9, True),
    ],
)
def test_what_is_a_stock_phrase(those: list[Sighting], spoken: int, is_stock: bool) -> None:
    assert stock_phrases(those, spoken) == (
        frozenset((those[0].phrase,)) if is_stock else frozenset()
    )


def test_each_sentence_is_judged_by_itself() -> None:
    loud = [sighting(HELLO, n, 1_000 * 2**n) for n in range(4)]
    assert stock_phrases([*loud, sighting("welcome back")], 5) == {HELLO}
