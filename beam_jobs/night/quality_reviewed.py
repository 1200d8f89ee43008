"""Measured quality: what the model gets wrong, by the answers that people looked at.

reviewed answers ──► word errors, right answers ──► by task, model and whether they were drawn
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score, figure
from af3core.evaluation.scorers.word_errors import score_word_errors
from af3core.evaluation.statistics import Interval, grouped_interval, wilson_interval
from beam_jobs.corrections.reviewed_answers import ReviewedAnswer

Measure = Literal["wer", "accuracy"]
_PER_CENT = 100.0
_DIGITS = 2


@dataclass(frozen=True)
class ReviewedMeasure:
    """How good the answers of one task are that one model gave.

    Attributes:
        measure: word errors (`wer`), or answers that are right (`accuracy`).
        is_sampled: of answers that were drawn. Others were looked at because somebody saw them,
            and say nothing of the rest.
        reviewed, recordings: answers that somebody looked at, and recordings that they lie in.
        unmeasured: of these, how many cannot be counted: a transcript that is said to be wrong
            without its words, a text that the model has put into other words since.
        counted: words, or answers, that the figure is of.
        wrong: word errors, or wrong answers.
        figure, low, high: in per cent, with the ends of a 95 % interval: of word errors by drawing
            recordings anew, of answers by Wilson's rule. None where there is nothing to count; of
            one recording's words there is no interval.
    """

    task_id: str
    model: str
    weights_revision: str
    measure: Measure
    is_sampled: bool
    reviewed: int
    recordings: int
    unmeasured: int
    counted: int
    wrong: int
    figure: float | None
    low: float | None
    high: float | None


def measured(answers: Iterable[ReviewedAnswer]) -> tuple[ReviewedMeasure, ...]:
    """The measures of reviewed answers by task, model and whether they were drawn. Pure."""
    groups: dict[tuple[str, str, str, str, bool], list[ReviewedAnswer]] = {}
    for answer in answers:
        of = (answer.task_id, answer.source, answer.model, answer.weights_revision)
        groups.setdefault((*of, answer.is_sampled), []).append(answer)
    return tuple(_measure(groups[key]) for key in sorted(groups, key=_order))


def measure_lines(measures: Iterable[ReviewedMeasure]) -> list[str]:
    """A line for each, for people. Pure."""
    return [f"reviewed    {what}: {text}" for what, text in measure_texts(measures)]


def measure_texts(measures: Iterable[ReviewedMeasure]) -> list[tuple[str, str]]:
    """Of each the task with its model, and the figure with what it is of. Pure."""
    return [(f"{each.task_id}, {each.model}", "; ".join(_said(each))) for each in measures]


def _order(key: tuple[str, str, str, str, bool]) -> tuple[str, str, str, str, bool]:
    """A sample comes before what was not drawn."""
    return (*key[:4], not key[4])


def _measure(answers: Sequence[ReviewedAnswer]) -> ReviewedMeasure:
    first = answers[0]
    is_spoken = first.source == "transcripts"
    kept, scores = _word_scores(answers) if is_spoken else _answer_scores(answers)
    interval = _word_interval(kept, scores) if is_spoken else _answer_interval(scores)
    value = figure(scores, _PER_CENT)
    return ReviewedMeasure(
        task_id=first.task_id,
        model=first.model,
        weights_revision=first.weights_revision,
        measure="wer" if is_spoken else "accuracy",
        is_sampled=first.is_sampled,
        reviewed=len(answers),
        recordings=len({answer.recording_id for answer in answers}),
        unmeasured=len(answers) - len(kept),
        counted=round(sum(score.weight for score in scores)),
        wrong=round(sum(s.value if is_spoken else s.weight - s.value for s in scores)),
        figure=None if value is None else round(value, _DIGITS),
        low=round(interval.low, _DIGITS) if interval else None,
        high=round(interval.high, _DIGITS) if interval else None,
    )


def _word_scores(
    answers: Sequence[ReviewedAnswer],
) -> tuple[list[ReviewedAnswer], list[Score]]:
    kept = [answer for answer in answers if answer.truth is not None]
    items = [
        Item(answer.segment_id, (), "", answers=(answer.truth or "",), groups=_language(answer))
        for answer in kept
    ]
    return kept, score_word_errors(items, [answer.text for answer in kept])


def _language(answer: ReviewedAnswer) -> tuple[tuple[str, str], ...]:
    return (("language", answer.language),) if answer.language else ()


def _answer_scores(
    answers: Sequence[ReviewedAnswer],
) -> tuple[list[ReviewedAnswer], list[Score]]:
    kept = [answer for answer in answers if answer.is_right is not None]
    return kept, [Score(float(bool(answer.is_right))) for answer in kept]


def _word_interval(answers: Sequence[ReviewedAnswer], scores: Sequence[Score]) -> Interval | None:
    by_recording: dict[str, list[Score]] = {}
    for answer, score in zip(answers, scores, strict=True):
        by_recording.setdefault(answer.recording_id, []).append(score)
    return grouped_interval(by_recording, _PER_CENT)


def _answer_interval(scores: Sequence[Score]) -> Interval | None:
    return wilson_interval(round(sum(score.value for score in scores)), len(scores), _PER_CENT)


def _said(each: ReviewedMeasure) -> Iterator[str]:
    if each.figure is not None:
        wrong = "of words wrong" if each.measure == "wer" else "right"
        spread = f" ({each.low:g} to {each.high:g}, 95 %)" if each.low is not None else ""
        yield f"{each.figure:g} % {wrong}{spread}"
        words = f"{each.wrong} errors in {each.counted} words"
        right = f"{each.counted - each.wrong} of {each.counted} answers"
        yield words if each.measure == "wer" else right
    yield f"{each.reviewed} reviewed in {each.recordings} recordings"
    if each.unmeasured:
        yield f"{each.unmeasured} of them not measured, as nobody said what is right"
    if not each.is_sampled:
        yield "not a sample: people look where they see errors"
