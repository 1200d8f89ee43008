"""Questions with options, as their publishers give them out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.evaluation.adapters.muchomusic import shuffled
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Fault, Item, SoundFile
from tests.af3core.evaluation import published
from tests.af3core.evaluation.published import FIXTURES

AS_MMAU = (("category", "Reasoning"), ("sub-category", "Acoustic Source Inference"))
AS_MMSU = (
    ("category", "Perception"),
    ("sub-category", "Paralinguistics"),
    ("sub-sub-category", "Speaker Traits"),
    ("task_name", "emotion_recognition"),
)


def listed(name: str, folder: Path) -> tuple[Item, ...]:
    FIXTURES[name](folder)
    return benchmark_named(name).read(Data(str(folder))).items


def test_mmau_test_mini(tmp_path: Path) -> None:
    assert listed("mmau-test-mini", tmp_path) == (
        Item(
            "m1",
            (SoundFile("test-mini-audios/m1.wav"),),
            "Based on the given audio, which music is it?",
            ("Jazz", "Rock"),
            ("Jazz",),
            (("task", "music"), *AS_MMAU, ("difficulty", "medium")),
        ),
        Item(
            "s1",
            (SoundFile("test-mini-audios/s1.wav"),),
            "Based on the given audio, which sound is it?",
            ("Man", "Woman", "Child"),
            ("Woman",),
            (("task", "sound"), *AS_MMAU, ("difficulty", "medium")),
        ),
    )


def test_mmau_test_has_no_answers(tmp_path: Path) -> None:
    assert listed("mmau-test", tmp_path) == (
        Item(
            "t1",
            (SoundFile("test-audios/t1.wav"),),
            "Based on the given audio, which speech is it?",
            ("Two", "Three"),
            (),
            (("task", "speech"), *AS_MMAU, ("difficulty", "medium")),
        ),
    )


def test_mmau_pro_by_what_is_asked_for(tmp_path: Path) -> None:
    """One option is no choice, and instructions are neither choices nor open."""
    assert listed("mmau-pro", tmp_path) == (
        Item(
            "p1",
            (SoundFile("data/a.wav"),),
            "What is heard?",
            ("Rain", "Wind"),
            ("Wind",),
            (("category", "sound"), ("length", "short"), ("sounds", "one")),
        ),
        Item(
            "p2",
            (SoundFile("data/a.wav"), SoundFile("data/b.wav")),
            "What is heard?",
            ("The first", "Both"),
            ("Both",),
            (("category", "multi"), ("length", "short"), ("sounds", "several")),
        ),
    )
    assert benchmark_named("mmau-pro-open").read(Data(str(tmp_path))).items == (
        Item(
            "p3",
            (SoundFile("data/b.wav"),),
            "What is heard?",
            answers=("A bell in a tower",),
            groups=(("category", "open"), ("length", "short"), ("sounds", "one")),
        ),
    )


def test_mmau_pros_instructions_have_rules_with_arguments(tmp_path: Path) -> None:
    FIXTURES["mmau-pro-instructions"](tmp_path)
    listing = benchmark_named("mmau-pro-instructions").read(Data(str(tmp_path)))
    sound = (SoundFile("data/b.wav"),)
    about = (("category", "instruction following"), ("length", "short"), ("sounds", "one"))
    assert listing.items == tuple(
        Item(
            item_id,
            sound,
            "What is heard?",
            groups=(*about, ("instruction", rule)),
            context='{"N": 1}',
        )
        for item_id, rule in (("p4", "No Commas"), ("p6", "Multiple Format"))
    )
    assert listing.faults == (
        Fault("p6", "there is no rule for 'Multiple Format': it counts as not kept"),
    )


def test_mmsu(tmp_path: Path) -> None:
    asked = "Which emotion is heard?"
    four = ("Joy", "Anger", "Fear", "Sadness")
    assert listed("mmsu", tmp_path) == (
        Item("e_1", (SoundFile("audio/e_1.wav"),), asked, four, ("Fear",), AS_MMSU),
        Item("e_2", (SoundFile("audio/e_2.wav"),), asked, four[:2], ("Joy",), AS_MMSU),
    )


def test_mmsu_in_tables_with_its_sounds(tmp_path: Path) -> None:
    published.write_mmsu_tables(tmp_path)
    [item] = benchmark_named("mmsu").read(Data(str(tmp_path))).items
    assert item.sounds == (SoundFile("data/train-00000-of-00001.parquet", row=0, column="audio"),)
    assert (item.item_id, item.answers, item.groups) == ("e_1", ("Fear",), AS_MMSU)


def test_muchomusic(tmp_path: Path) -> None:
    """Options come in an order of ours, the same each time: the publisher's is random."""
    asked, right = "Which rhythm is it?", ("Reggae",)
    assert listed("muchomusic", tmp_path) == (
        Item(
            "0000",
            (SoundFile("sdd/audio/00/415600.2min.mp3"),),
            asked,
            ("Ska", "Reggae", "Pop", "Samba"),
            right,
            (
                ("dataset", "sdd"),
                ("genre", "Reggae"),
                ("asks for", "knowledge"),
                ("knowledge", "metre"),
            ),
        ),
        Item(
            "0001",
            (SoundFile("musiccaps/audio/[a_b-c]-[30-40].wav"),),
            asked,
            ("Ska", "Pop", "Samba", "Reggae"),
            right,
            (
                ("dataset", "musiccaps"),
                ("genre", "Reggae"),
                ("asks for", "reasoning"),
                ("reasoning", "mood"),
            ),
        ),
    )


@given(st.text(max_size=8), st.lists(st.text(max_size=8), max_size=6))
def test_shuffled_options_are_the_same_ones_in_an_order_of_their_own(
    item_id: str, options: list[str]
) -> None:
    found = shuffled(item_id, options)
    assert sorted(found) == sorted(options)
    assert shuffled(item_id, options[::-1]) == found


def test_muchomusics_sounds_are_expected_where_they_are_missing(tmp_path: Path) -> None:
    FIXTURES["muchomusic"](tmp_path)
    (tmp_path / "sdd/audio/00/415600.2min.mp3").unlink()
    (tmp_path / "musiccaps/audio/[a_b-c]-[30-40].wav").unlink()
    items = benchmark_named("muchomusic").read(Data(str(tmp_path))).items
    assert [item.sounds for item in items] == [
        (SoundFile("sdd/audio/00/415600.2min.mp3"),),
        (SoundFile("musiccaps/audio/[a_b-c]"),),
    ]


def test_muchomusic_perceptual(tmp_path: Path) -> None:
    assert listed("muchomusic-perceptual", tmp_path) == (
        Item(
            "2006",
            (SoundFile("audio/2006.mp3"),),
            "Which instrument carries the melody?",
            ("Tabla melody", "Violin", "Clarinet", "Reed instrument", "Flute"),
            ("Reed instrument",),
            context="A reed instrument plays.",
        ),
    )


@pytest.mark.parametrize(
    ("name", "sound", "caption"),
    [
        (
            "audio-entailment-clotho",
            "evaluation/Santa Motor.wav",
            "['A machine whines.', 'A motor.']",
        ),
        ("audio-entailment-audiocaps", "test/7fmOlUlwoNg.flac", "An engine idles"),
    ],
)
def test_audio_entailment(tmp_path: Path, name: str, sound: str, caption: str) -> None:
    hypotheses = {
        "entailment": "A machine runs.",
        "neutral": "A truck waits, at a light.",
        "contradiction": "A library is quiet.",
    }
    assert listed(name, tmp_path) == tuple(
        Item(
            f"00000-{relation}",
            (SoundFile(sound),),
            f'Hypothesis: "{hypothesis}" Given the audio, is the hypothesis an entailment, neutral'
            " or a contradiction?",
            ("entailment", "neutral", "contradiction"),
            (relation,),
            (("relation", relation),),
            caption,
        )
        for relation, hypothesis in hypotheses.items()
    )


def test_a_cell_that_is_no_list_is_said(tmp_path: Path) -> None:
    FIXTURES["muchomusic"](tmp_path)
    path = tmp_path / "muchomusic.csv"
    path.write_text(path.read_text().replace("['metre']", "metre"))
    with pytest.raises(BenchmarkData, match=r"^muchomusic.csv: 'metre' is no list of words$"):
        benchmark_named("muchomusic").read(Data(str(tmp_path)))
