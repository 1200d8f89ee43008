"""Exports of reviewed answers as benchmarks: which answers, which split, and too few."""

from __future__ import annotations

from pathlib import Path

import pytest

from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.item import Item, SoundFile
from tests.af3core.evaluation.files import json_file
from tests.af3core.evaluation.reviewed_export import choice, transcript, write_reviewed

TRANSCRIPTS = benchmark_named("reviewed-transcripts")
CHOICES = benchmark_named("reviewed-choices")


def test_each_kind_has_its_items(tmp_path: Path) -> None:
    write_reviewed(tmp_path)
    spoken, chosen = (each.read(Data(str(tmp_path))).items for each in (TRANSCRIPTS, CHOICES))
    assert (len(spoken), len(chosen)) == (20, 20)
    assert spoken[1] == Item(
        "t1",
        (SoundFile("sounds/one.flac"),),
        "Transcribe the input speech.",
        answers=("the storm is loud 1",),
        groups=(
            ("task", "transcript"),
            ("source", "transcripts"),
            ("sampled", "yes"),
            ("language", "en"),
        ),
    )
    assert chosen[0].options == ("a man", "a woman")
    assert CHOICES.prompt(chosen[0]).endswith("(B) a woman")
    assert [s.value for s in CHOICES.metric.scorer(chosen[:2], ["(B) a woman", "a man"])] == [1, 0]  # type: ignore[misc]


def test_what_was_held_out_is_asked_alone(tmp_path: Path) -> None:
    write_reviewed(tmp_path)
    write_reviewed(tmp_path, [transcript(number) for number in range(100, 121)], "test")
    items = TRANSCRIPTS.read(Data(str(tmp_path))).items
    assert {item.item_id for item in items} == {f"t{number}" for number in range(100, 121)}


def test_a_person_said_that_nobody_speaks(tmp_path: Path) -> None:
    write_reviewed(tmp_path, [transcript(n, kind="empty", answer="") for n in range(20)])
    items = TRANSCRIPTS.read(Data(str(tmp_path))).items
    scorer = TRANSCRIPTS.metric.scorer
    assert scorer is not None
    scores = scorer(items[:2], ["No speech.", "hello there"])
    assert [(score.value, score.weight) for score in scores] == [(0, 0), (2, 0)]


def test_too_few_and_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkData, match=r"there is no train-\*\.json"):
        TRANSCRIPTS.read(Data(str(tmp_path)))
    write_reviewed(tmp_path, [choice(number) for number in range(19)])
    with pytest.raises(BenchmarkData, match="19 reviewed answers with options, and a model is not"):
        CHOICES.read(Data(str(tmp_path)))
    unreviewed = {k: v for k, v in transcript(0).items() if k != "review"}
    json_file(tmp_path / "train-00000.json", [unreviewed])
    with pytest.raises(BenchmarkData, match="holds answers that nobody reviewed"):
        TRANSCRIPTS.read(Data(str(tmp_path)))
