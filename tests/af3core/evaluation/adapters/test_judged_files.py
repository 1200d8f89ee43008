"""Benchmarks of open answers: files that are missing, what is asked, and how far figures go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from af3core.evaluation.benchmark_files import BenchmarkData, Data
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.paper import paper_number
from af3core.model.prompt import place_sounds
from af3core.model.request import Decoding, Request, Sound, Turn
from tests.af3core.evaluation.published_judged import FIXTURES

PUBLISHED = "--data is the folder as published"
MISSING = {
    "af-chat": "there is no .json; --data is the folder with sound.json, MSD.json or"
    " Music4ALL.json",
    "compa-r": f"there is no CompA-R-test.json; {PUBLISHED}",
    "librisqa": f"there is no LibriSQA-PartI-test.json; {PUBLISHED}",
    "long-audio-bench": "there is no .json; --data is the folder with evaluation files in the form"
    " of static/mmar.json",
    "music-instruct-long": f"there is no music_instruct_long.json; {PUBLISHED}",
    "openaudiobench-alpaca": f"there is no alpaca_eval.csv; {PUBLISHED}",
    "openaudiobench-llama": f"there is no llama_questions.csv; {PUBLISHED}",
    "openaudiobench-trivia": f"there is no trivia_qa.csv; {PUBLISHED}",
    "voicebench-advbench": f"there is no advbench/test-*.parquet; {PUBLISHED}",
    "voicebench-alpacaeval": f"there is no alpacaeval/test-*.parquet; {PUBLISHED}",
    "voicebench-commoneval": f"there is no commoneval/test-*.parquet; {PUBLISHED}",
    "voicebench-openbookqa": f"there is no openbookqa/test-*.parquet; {PUBLISHED}",
}
ALONE = "<sound-1>"
PROMPTS = {
    "af-chat": "User: <sound-2> What is heard?\nAssistant: A dog, as in sound 1.\n"
    "User: <sound-1> And here, which of both is nearer?",
    "compa-r": "Why might the engine slow down?",
    "librisqa": "Whom does he complain about?",
    "long-audio-bench": "What happens?",
    "music-instruct-long": "Describe the music.",
    "openaudiobench-alpaca": ALONE,
    "openaudiobench-llama": ALONE,
    "openaudiobench-trivia": ALONE,
    "voicebench-advbench": ALONE,
    "voicebench-alpacaeval": ALONE,
    "voicebench-commoneval": ALONE,
    "voicebench-openbookqa": ALONE,
}
PERFECT = {
    "af-chat": 5,
    "compa-r": 100,
    "librisqa": 10,
    "long-audio-bench": 100,
    "music-instruct-long": 100,
    "openaudiobench-alpaca": 100,
    "openaudiobench-llama": 100,
    "openaudiobench-trivia": 100,
    "voicebench-advbench": 100,
    "voicebench-alpacaeval": 5,
    "voicebench-commoneval": 5,
    "voicebench-openbookqa": 100,
}


def test_every_fixture_is_in_every_table() -> None:
    assert list(MISSING) == list(PROMPTS) == list(PERFECT) == list(FIXTURES)


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_file_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("nothing")
    with pytest.raises(BenchmarkData) as raised:
        benchmark_named(name).read(Data(str(tmp_path)))
    assert str(raised.value) == f"{tmp_path}: {MISSING[name]}"


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    benchmark = benchmark_named(name)
    first = benchmark.read(Data(str(tmp_path))).items[0]
    assert benchmark.prompt(first) == PROMPTS[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("voicebench-alpacaeval", "<sound>"),
        ("compa-r", "<sound>Why might the engine slow down?"),
        (
            "af-chat",
            "User: <sound> What is heard?\nAssistant: A dog, as in sound 1.\n"
            "User: <sound> And here, which of both is nearer?",
        ),
    ],
)
def test_sounds_stand_where_the_model_hears_them(name: str, said: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    benchmark = benchmark_named(name)
    item = benchmark.read(Data(str(tmp_path))).items[0]
    sounds = tuple(Sound(np.zeros(16_000, np.float32)) for _ in item.sounds)
    turn = Turn("user", benchmark.prompt(item))
    assert place_sounds(Request(sounds, (turn,), Decoding(1)))[1] == [said]


@pytest.mark.parametrize("name", PERFECT)
def test_figures_have_the_papers_scale(name: str) -> None:
    """A perfect answer's figure is the scale's end, and the paper's number lies below it."""
    metric = benchmark_named(name).metric
    assert metric.scale * (metric.judging.most if metric.judging else 1) == PERFECT[name]
    number = paper_number(name)
    assert number is not None
    assert 0.5 * PERFECT[name] < number.plain < PERFECT[name]


@pytest.mark.parametrize("name", [n for n in FIXTURES if benchmark_named(n).metric.judging])
def test_a_judge_reads_no_marker_of_a_sound(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    benchmark = benchmark_named(name)
    judging = benchmark.metric.judging
    assert judging is not None
    for item in benchmark.read(Data(str(tmp_path))).items:
        asked = judging.prompt(item, "An answer.")
        assert "<sound" not in asked
        assert "An answer." in asked
        assert all(answer in asked for answer in item.answers)
