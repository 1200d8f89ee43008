"""Published files of speech and captions, as items."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item, SoundFile
from af3core.evaluation.reading_sounds import read_sound
from tests.af3core.evaluation.published_speech import FIXTURES
from tests.af3core.evaluation.sounds import sound

ASKED = "Transcribe the input speech."
SOUNDS = ("is heard", "can be heard", "sounds", "is near", "is far")
DESCRIBED = "Describe the sound in a sentence."
CHAPTER = "1089/134686/1089-134686"
PLENARY = "20180613-0900-PLENARY-15-en_20180613-17:28:43_9"


def said(name: str, sound: SoundFile, words: str) -> Item:
    return Item(name, (sound,), ASKED, answers=(words,))


def books(split: str) -> list[Item]:
    return [
        said(
            f"1089-134686-000{number}",
            SoundFile(f"LibriSpeech/{split}/{CHAPTER}-000{number}.flac"),
            words,
        )
        for number, words in enumerate(("HE HOPED THERE WOULD BE STEW", "MISTER BROWN"))
    ]


LISTED = {
    "librispeech-clean": books("test-clean"),
    "librispeech-other": books("test-other"),
    "spgispeech": [
        said("call/1", SoundFile("test/call/1.wav"), 'Good morning, and "thank you" all.')
    ],
    "tedlium": [
        said(
            "AlGore_2009-0.50",
            SoundFile("legacy/test/sph/AlGore_2009.sph", 0.5, 1.75),
            "it 's a slide show",
        )
    ],
    "gigaspeech": [said("POD1_S0", SoundFile("audio/podcast/POD1.opus", 0.0, 0.5), "AS IT'S SAID")],
    "common-voice-15": [
        said(
            "common_voice_en_1",
            SoundFile("en/clips/common_voice_en_1.mp3"),
            'He said "no" twice.',
        )
    ],
    "voxpopuli": [
        said(PLENARY, SoundFile(f"transcribed_data/en/2018/{PLENARY}.ogg"), "madam president")
    ],
    "audiocaps": [
        Item(
            "one-_1",
            (SoundFile("audio/Yone-_1.wav"),),
            DESCRIBED,
            answers=tuple(f"a dog {said}" for said in SOUNDS),
        ),
        Item(
            "two",
            (SoundFile("audio/two.wav"),),
            DESCRIBED,
            answers=tuple(f"rain {said}" for said in SOUNDS),
        ),
    ],
    "clotho": [
        Item(
            name,
            (SoundFile(f"evaluation/{name}"),),
            DESCRIBED,
            answers=tuple(f"{what}, {number} times" for number in range(1, 6)),
        )
        for name, what in (("Rain on tin.wav", "Rain falls"), ("dog.wav", "A dog barks"))
    ],
}


@pytest.mark.parametrize("name", sorted(LISTED))
def test_published_files_become_items(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    listing = benchmark_named(name).read(Data(str(tmp_path)))
    assert list(listing.items) == LISTED[name]
    assert listing.faults == ()


@pytest.mark.parametrize("name", sorted(LISTED))
def test_the_question_is_asked_as_it_stands(name: str) -> None:
    benchmark = benchmark_named(name)
    assert [benchmark.prompt(item) for item in LISTED[name]] == [
        item.question for item in LISTED[name]
    ]


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_is_missing_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing here")
    benchmark: Benchmark = benchmark_named(name)
    with pytest.raises(BenchmarkData) as caught:
        benchmark.read(Data(str(tmp_path)))
    assert str(caught.value).startswith(f"{tmp_path}: there is no ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["librispeech-clean", "tedlium", "common-voice-15"])
def test_right_words_have_no_errors_and_none_are_all_errors(name: str) -> None:
    metric = benchmark_named(name).metric
    items = LISTED[name]
    assert metric.scorer is not None
    right = metric.scorer(
        items, [f'The content of the input audio is "{i.answers[0]}".' for i in items]
    )
    assert [score.value for score in right] == [0.0] * len(items)
    silent = metric.scorer(items, [""] * len(items))
    assert [score.value for score in silent] == [score.weight for score in silent]


@pytest.mark.parametrize("folder", ["clean/test", "all/test.clean"])
def test_librispeech_as_tables(folder: str, tmp_path: Path) -> None:
    content = sound(tmp_path / "a.flac")
    rows = [
        {"id": name, "text": name.upper(), "audio": {"bytes": content, "path": f"{name}.flac"}}
        for name in ("one", "two")
    ]
    key = f"{folder}/0000.parquet"
    (tmp_path / key).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / key)
    data = Data(str(tmp_path))
    listing = benchmark_named("librispeech-clean").read(data)
    assert list(listing.items) == [
        said("one", SoundFile(key, row=0, column="audio"), "ONE"),
        said("two", SoundFile(key, row=1, column="audio"), "TWO"),
    ]
    assert len(read_sound(data, listing.items[1].sounds[0])) == 8_000
    with pytest.raises(BenchmarkData, match=r"there is no test-other/SPEAKER/CHAPTER/\*\.trans"):
        benchmark_named("librispeech-other").read(data)


def test_spgispeechs_sounds_may_lie_a_folder_below(tmp_path: Path) -> None:
    FIXTURES["spgispeech"](tmp_path)
    (tmp_path / "test.csv").rename(tmp_path / "val.csv")
    (tmp_path / "spgispeech").mkdir()
    (tmp_path / "test").rename(tmp_path / "spgispeech" / "val")
    [item] = benchmark_named("spgispeech").read(Data(str(tmp_path))).items
    assert item.sounds == (SoundFile("spgispeech/val/call/1.wav"),)
