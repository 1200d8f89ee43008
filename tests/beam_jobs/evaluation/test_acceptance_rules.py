"""The rule of the gate, without tables."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.score import Judging, Metric
from beam_jobs.evaluation.acceptance_rules import (
    EvaluationFigure,
    NotAcceptable,
    figures_against,
    points,
)
from schemas.accepted_models import AcceptedFigure, AcceptedModel, AcceptedModels, ModelIdentity
from tests.beam_jobs.evaluated import DAY, MMAR

OLD, NEW, WORDS = "old", "new", "words"
CHOICES = benchmark_named(MMAR)
BENCHMARKS = {
    MMAR: CHOICES,
    WORDS: dataclasses.replace(
        CHOICES, name=WORDS, metric=Metric("wer", CHOICES.metric.scorer, higher_is_better=False)
    ),
}
DROPS = st.floats(0, 5).map(lambda drop: round(drop, 3))
IDENTITIES = [ModelIdentity(name, name * 8, "af3", "float32") for name in (OLD, NEW)]
FIGURES = st.floats(0, 100, allow_nan=False).map(lambda figure: round(figure, 3))


@given(FIGURES, FIGURES, DROPS, st.sampled_from([MMAR, WORDS]))
def test_a_model_passes_exactly_where_its_drop_is_allowed(
    before: float, now: float, max_drop: float, name: str
) -> None:
    def figure_of(value: float) -> AcceptedFigure:
        return AcceptedFigure(name, "m", value, "e", "published", "", 10, "h")

    held = AcceptedModels((AcceptedModel(IDENTITIES[0], (figure_of(before),), 1.0, "r", "t"),))
    found = {name: [EvaluationFigure(IDENTITIES[1], figure_of(now), DAY)]}
    drop = round((before - now) * (1 if name == MMAR else -1), 6)
    try:
        (one,) = figures_against(IDENTITIES[1], [BENCHMARKS[name]], found, held, max_drop)
        assert drop <= max_drop
        assert (one.figure, one.against_figure) == (now, before)
    except NotAcceptable:
        assert drop > max_drop


def test_the_last_model_that_has_a_figure_is_the_one_to_beat() -> None:
    """A model accepted on fewer benchmarks does not make the others be forgotten."""

    def figure_of(name: str, value: float) -> AcceptedFigure:
        return AcceptedFigure(name, "m", value, "e", "published", "", 10, "h")

    first = AcceptedModel(
        IDENTITIES[0], (figure_of(MMAR, 60.0), figure_of(WORDS, 5.0)), 1.0, "r1", "t"
    )
    second = AcceptedModel(IDENTITIES[1], (figure_of(MMAR, 65.0),), 1.0, "r2", "t")
    candidate = ModelIdentity("third", "3" * 8, "af3", "float32")
    found = {
        MMAR: [EvaluationFigure(candidate, figure_of(MMAR, 64.5), DAY)],
        WORDS: [EvaluationFigure(candidate, figure_of(WORDS, 5.5), DAY)],
    }
    benchmarks = [BENCHMARKS[MMAR], BENCHMARKS[WORDS]]
    held = AcceptedModels((first, second))
    passed = figures_against(candidate, benchmarks, found, held, 1.0)
    assert [one.against_figure for one in passed] == [65.0, 5.0]


def test_records_come_back_as_they_were_written() -> None:
    one = AcceptedFigure(MMAR, "accuracy", 70.0, "e", "published", "", 10, "h", "old (…)", 69.5)
    models = AcceptedModels((AcceptedModel(IDENTITIES[0], (one,), 1.0, "r", "t"),))
    assert AcceptedModels.from_json(json.loads(json.dumps(models.to_json()))) == models


MARKS = Judging(prompt=lambda _item, said: said, read=float, most=5, source="a paper")


@pytest.mark.parametrize(
    ("metric", "difference", "worth"),
    [
        (Metric("accuracy"), 2.0, 2.0),
        (Metric("wer", higher_is_better=False), 2.0, 2.0),
        (Metric("cider_d", scale=1.0), 0.02, 2.0),
        (Metric("judge", judging=MARKS, scale=1.0), 0.1, 2.0),
        (Metric("judge", judging=MARKS, scale=20.0), 2.0, 2.0),
    ],
)
def test_a_point_is_a_hundredth_of_a_perfect_answer(
    metric: Metric, difference: float, worth: float
) -> None:
    assert points(metric, difference) == pytest.approx(worth)
