"""Labels, single words, yes and no, as their publishers give them out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item, SoundFile
from tests.af3core.evaluation.adapters.test_choice_questions import listed
from tests.af3core.evaluation.published import FIXTURES

RIVER, FAR = SoundFile("audio_files/river, far.wav"), "river, far.wav"


def test_clotho_aqa_by_what_its_answerers_say(tmp_path: Path) -> None:
    """Of four questions two are unanimous, one is not, and one asks for a word."""
    assert listed("clotho-aqa-unanimous", tmp_path) == (
        Item(f"{FAR} 1", (RIVER,), "Are there waves?", ("yes", "no"), ("yes",), (("says", "yes"),)),
        Item(
            "dog.wav 1",
            (SoundFile("audio_files/dog.wav"),),
            "Is a cat heard?",
            ("yes", "no"),
            ("no",),
            (("says", "no"),),
        ),
    )
    assert benchmark_named("clotho-aqa-non-binary").read(Data(str(tmp_path))).items == (
        Item(
            f"{FAR} 3",
            (RIVER,),
            "What flows?",
            answers=("water", "river"),
            groups=(("agreement", "some"),),
        ),
    )


def test_music_avqa_asks_about_the_sound_alone(tmp_path: Path) -> None:
    sound = (SoundFile("audio/00000238.wav"),)
    assert listed("music-avqa", tmp_path) == (
        Item(
            "8",
            sound,
            "Is the acoustic guitar louder than the flute?",
            answers=("yes",),
            groups=(("skill", "Comparative"),),
        ),
        Item(
            "11",
            sound,
            "How many instruments?",
            answers=("two",),
            groups=(("skill", "Counting"),),
        ),
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ('["flute"]', "question 8 has 1 templ_values for 'Is the <Object> louder than"),
        ("flute", "templ_values 'flute' is no list"),
    ],
)
def test_music_avqa_without_the_words_of_a_question(tmp_path: Path, values: str, said: str) -> None:
    FIXTURES["music-avqa"](tmp_path)
    path = tmp_path / "data/json/avqa-test.json"
    rows = json.loads(path.read_text())
    rows[0]["templ_values"] = values
    path.write_text(json.dumps(rows))
    with pytest.raises(BenchmarkData) as raised:
        benchmark_named("music-avqa").read(Data(str(tmp_path)))
    assert str(raised.value).startswith(f"avqa-test.json: {said}")


def test_cmm_asks_what_is_heard_alone(tmp_path: Path) -> None:
    about = (("sub-category", "audio-language"), ("granularity", "event-level"))
    sound = (SoundFile("reorg_raw_files/audio-language/thunder/1.wav"),)
    assert listed("cmm", tmp_path) == tuple(
        Item(
            item_id,
            sound,
            f"Did you hear {event} in the audio? Answer with yes or no.",
            answers=(answer,),
            groups=(
                ("says", answer),
                *about,
                ("granularity and says", f"event-level, {answer}"),
            ),
        )
        for item_id, event, answer in (("0001", "thunder", "yes"), ("0002", "rain", "no"))
    )


def test_nsynth_by_source_and_by_family(tmp_path: Path) -> None:
    sources = listed("nsynth-source", tmp_path)
    families = benchmark_named("nsynth-instrument").read(Data(str(tmp_path))).items
    assert sources[0] == Item(
        "bass_synthetic_068-049-025",
        (SoundFile("nsynth-test/audio/bass_synthetic_068-049-025.wav"),),
        "what is the source of this music?",
        ("acoustic", "electronic", "synthetic"),
        ("synthetic",),
        (("source", "synthetic"), ("family", "bass")),
    )
    assert [item.answers for item in sources] == [("synthetic",), ("synthetic",), ("acoustic",)]
    assert [item.answers for item in families] == [("bass",), ("synth_lead",), ("flute",)]
    assert {len(item.options) for item in families} == {11}
    assert all(item.answers[0] in item.options for item in families)


def test_cochlscene_reads_test_alone_and_both_spellings(tmp_path: Path) -> None:
    park, station = listed("cochlscene", tmp_path)
    name = "SubwayStation_user0802_14892039_004"
    assert (park.item_id, park.answers) == ("Park_user0807_14976869_001", ("park",))
    assert station == Item(
        name,
        (SoundFile(f"CochlScene/Test/SubwayStation/{name}.wav"),),
        "classify this sound.",
        tuple(
            "bus cafe car crowdedindoor elevator kitchen park residentialarea restaurant restroom"
            " street subway subwaystation".split()
        ),
        ("subwaystation", "subway station"),
        (("scene", "subwaystation"),),
    )


def test_cochlscene_unpacked_right_here(tmp_path: Path) -> None:
    FIXTURES["cochlscene"](tmp_path)
    items = benchmark_named("cochlscene").read(Data(str(tmp_path / "CochlScene"))).items
    assert [item.sounds[0].key.split("/")[:2] for item in items] == [
        ["Test", "Park"],
        ["Test", "SubwayStation"],
    ]


def test_nonspeech7k(tmp_path: Path) -> None:
    labels = ("breath", "cough", "crying", "laugh", "screaming", "sneeze", "yawn")
    assert listed("nonspeech7k", tmp_path) == tuple(
        Item(
            file,
            (SoundFile(f"test/{file}"),),
            "classify this sound.",
            labels,
            (label,),
            (("class", label),),
        )
        for file, label in (("111_4_0.wav", "screaming"), ("c_0_0.wav", "breath"))
    )


def test_iemocap_has_four_emotions_of_session_5(tmp_path: Path) -> None:
    """Frustration and disagreement ("xxx") are left out, excitement is happiness."""
    said = {"F000": "neutral", "F001": "happy", "M004": "angry"}
    assert listed("iemocap", tmp_path) == tuple(
        Item(
            f"Ses05F_impro01_{turn}",
            (SoundFile(f"Session5/sentences/wav/Ses05F_impro01/Ses05F_impro01_{turn}.wav"),),
            "what is the emotion of this speech?",
            ("angry", "happy", "neutral", "sad"),
            (emotion,),
            (("emotion", emotion), ("speech", "improvised")),
        )
        for turn, emotion in said.items()
    )
