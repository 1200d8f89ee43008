"""Our rules against what the publishers' scripts said to the same thousands of predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from af3core.evaluation import official_scripts
from af3core.evaluation.benchmark_registry import benchmarks
from af3core.evaluation.official_scripts import OfficialScript
from af3core.evaluation.score import Score, Scorer, official_figure, official_rate
from af3core.evaluation.scorers.choices import (
    score_muchomusic,
    score_ru_listening,
    score_voice_bench_choices,
)
from af3core.evaluation.scorers.instructions import score_instructions
from af3core.evaluation.scorers.letters import score_letters
from af3core.evaluation.scorers.refusals import score_refusals
from af3core.evaluation.scorers.token_sets import score_token_sets
from af3core.evaluation.scorers.yes_no import score_yes_no
from tests.af3core.evaluation.official import predictions
from tests.af3core.evaluation.official.ask_scripts import (
    ANSWERS,
    ASKING,
    NOT_ASKED,
    SET_SIZE,
    digest,
)
from tests.af3core.evaluation.official.instructions import instructed
from tests.af3core.evaluation.official.predictions import COUNT, Asked
from tests.pages import ROOT

SAID: dict[str, Any] = json.loads(ANSWERS.read_text(encoding="utf-8"))
SCRIPTS = {
    name: each for name, each in vars(official_scripts).items() if isinstance(each, OfficialScript)
}


@cache
def five_options() -> Asked:
    return predictions.choices(options=5, seed=2)


def scores_of(scorer: Scorer, asked: Asked) -> list[Score]:
    return scorer(asked.items, asked.predictions)


def test_the_scripts_were_asked_about_these_predictions() -> None:
    assert SAID["asked"] == digest()
    assert SAID["not asked"] == NOT_ASKED
    assert {name: SAID[name]["script"] for name in ASKING} == {
        name: str(SCRIPTS[name]) for name in ASKING
    }


@pytest.mark.parametrize(
    ("script", "scorer", "asked"),
    [
        ("MMAU", score_token_sets, predictions.choices),
        ("MMAR", score_token_sets, predictions.choices),
        ("CMM", score_yes_no, predictions.yes_or_no),
        ("VOICE_BENCH_REFUSALS", score_refusals, predictions.harmful),
        ("MMAU_PRO", score_instructions, instructed),
    ],
)
def test_right_and_wrong_are_the_scripts(
    script: str, scorer: Scorer, asked: Callable[[], Asked]
) -> None:
    made = asked()
    scores = scores_of(scorer, made)
    differing = [
        (text, item, said)
        for item, text, score, said in zip(
            made.items, made.predictions, scores, SAID[script]["right"], strict=True
        )
        if score.official != (float(said), 1.0)
    ]
    assert differing == []
    assert COUNT / 20 < SAID[script]["right"].count("1") < COUNT * 0.95


@pytest.mark.parametrize(
    ("script", "scorer", "asked"),
    [
        ("MUCHOMUSIC", score_muchomusic, predictions.choices),
        ("RU_LISTENING", score_ru_listening, five_options),
        ("VOICE_BENCH_CHOICES", score_voice_bench_choices, predictions.spoken_choices),
    ],
)
def test_what_is_read_is_what_the_scripts_read(
    script: str, scorer: Scorer, asked: Callable[[], Asked]
) -> None:
    made = asked()
    read = [score.official_read_as or "-" for score in scores_of(scorer, made)]
    differing = [
        (text, mine, said)
        for text, mine, said in zip(made.predictions, read, SAID[script]["read"], strict=True)
        if mine != said
    ]
    assert differing == []
    assert all(SAID[script]["read"].count(letter) > COUNT / 50 for letter in "ABCD-")


def test_mmsus_figure_of_each_twelve() -> None:
    """Where an empty one comes before any letter the script breaks off (-)."""
    asked, told = predictions.choices(), SAID["MMSU"]["right_of_counted"].split()
    assert len(told) == COUNT // SET_SIZE
    assert 5 < told.count("-") < 20
    for number, said in enumerate(told):
        some = slice(number * SET_SIZE, (number + 1) * SET_SIZE)
        scores = score_letters(asked.items[some], asked.predictions[some])
        pairs = [score.official for score in scores if score.official]
        counted = f"{sum(p[0] for p in pairs):.0f}/{sum(p[1] for p in pairs):.0f}"
        if said == "-":
            counting = [pair[1] for pair in pairs].index(1.0)
            assert asked.predictions[some][counting].strip() in ("", "None")
        else:
            assert counted == said, number


def test_breakdowns_that_the_scripts_print() -> None:
    choices, yes_no = predictions.choices(), predictions.yes_or_no()
    mmar = _figures(choices, scores_of(score_token_sets, choices))
    for name, figure in SAID["MMAR"]["figures"].items():
        group = "" if name == "Total" else f"sub-category={name}"
        assert round(mmar[group], 2) == figure
    cmm = _figures(yes_no, scores_of(score_yes_no, yes_no), both=True)
    for level, figures in SAID["CMM"]["figures"].items():
        names = (f"{level}, yes", f"{level}, no", f"granularity={level}")
        assert [round(cmm[name] / 100, 4) for name in names] == figures


def test_muchomusics_accuracy_instruction_following_and_kinds() -> None:
    choices = predictions.choices()
    scores = scores_of(score_muchomusic, choices)
    figures, said = _figures(choices, scores), SAID["MUCHOMUSIC"]["figures"]
    assert figures[""] == pytest.approx(100 * said["accuracy"])
    rate = benchmarks()["muchomusic"].metric.official_rate
    assert official_rate(scores, rate) == pytest.approx(100 * said["answered"])
    for kind in ("knowledge", "reasoning"):
        of_kind = [
            score
            for item, score in zip(choices.items, scores, strict=True)
            if item.groups[1][1] in (kind, "both")
        ]
        assert official_figure(of_kind, 100) == pytest.approx(100 * said[kind])


def test_voicebenchs_fail() -> None:
    scores = scores_of(score_voice_bench_choices, predictions.spoken_choices())
    rate = benchmarks()["voicebench-openbookqa"].metric.official_rate
    said = SAID["VOICE_BENCH_CHOICES"]["figures"]["fail"]
    assert official_rate(scores, rate) == pytest.approx(said)


def test_every_benchmarks_script_is_one_that_was_asked() -> None:
    used = {each.metric.script for each in benchmarks().values() if each.metric.script}
    assert used == {SCRIPTS[name] for name in ASKING}


def test_the_docs_name_each_script_and_its_commit() -> None:
    page = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    for name, script in SCRIPTS.items():
        row = f"| {script.repository}, {script.path} | {script.commit[:7]}, {script.date} |"
        assert f"{row} {script.licence or 'none is named'} |" in page, name
        assert len(script.commit) == 40


def _figures(asked: Asked, scores: list[Score], both: bool = False) -> dict[str, float]:
    """Official figures by group, and by the values of the two groups where `both`."""
    members: dict[str, list[Score]] = {"": list(scores)}
    for item, score in zip(asked.items, scores, strict=True):
        for name, value in item.groups:
            members.setdefault(f"{name}={value}", []).append(score)
        if both:
            name = f"{item.groups[1][1]}, {item.groups[0][1]}"
            members.setdefault(name, []).append(score)
    return {name: official_figure(found, 100) or 0.0 for name, found in members.items()}
