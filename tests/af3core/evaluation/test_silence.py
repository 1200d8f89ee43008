"""Sounds without speech, and what is made of transcripts of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from af3core.errors import InvalidAudio
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item, SoundFile
from af3core.evaluation.made_sounds import KINDS, make_sound
from af3core.evaluation.reading_sounds import read_sound
from af3core.evaluation.score import figure
from af3core.evaluation.scorers.empty_answers import score_nothing

ITEMS = benchmark_named("nothing").read(Data(".")).items


def test_forty_sounds_of_five_to_thirty_seconds() -> None:
    assert Counter(item.groups for item in ITEMS) == {
        (("kind", "silence"),): 5,
        (("kind", "white-noise"),): 7,
        (("kind", "brown-noise"),): 7,
        (("kind", "hum"),): 7,
        (("kind", "clicks"),): 7,
        (("kind", "music"),): 7,
    }
    lengths = sorted({len(read_sound(Data("."), item.sounds[0])) / 16_000 for item in ITEMS})
    assert lengths == [5.0, 8.0, 10.0, 12.0, 15.0, 16.0, 20.0, 25.0, 30.0]


def test_the_first_item_is_a_silence_to_transcribe() -> None:
    assert ITEMS[0] == Item(
        "silence-0-5",
        (SoundFile("", made="silence/0/5"),),
        "Transcribe the input speech.",
        answers=("",),
        groups=(("kind", "silence"),),
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_name_gives_the_same_samples(kind: str) -> None:
    first, again, other = (make_sound(f"{kind}/{seed}/2") for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert kind == "silence" or not np.array_equal(first, other)
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= 0.5


def test_hum_has_the_mains_frequency() -> None:
    spectrum = np.abs(np.fft.rfft(make_sound("hum/3/10")))
    assert round(float(np.argmax(spectrum)) / 10) in (50, 60, 100, 120)


@pytest.mark.parametrize("name", ["speech/1/2", "hum", "hum/1"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidAudio, match="no sound of that name; kinds are silence, "):
        make_sound(name)


@pytest.mark.parametrize(
    "text", ["", "There is no speech.", 'The content of the input audio is "".']
)
def test_an_empty_transcript_is_right(text: str) -> None:
    scores = score_nothing(ITEMS, [text] * len(ITEMS))
    assert figure(scores, 100) == 100
    assert {score.parts["empty"] for score in scores} == {1.0}


def test_invented_words_are_wrong_unless_a_row_of_them_would_be_flagged() -> None:
    looping = score_nothing(ITEMS[:1], ["thank you " * 9])
    assert (looping[0].value, looping[0].parts["empty"]) == (1.0, 0.0)
    silence = score_nothing(ITEMS[:5], ["Thanks for watching."] * 5)
    assert {score.value for score in silence} == {1.0}
    assert {score.parts["empty"] for score in silence} == {0.0}
