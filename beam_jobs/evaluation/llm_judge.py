"""Predictions judged by a language model, each once: replies in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from af3core.errors import Af3Error, ConfigurationError
from af3core.evaluation.benchmark import Benchmark
from af3core.evaluation.item import Item
from af3core.evaluation.score import Judging, Score
from af3core.model.engines.engine_registry import EngineSettings, answers_of
from af3core.model.request import Decoding, Request, Turn
from beam_jobs.evaluation.predictions import listed_by_the_job
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash

STAGE = "judge"
REPLIES = "replies"
_AT_ONCE = 16
_REPLY_TOKENS = 512


class NotJudged(Af3Error):
    """The judge gave no answer to some predictions; run again, what is judged is kept."""


def judge_of(benchmark: Benchmark, settings: JobSettings) -> EngineSettings | None:
    """The judge, where the benchmark needs one.

    Raises:
        ConfigurationError: it needs one and none is given.
    """
    if benchmark.metric.judging is None:
        return None
    judge = settings.language_model
    if judge is None:
        raise ConfigurationError(
            f"{benchmark.title} is scored by a judge: give --judge NAME and --judge-endpoint URL"
            f" ({benchmark.metric.judging.source})"
        )
    return judge


def reply_pieces(
    benchmark: Benchmark, judging: Judging, asked: Sequence[tuple[Item, str]], judge: EngineSettings
) -> list[Piece]:
    """Items and their predictions as what the judge is asked."""
    pieces = []
    for first in range(0, len(asked), _AT_ONCE):
        some = [
            (item.item_id, _instruction(judging, item, prediction))
            for item, prediction in asked[first : first + _AT_ONCE]
        ]
        pieces.append(
            Piece(
                recording_id=configuration_hash(benchmark.name),
                corpus=benchmark.name,
                date="",
                identity=configuration_hash([judge.identity, judge.checkpoint.name, some]),
                evidence=some,
                work_ms=1000 * len(some),
            )
        )
    return pieces


def _instruction(judging: Judging, item: Item, prediction: str) -> str:
    text = judging.prompt(item, prediction)
    return f"{judging.system}\n\n{text}" if judging.system else text


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """Ask the judge about a piece's predictions.

    Raises:
        NotJudged: it did not answer about one of them.
    """
    judge = settings.language_model
    if judge is None:
        raise ConfigurationError("there is no judge")
    requests = [
        Request((), (Turn("user", text),), Decoding(_REPLY_TOKENS)) for _, text in piece.evidence
    ]
    rows: list[Row] = []
    for (name, _), answer in zip(piece.evidence, answers_of(judge, requests), strict=True):
        if isinstance(answer, Af3Error):
            raise NotJudged(f"item {name}: {answer}")
        rows.append({"item_id": name, "reply": answer.text.strip()})
    return PieceRows({REPLIES: rows}, {"items_judged": len(rows)})


def reply_scores(judging: Judging, replies: Sequence[str | None]) -> list[Score]:
    """Replies as scores; a reply without points, or none, counts nothing, in the denominator."""
    points = [judging.read(reply) if reply is not None else None for reply in replies]
    return [Score(value or 0.0, read_as="" if value is None else f"{value:g}") for value in points]


JUDGING = Derivation(STAGE, (), listed_by_the_job, derive_rows)
