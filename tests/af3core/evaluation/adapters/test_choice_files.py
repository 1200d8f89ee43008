"""Files that are not there, or that lie elsewhere than they were published."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.finding_sounds import Sounds
from af3core.evaluation.item import SoundFile
from tests.af3core.evaluation.published import FIXTURES

MISSING = {
    "audio-entailment-audiocaps": "there is no audiocaps_entailment_test.csv",
    "audio-entailment-clotho": "there is no clotho_entailment_evaluation.csv",
    "clotho-aqa-non-binary": "there is no clotho_aqa_test.csv",
    "clotho-aqa-unanimous": "there is no clotho_aqa_test.csv",
    "cmm": "there is no all_data_final_reorg.json",
    "cochlscene": "there is no Test/SCENE/*.wav",
    "mmar": "there is no MMAR-meta.jsonl or MMAR-meta.json",
    "mmau-pro": "there is no test.parquet",
    "mmau-pro-instructions": "there is no test.parquet",
    "mmau-pro-open": "there is no test.parquet",
    "mmau-test": "there is no mmau-test.json",
    "mmau-test-mini": "there is no mmau-test-mini.json",
    "mmsu": "there is no mmsu.jsonl and no .parquet",
    "muchomusic": "there is no muchomusic.csv",
    "muchomusic-perceptual": "there is no RUL-MuchoMusic.json",
    "music-avqa": "there is no avqa-test.json",
    "nonspeech7k": "there is no metadata of test set.csv",
    "nsynth-instrument": "there is no examples.json",
    "nsynth-source": "there is no examples.json",
}


def test_every_fixture_has_its_missing_file() -> None:
    assert sorted([*MISSING, "iemocap"]) == sorted(FIXTURES)


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_file_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("nothing")
    with pytest.raises(BenchmarkData) as raised:
        benchmark_named(name).read(Data(str(tmp_path)))
    said = f"{tmp_path}: {MISSING[name]}; --data is the folder as published"
    assert str(raised.value) == said


def test_iemocap_names_its_release(tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("nothing")
    with pytest.raises(BenchmarkData) as raised:
        benchmark_named("iemocap").read(Data(str(tmp_path)))
    assert str(raised.value) == (
        f"{tmp_path}: there is no Session5/dialog/EmoEvaluation/*.txt; --data is the folder"
        " IEMOCAP_full_release"
    )


def test_a_lost_field_is_said(tmp_path: Path) -> None:
    FIXTURES["nonspeech7k"](tmp_path)
    path = tmp_path / "metadata of test set.csv"
    path.write_text(path.read_text().replace("Classname", "Kind", 1))
    with pytest.raises(BenchmarkData, match=r"^a row has no field Classname; it has "):
        benchmark_named("nonspeech7k").read(Data(str(tmp_path)))


def test_sounds_below_the_data_come_first_and_twins_are_not_taken(tmp_path: Path) -> None:
    for key in ("a.wav", "in/a.wav", "in/b.wav", "x/c.wav", "y/c.wav", "x/d.mp4", "x/e.txt"):
        (tmp_path / key).parent.mkdir(exist_ok=True)
        (tmp_path / key).write_bytes(b"")
    sounds = Sounds(Data(str(tmp_path)), beside="in/list.json")
    assert sounds.by_path("./a.wav") == SoundFile("a.wav")
    assert sounds.by_path("b.wav") == SoundFile("in/b.wav")
    assert sounds.by_path("/old/disk/b.wav") == SoundFile("in/b.wav")
    assert sounds.by_path("audio/c.wav") == SoundFile("audio/c.wav")
    assert sounds.by_stem("e", "d") == SoundFile("x/d.mp4")
    assert sounds.by_stem("c", "z") == SoundFile("c")


def test_separators_within_a_text_end_no_row(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"a": "one\u2028two"}\r\n\n{"a": "three"}\n', "utf-8")
    (tmp_path / "rows.csv").write_text('a,b\n"one\ntwo",x\x85y\n', "utf-8")
    data = Data(str(tmp_path))
    assert data.json_lines("rows.jsonl") == [{"a": "one\u2028two"}, {"a": "three"}]
    assert data.table("rows.csv") == [{"a": "one\ntwo", "b": "x\x85y"}]
