"""Scored items as rows of the table `evaluations`, and the table's own upkeep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.storage.store import Store
from beam_jobs.derived import Row
from beam_jobs.evaluations.evaluation import Evaluation
from beam_jobs.evaluations.predicting import prompt_of
from beam_jobs.parquet import decode_rows, encode_table
from schemas import layout
from schemas.evaluation_tables import EVALUATIONS


def row_of(
    evaluation: Evaluation, item: Item, prediction: Row, score: Score, reply: str = ""
) -> Row:
    """One item's row."""
    benchmark, decided = evaluation.benchmark, evaluation.decided
    # where the publisher keeps the answers there is nothing to score
    metric = benchmark.metric
    is_scored = bool(item.answers) or metric.judging is not None or not metric.needs_answers
    official = (is_scored and score.official) or (None, None)
    return {
        "item_id": item.item_id,
        "evaluation_id": evaluation.evaluation_id,
        "groups": [f"{name}={value}" for name, value in item.groups],
        "sounds": [sound.key or sound.made for sound in item.sounds],
        "question": item.question,
        "options": list(item.options),
        "answers": list(item.answers),
        "prompt": prompt_of(benchmark, item, evaluation.settings.evaluating.thinking),
        "metric": metric.name,
        "read_as": score.read_as,
        "score": score.value if is_scored else None,
        "weight": score.weight if is_scored else None,
        "official_score": official[0],
        "official_weight": official[1],
        "similarity": score.parts.get("similarity"),
        "judge_reply": reply,
        "fault": "; ".join(evaluation.faults.get(item.item_id, ())),
        "settings": json.dumps(decided, sort_keys=True),
        **{name: decided[name] for name in _DECIDED},
        **{name: prediction[name] for name in _PREDICTED},
    }


_DECIDED = ("model", "weights_revision", "engine", "dtype", "prompt_form", "judge")
_PREDICTED = (
    "prediction",
    "thinking",
    "error",
    "flags",
    "mean_logprob",
    "token_count",
    "run_id",
    "generated_at",
)


def publish(store: Store, benchmark: str, date: str, rows: Sequence[Row]) -> str:
    """Put an evaluation's rows in the place of its earlier ones; gives the object's key.

    Rows of other evaluations of the benchmark stay.
    """
    mine = {row["evaluation_id"] for row in rows}
    key = layout.shard_key(EVALUATIONS.name, benchmark, date, 0, 1)
    with store.claim(layout.claim_key("evaluations", benchmark)):
        for held in set(_keys(store, benchmark)) - {key}:
            earlier = _rows(store, held)
            others = [row for row in earlier if row["evaluation_id"] not in mine]
            if len(others) < len(earlier):
                store.write(held, encode_table(EVALUATIONS, others))
        others = [row for row in _rows(store, key) if row["evaluation_id"] not in mine]
        store.write(key, encode_table(EVALUATIONS, [*others, *rows]))
    return key


def evaluated_rows(store: Store, benchmark: str) -> list[Row]:
    """All rows of a benchmark."""
    return [row for key in _keys(store, benchmark) for row in _rows(store, key)]


def evaluated_benchmarks(store: Store) -> list[str]:
    """Names of the benchmarks that there are rows of."""
    [keys] = store.walk([f"tables/{EVALUATIONS.name}/"])
    return sorted({key.split("/")[2].removeprefix("corpus=") for key in keys})


def by_evaluation(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """Rows by evaluation, each in the order of items."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["evaluation_id"], []).append(row)
    return found


def _keys(store: Store, benchmark: str) -> list[str]:
    [keys] = store.walk([f"tables/{EVALUATIONS.name}/corpus={benchmark}/"])
    return sorted(key for key in keys if layout.shard_count_of(key))


def _rows(store: Store, key: str) -> list[Row]:
    try:
        with store.open(key) as file:
            return decode_rows(file)
    except FileNotFoundError:
        return []
