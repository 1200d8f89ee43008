"""Ask a model a benchmark's items and score its answers by the official rules.

data ──► items asked (ledger) ──► judged (ledger) ──► scored ──► tables/evaluations

Run again, nothing is asked twice: what is missing is asked, and all is scored anew.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import apache_beam as beam

from af3core.errors import Af3Error
from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.evaluation.score import Score
from af3core.model.engines.engine_registry import load_engine
from beam_jobs.evaluation import llm_judge
from beam_jobs.evaluation.evaluation_setup import Evaluation, read_evaluation
from beam_jobs.evaluation.evaluations_table import publish, row_of
from beam_jobs.evaluation.llm_judge import JUDGING, REPLIES, NotJudged
from beam_jobs.evaluation.predictions import ASKING, PREDICTIONS, prediction_pieces
from beam_jobs.evaluation.scored_figures import facts_of, lines_of
from beam_jobs.framework.claimed_work import do_claimed
from beam_jobs.framework.derivation import (
    SHOWN_FAILURES,
    Derivation,
    Piece,
    Row,
    derive_piece,
    found_in_ledger,
    key_of,
    work_of,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.parquet_encoding import timestamp
from beam_jobs.framework.pipeline import run_pipeline
from beam_jobs.framework.progress import show_progress
from beam_jobs.framework.settings import JobSettings
from schemas.options.evaluation import BenchmarkChoice


class NotAnswered(Af3Error):
    """Items could not be asked; what is answered is kept."""


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Evaluate, and keep the scored items in the table `evaluations`.

    Raises:
        ConfigurationError: the benchmark is unknown, or its data or its judge is missing.
        BenchmarkData: the data is not as published.
        NotJudged: the judge did not answer about all predictions.
    """
    benchmark = benchmark_named(settings[BenchmarkChoice].benchmark)
    judge = llm_judge.judge_of(benchmark, settings)
    evaluation = read_evaluation(benchmark, settings)
    if judge:
        load_engine(judge)  # a server that is not there is said before any work
    pieces = prediction_pieces(benchmark, evaluation.items, evaluation.data, settings)
    asked = _make_missing(ASKING, pieces, settings, beam_arguments)
    predictions = {row["item_id"]: row for row in _rows(ASKING, PREDICTIONS, pieces, settings)}
    if len(predictions) < len(evaluation.items):
        raise NotAnswered(_why(ASKING, pieces, settings))
    replies = _judge(evaluation, predictions, settings, beam_arguments) if judge else {}
    rows = _score_rows(evaluation, predictions, replies)
    address = _publish(rows, settings)
    facts = facts_of(evaluation, rows) | {"pieces_made": asked}
    return Outcome(facts, [*lines_of(evaluation, facts, rows), f"items: {address}"])


def _make_missing(
    stage: Derivation,
    pieces: Sequence[Piece],
    settings: JobSettings,
    beam_arguments: Sequence[str],
) -> int:
    """Make the pieces that the ledger lacks; no pipeline is started where it lacks none."""
    held = Ledger(settings.store).derived([key_of(piece, stage) for piece in pieces])
    missing = [piece for piece, rows in zip(pieces, held, strict=True) if rows is None]
    if not missing:
        return 0

    def build(pipeline: beam.Pipeline, settings: JobSettings) -> beam.PCollection[object]:
        waiting = pipeline | "Pieces" >> beam.Create(missing)
        return do_claimed(waiting, "Derive", derive_piece, stage, settings)

    work = work_of(pieces, stage, settings, counted="items")
    with show_progress(stage.stage, work):
        counters = run_pipeline(build, settings, beam_arguments)
    return counters.get("pieces_made", 0)


def _rows(
    stage: Derivation, table: str, pieces: Sequence[Piece], settings: JobSettings
) -> list[Row]:
    """What the ledger holds of the pieces, with the run that made it."""
    entries = Ledger(settings.store).derived([key_of(piece, stage) for piece in pieces])
    return [
        row | {"run_id": entry.run_id, "generated_at": timestamp(entry.generated_at)}
        for entry in entries
        if entry is not None
        for row in entry.rows[table]
    ]


def _judge(
    evaluation: Evaluation,
    predictions: dict[str, Row],
    settings: JobSettings,
    beam_arguments: Sequence[str],
) -> dict[str, str]:
    """The judge's reply by item; an item without a prediction is not judged."""
    judge, how = settings.language_model, evaluation.benchmark.metric.judging
    if judge is None or how is None:
        return {}
    told = [
        (item, predictions[item.item_id]["prediction"])
        for item in evaluation.items
        if predictions[item.item_id]["prediction"]
    ]
    pieces = llm_judge.reply_pieces(evaluation.benchmark, how, told, judge)
    _make_missing(JUDGING, pieces, settings, beam_arguments)
    replies = {r["item_id"]: r["reply"] for r in _rows(JUDGING, REPLIES, pieces, settings)}
    if len(replies) < len(told):
        raise NotJudged(_why(JUDGING, pieces, settings))
    return replies


def _why(stage: Derivation, pieces: Sequence[Piece], settings: JobSettings) -> str:
    _, failures = found_in_ledger(list(pieces), stage, settings)
    messages = "; ".join(failure.message for failure in failures[:SHOWN_FAILURES])
    return f"{len(failures)} of {len(pieces)} batches failed ({messages}); run it again"


def _score_rows(
    evaluation: Evaluation, predictions: dict[str, Row], replies: dict[str, str]
) -> list[Row]:
    items = evaluation.items
    scores = _scores(evaluation, predictions, replies)
    return [
        row_of(evaluation, item, predictions[item.item_id], score, replies.get(item.item_id, ""))
        for item, score in zip(items, scores, strict=True)
    ]


def _scores(
    evaluation: Evaluation, predictions: dict[str, Row], replies: dict[str, str]
) -> list[Score]:
    metric, items = evaluation.benchmark.metric, evaluation.items
    if metric.judging:
        return llm_judge.reply_scores(metric.judging, [replies.get(item.item_id) for item in items])
    if metric.scorer is None:
        raise TypeError(f"{evaluation.benchmark.name} has neither scorer nor judge")
    return metric.scorer(items, [predictions[item.item_id]["prediction"] for item in items])


def _publish(rows: Sequence[Row], settings: JobSettings) -> str:
    """Below the day when the first item was asked, so that a rerun replaces its own rows."""
    store = settings.store
    first: datetime.datetime = min(row["generated_at"] for row in rows)
    benchmark = settings[BenchmarkChoice].benchmark
    key = publish(store, benchmark, first.date().isoformat(), rows, settings.run_id)
    return store.address(key)
