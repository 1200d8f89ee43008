"""PocketSphinx on speech whose word times are known, and on texts that do not fit."""

from __future__ import annotations

import functools
from random import Random

import numpy as np
import pytest

from af3core.alignment.align import TimedWord, align, is_too_long, speech_in
from af3core.alignment.aligner_registry import load_aligner
from af3core.alignment.pronunciation import pronounce
from af3core.alignment.text_words import words_of_text
from af3core.nano.espeak_voices import Audio
from schemas.options.derive import INTERPOLATION, POCKETSPHINX
from tests.af3core.alignment.demo_words import (
    Stretch,
    on_music,
    on_noise,
    stretches,
    with_wrong_words,
)
from tests.media import spoken


@functools.cache
def known() -> list[Stretch]:
    """Two voices and a bed of music; held-out voices from a tape of 8 kHz."""
    return [*list(stretches("cooking_show.opus"))[:2], *list(stretches("reel_17.wav"))[:1]]


def errors_ms(heard: list[Stretch], name: str) -> np.ndarray:
    aligner = load_aligner(name)
    found = [(align(s.samples, s.words, aligner), s) for s in heard]
    return np.array(
        [
            abs(word.start_ms - start_ms)
            for words, s in found
            for word, start_ms in zip(words, s.starts_ms, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("changed", "most_ms"), [(lambda s: s, 120), (on_noise, 160), (on_music, 220)]
)
def test_words_start_where_they_are_spoken(changed: object, most_ms: int) -> None:
    assert callable(changed)
    errors = errors_ms([changed(stretch) for stretch in known()], POCKETSPHINX)
    assert len(errors) == 113
    assert np.median(errors) <= 40
    assert np.percentile(errors, 95) <= most_ms


def test_interpolation_is_far_behind() -> None:
    assert np.median(errors_ms(known(), INTERPOLATION)) >= 120


def test_wrong_words_are_doubted_and_right_ones_are_not() -> None:
    aligner, random = load_aligner(POCKETSPHINX), Random(1)
    doubted: dict[bool, list[bool]] = {True: [], False: []}
    for stretch in known():
        changed = with_wrong_words(stretch, random)
        found = align(changed.samples, changed.words, aligner)
        for word, is_wrong in zip(found, changed.is_wrong, strict=True):
            doubted[is_wrong].append(bool(word.flags))
    right, wrong = np.mean(doubted[False]), np.mean(doubted[True])
    assert wrong >= 0.5
    assert wrong >= 3 * right


def test_words_that_end_every_path_are_left_out_and_the_others_have_places() -> None:
    said = "the storm will be loud tomorrow because the river flooded this garden in london"
    before, behind = said.split(" because ")
    words = aligned(f"{before} magnificently orchestral because {behind}")
    others, nobodys = [*words[:6], *words[8:]], words[6:8]
    assert [word.flags for word in nobodys] == [("not_aligned",)] * 2
    placed = [
        (word.start_ms, known.start_ms)
        for word, known in zip(others, aligned(said), strict=True)
        if word.method == "pocketsphinx"
    ]
    assert len(placed) >= len(others) - 1
    assert max(abs(found - true) for found, true in placed) <= 60


def aligned(text: str, audio: Audio | None = None) -> list[TimedWord]:
    samples = spoken() if audio is None else audio
    return align(samples, words_of_text(text), load_aligner(POCKETSPHINX))


def test_a_numeral_is_the_word_that_is_spoken() -> None:
    audio = spoken("the river flooded in nineteen eighty four because of the storm")
    written = aligned("The river flooded in 1984 because of the storm.", audio)
    spelt = aligned("the river flooded in nineteen eighty four because of the storm", audio)
    assert len(written) == 9
    assert (written[4].start_ms, written[4].end_ms) == (spelt[4].start_ms, spelt[6].end_ms)
    assert written[4].flags == ()


def test_a_word_of_another_script_lies_between_its_neighbours() -> None:
    text = "the storm will be 谢 loud tomorrow because the river flooded this garden in london"
    words = aligned(text)
    assert [word.method for word in words].count("pocketsphinx") == len(words) - 1
    assert (words[4].method, words[4].flags) == ("interpolation", ("script_unknown",))
    assert words[3].end_ms <= words[4].start_ms <= words[4].end_ms <= words[5].start_ms
    assert words[4].confidence is None


def test_an_unknown_word_is_pronounced() -> None:
    assert pronounce("omelette") == "AA M L AH T"
    audio = spoken("martha visualised the omelette in london")
    assert all(
        word.method == "pocketsphinx"
        for word in aligned("Martha visualised the omelette in London", audio)
    )


def test_a_text_that_does_not_fit_into_its_time_is_not_squeezed() -> None:
    text = "the storm will be loud tomorrow because the river flooded " * 8
    words = aligned(text)
    assert {word.flags for word in words} == {("text_too_long",)}
    assert {(word.start_ms, word.confidence) for word in words} == {(0, 0.0)}
    assert is_too_long(words_of_text("谢" * 31), 2000)
    assert not is_too_long(words_of_text("谢" * 29), 2000)


def test_words_without_any_speech_have_estimated_times_and_say_so() -> None:
    noise = 0.01 * np.random.default_rng(0).standard_normal(48_000).astype(np.float32)
    words = aligned("good evening and welcome", noise)
    assert all(set(word.flags) & {"low_alignment", "not_aligned"} for word in words)
    assert speech_in(noise) == [(0, 3000)]


def test_no_words_are_no_words() -> None:
    assert aligned("…") == []
