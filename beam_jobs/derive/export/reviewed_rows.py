"""Answers as people confirmed or corrected them, in the place of what the model said. Pure."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beam_jobs.corrections.reviewed_answers import AnswerKey, ReviewedAnswer

Row = dict[str, Any]
NOT_REVIEWED = "that nobody reviewed"
NO_TRUTH = "said to be wrong, without what is right"
OTHER_THINKING = "of thinking that leads to another answer"


@dataclass(frozen=True)
class ExportReview:
    """What is known of an exported answer that a person looked at.

    Attributes:
        kind: of the correction: text, empty, choice or right.
        answer: what is true: a text, or one of the options.
        is_sampled: it was looked at because it was drawn.
        source: table of the answer.
        options: of a multiple-choice question.
        language: of a transcript; else empty.
    """

    kind: str
    answer: str
    is_sampled: bool
    source: str
    options: tuple[str, ...]
    language: str

    def to_json(self) -> Row:
        """As a record of an export has it; no name of a person is in it."""
        return {
            "kind": self.kind,
            "answer": self.answer,
            "sampled": self.is_sampled,
            "source": self.source,
            "options": list(self.options),
            "language": self.language,
        }


def by_key(answers: Iterable[ReviewedAnswer]) -> dict[AnswerKey, ReviewedAnswer]:
    """Reviewed answers by the row that they are of."""
    return {answer.key: answer for answer in answers}


def corrected_rows(
    table: str, rows: Iterable[Row], reviewed: Mapping[AnswerKey, ReviewedAnswer]
) -> list[Row]:
    """The rows of a table of answers with their true text, and `review` and `against`.

    `review` is None, and `against` says why, where a row is not to be exported. The flags of a
    reviewed row are the model's doubts about words that a person looked at: they are left out.
    """
    return [_corrected(row, reviewed.get(_key(table, row))) for row in rows]


def _key(table: str, row: Row) -> AnswerKey:
    return (
        *(row["recording_id"], row["clip_id"], row["segment_id"]),
        *(row["task_id"], row["task_hash"], table),
    )


def _corrected(row: Row, answer: ReviewedAnswer | None) -> Row:
    if answer is None or answer.truth is None:
        return row | {"review": None, "against": NO_TRUTH if answer else NOT_REVIEWED}
    if row.get("thinking") and not answer.is_right:
        return row | {"review": None, "against": OTHER_THINKING}
    review = ExportReview(
        kind=answer.kind,
        answer=answer.truth,
        is_sampled=answer.is_sampled,
        source=answer.source,
        options=answer.options,
        language=answer.language,
    )
    text = _as_asked(answer.truth, answer.options)
    changed = {"review": review, "against": "", "text": text, "flags": []}
    return row | changed | {"times_hold": text == row["text"]}


def _as_asked(truth: str, options: tuple[str, ...]) -> str:
    """The answer in the form in which the model is asked for it."""
    if truth not in options:
        return truth
    return f"({string.ascii_uppercase[options.index(truth)]}) {truth}"
