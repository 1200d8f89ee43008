"""What the model is asked: the published forms, word by word."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from af3core.evaluation import adapters
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.benchmark_files import Data
from af3core.evaluation.benchmark_registry import benchmark_named, benchmarks
from af3core.evaluation.score import figure
from tests.af3core.evaluation.published import FIXTURES

ASK = "Choose the correct option from the following options:"
PROMPTS = {
    "mmau-test": f"Based on the given audio, which speech is it? {ASK}\n(A) Two\n(B) Three",
    "mmau-pro": f"What is heard? {ASK}\n(A) Rain\n(B) Wind",
    "mmau-pro-open": "What is heard?",
    "mmsu": "Choose the most suitable answer from options A, B, C, and D to respond the question in"
    " next line, **you should only choose A or B or C or D.** Do not provide any additional"
    " explanations or content.\n\nQuestion: Which emotion is heard?\n\nA. Joy\nB. Anger\nC. Fear\n"
    "D. Sadness",
    "muchomusic": f"Which rhythm is it? {ASK}\n(A) Ska\n(B) Reggae\n(C) Pop\n(D) Samba",
    "clotho-aqa-unanimous": "Please answer this question: Are there waves?\nOPTIONS:\nyes.\nno.",
    "clotho-aqa-non-binary": "Please answer this question: What flows?",
    "music-avqa": "Please answer this question: Is the acoustic guitar louder than the flute?",
    "cmm": "Did you hear thunder in the audio? Answer with yes or no.",
    "nsynth-source": "what is the source of this music?\nOPTIONS:\n - acoustic.\n - electronic.\n"
    " - synthetic.",
    "iemocap": "what is the emotion of this speech?\nOPTIONS:\n - angry.\n - happy.\n - neutral.\n"
    " - sad.",
    "nonspeech7k": "classify this sound.\nOPTIONS:\n - breath.\n - cough.\n - crying.\n - laugh.\n"
    " - screaming.\n - sneeze.\n - yawn.",
    "audio-entailment-clotho": 'Hypothesis: "A machine runs." Given the audio, is the hypothesis an'
    f" entailment, neutral or a contradiction? {ASK}\n(A) entailment\n(B) neutral\n"
    "(C) contradiction",
}


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    benchmark = benchmark_named(name)
    first = benchmark.read(Data(str(tmp_path))).items[0]
    assert benchmark.prompt(first) == PROMPTS[name]


def test_mmsu_says_none_for_a_missing_option_as_its_publisher_does(tmp_path: Path) -> None:
    FIXTURES["mmsu"](tmp_path)
    benchmark = benchmark_named("mmsu")
    second = benchmark.read(Data(str(tmp_path))).items[1]
    assert benchmark.prompt(second).endswith("\n\nA. Joy\nB. Anger\nC. None\nD. None")


WITHOUT_ANSWERS = ("mmau-test", "mmau-pro-open", "mmau-pro-instructions")
SCORED = [name for name in FIXTURES if name not in WITHOUT_ANSWERS]


@pytest.mark.parametrize("name", SCORED)
def test_right_answers_are_all_of_the_points_and_silence_none(name: str, tmp_path: Path) -> None:
    FIXTURES[name](tmp_path)
    benchmark = benchmark_named(name)
    items = benchmark.read(Data(str(tmp_path))).items
    score = benchmark.metric.scorer
    assert score is not None
    assert figure(score(items, [item.answers[0] for item in items]), 100) == 100
    assert figure(score(items, [item.answers[-1] + "." for item in items]), 100) == 100
    assert figure(score(items, [""] * len(items)), 100) == 0
    if all(item.options for item in items):
        wrong = [next(o for o in item.options if o not in item.answers) for item in items]
        assert figure(score(items, wrong), 100) == 0


def test_an_open_answer_is_judged_from_one_to_five(tmp_path: Path) -> None:
    FIXTURES["mmau-pro-open"](tmp_path)
    benchmark = benchmark_named("mmau-pro-open")
    [item] = benchmark.read(Data(str(tmp_path))).items
    judging = benchmark.metric.judging
    assert judging is not None
    assert "\nReference Answer: A bell in a tower\n" in judging.prompt(item, "A church bell")
    assert judging.read("OVERALL: 4.5 - good") == 4.5
    assert judging.read("OVERALL: 6") is None
    assert judging.most * benchmark.metric.scale == 100


@pytest.mark.parametrize("benchmark", benchmarks().values(), ids=lambda each: each.name)
def test_every_benchmark_says_what_it_is(benchmark: Benchmark) -> None:
    """Names are lower case with dashes; what is shown to people is there, on one line."""
    assert benchmarks()[benchmark.name] is benchmark
    assert all(part.isalnum() for part in benchmark.name.split("-"))
    assert benchmark.name == benchmark.name.lower()
    for text in (benchmark.title, benchmark.files, benchmark.prompt_source):
        assert text.strip() == text != ""
        assert "\n" not in text
    assert (benchmark.metric.scorer is None) != (benchmark.metric.judging is None)
    assert benchmark.max_new_tokens > 0


def test_no_two_benchmarks_have_one_name() -> None:

    modules = [
        importlib.import_module(f"{adapters.__name__}.{module.name}")
        for module in pkgutil.iter_modules(adapters.__path__)
    ]
    names = [benchmark.name for module in modules for benchmark in module.BENCHMARKS]
    assert sorted(names) == list(benchmarks())
