"""Ask a model a benchmark's items and score its answers by the official rules.

data ──► items asked (ledger) ──► judged (ledger) ──► scored ──► tables/evaluations

Run again, nothing is asked twice: what is missing is asked, and all is scored anew.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import apache_beam as beam

from af3core.errors import Af3Error
from af3core.evaluation.registry import benchmark_named
from af3core.evaluation.score import Score
from af3core.model.engines import load_engine
from af3core.storage.address import open_store
from beam_jobs.derived import (
    SHOWN_FAILURES,
    Derivation,
    Piece,
    Row,
    found_in_ledger,
    key_of,
    make_one,
    work_of,
)
from beam_jobs.evaluations import judging, predicting
from beam_jobs.evaluations.evaluation import Evaluation, read_evaluation
from beam_jobs.evaluations.figures import facts_of, lines_of
from beam_jobs.evaluations.judging import JUDGING, REPLIES, NotJudged
from beam_jobs.evaluations.predicting import ASKING, PREDICTIONS
from beam_jobs.evaluations.table import publish, row_of
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.progress import shown
from beam_jobs.rows import timestamp
from beam_jobs.running import run_pipeline, spread
from beam_jobs.settings import NightSettings


class NotAnswered(Af3Error):
    """Items could not be asked; what is answered is kept."""


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Evaluate, and keep the scored items in the table `evaluations`.

    Raises:
        ConfigurationError: the benchmark is unknown, or its data or its judge is missing.
        BenchmarkData: the data is not as published.
        NotJudged: the judge did not answer about all predictions.
    """
    benchmark = benchmark_named(settings.evaluating.benchmark)
    judge = judging.judge_of(benchmark, settings)
    evaluation = read_evaluation(benchmark, settings)
    if judge:
        load_engine(judge)  # a server that is not there is said before any work
    pieces = predicting.pieces_of(benchmark, evaluation.items, evaluation.data, settings)
    asked = _made(ASKING, pieces, settings, beam_arguments)
    predictions = {row["item_id"]: row for row in _rows(ASKING, PREDICTIONS, pieces, settings)}
    if len(predictions) < len(evaluation.items):
        raise NotAnswered(_why(ASKING, pieces, settings))
    replies = _judge(evaluation, predictions, settings, beam_arguments) if judge else {}
    rows = _scored(evaluation, predictions, replies)
    address = _publish(rows, settings)
    facts = facts_of(evaluation, rows) | {"pieces_made": asked}
    return Outcome(facts, [*lines_of(evaluation, facts, rows), f"items: {address}"])


def _made(
    stage: Derivation,
    pieces: Sequence[Piece],
    settings: NightSettings,
    beam_arguments: Sequence[str],
) -> int:
    """Make the pieces that the ledger lacks; no pipeline is started where it lacks none."""
    store = open_store(settings.out)
    held = store.exists([key_of(piece, stage) for piece in pieces])
    missing = [piece for piece, there in zip(pieces, held, strict=True) if not there]
    if not missing:
        return 0

    def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[object]:
        waiting = pipeline | "Pieces" >> beam.Create(missing)
        return spread(waiting) | "Make" >> beam.Map(make_one, stage, settings)

    work = work_of(pieces, stage, settings, counted="items")
    with shown(stage.stage, work):
        counters = run_pipeline(build, settings, beam_arguments)
    return counters.get("pieces_made", 0)


def _rows(
    stage: Derivation, table: str, pieces: Sequence[Piece], settings: NightSettings
) -> list[Row]:
    """What the ledger holds of the pieces, with the run that made it."""
    entries = Ledger(open_store(settings.out)).derived([key_of(piece, stage) for piece in pieces])
    return [
        row | {"run_id": entry.run_id, "generated_at": timestamp(entry.generated_at)}
        for entry in entries
        if entry is not None
        for row in entry.rows[table]
    ]


def _judge(
    evaluation: Evaluation,
    predictions: dict[str, Row],
    settings: NightSettings,
    beam_arguments: Sequence[str],
) -> dict[str, str]:
    """The judge's reply by item; an item without a prediction is not judged."""
    judge, how = settings.evaluating.judge, evaluation.benchmark.metric.judging
    if judge is None or how is None:
        return {}
    told = [
        (item, predictions[item.item_id]["prediction"])
        for item in evaluation.items
        if predictions[item.item_id]["prediction"]
    ]
    pieces = judging.pieces_of(evaluation.benchmark, how, told, judge)
    _made(JUDGING, pieces, settings, beam_arguments)
    replies = {r["item_id"]: r["reply"] for r in _rows(JUDGING, REPLIES, pieces, settings)}
    if len(replies) < len(told):
        raise NotJudged(_why(JUDGING, pieces, settings))
    return replies


def _why(stage: Derivation, pieces: Sequence[Piece], settings: NightSettings) -> str:
    _, failures = found_in_ledger(list(pieces), stage, settings)
    messages = "; ".join(failure.message for failure in failures[:SHOWN_FAILURES])
    return f"{len(failures)} of {len(pieces)} batches failed ({messages}); run it again"


def _scored(
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
        return judging.judged(metric.judging, [replies.get(item.item_id) for item in items])
    if metric.scorer is None:
        raise TypeError(f"{evaluation.benchmark.name} has neither scorer nor judge")
    return metric.scorer(items, [predictions[item.item_id]["prediction"] for item in items])


def _publish(rows: Sequence[Row], settings: NightSettings) -> str:
    """Below the day when the first item was asked, so that a rerun replaces its own rows."""
    store = open_store(settings.out)
    first: datetime.datetime = min(row["generated_at"] for row in rows)
    key = publish(store, settings.evaluating.benchmark, first.date().isoformat(), rows)
    return store.address(key)


JOB = Job("evaluate", "ask a model a benchmark's items and score its answers", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.evaluate`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.evaluate import main as named

    raise SystemExit(named())
