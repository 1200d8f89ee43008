"""Scored items as rows of the table `evaluations`, and the table's own upkeep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

import pyarrow as pa

from af3core.evaluation.item import Item
from af3core.evaluation.score import Score
from af3core.storage.store import Store
from beam_jobs.evaluation.evaluation_setup import Evaluation
from beam_jobs.evaluation.predictions import prompt_of
from beam_jobs.framework.derivation import Row
from beam_jobs.framework.parquet_encoding import encode_table, shard_columns, unknown_columns
from beam_jobs.framework.publishing import Assembled, Publisher, Stamps, publish_objects
from schemas import layout
from schemas.options.evaluation import BenchmarkChoice
from schemas.tables.evaluation_tables import EVALUATIONS


def row_of(
    evaluation: Evaluation, item: Item, prediction: Row, score: Score, reply: str = ""
) -> Row:
    """One item's row."""
    benchmark, configuration = evaluation.benchmark, evaluation.configuration
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
        "prompt": prompt_of(benchmark, item, evaluation.settings[BenchmarkChoice].thinking),
        "metric": metric.name,
        "read_as": score.read_as,
        "score": score.value if is_scored else None,
        "weight": score.weight if is_scored else None,
        "official_score": official[0],
        "official_weight": official[1],
        "official_read_as": score.official_read_as if is_scored else None,
        "similarity": score.parts.get("similarity"),
        "judge_reply": reply,
        "fault": "; ".join(evaluation.faults.get(item.item_id, ())),
        "settings": json.dumps(configuration, sort_keys=True),
        **{name: configuration[name] for name in _DECIDED},
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


def publish(store: Store, benchmark: str, date: str, rows: Sequence[Row], run_id: str) -> str:
    """Put an evaluation's rows in the place of its earlier ones; gives the object's key.

    Rows of other evaluations of the benchmark stay. The rows follow from what the ledger holds for
    ever, so that they are the same in each attempt.
    """
    mine = {row["evaluation_id"] for row in rows}
    key = layout.shard_key(EVALUATIONS.name, benchmark, date, 0, 1)

    def assemble(stamps: Stamps) -> Assembled[str]:
        objects: dict[str, bytes | None] = {}
        for held in sorted(stamps.keys() - {key}):
            others, unknown, replaced = _others(store, held, mine)
            if replaced:
                objects[held] = encode_table(EVALUATIONS, others, unknown)
        others, unknown, _ = _others(store, key, mine)
        data = encode_table(EVALUATIONS, [*others, *rows], unknown)
        return Assembled(objects | {key: data}, key)

    def keys() -> set[str]:
        return {*_keys(store, benchmark), key}

    claim_key = layout.claim_key("evaluations", benchmark)
    publisher = Publisher("evaluate", run_id)
    return publish_objects(store, claim_key, publisher, keys, assemble)


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
    [keys] = store.walk([layout.partitions_prefix(EVALUATIONS.name, benchmark)])
    return sorted(key for key in keys if layout.shard_count_of(key))


def _rows(store: Store, key: str) -> list[Row]:
    rows: list[Row] = _read(store, key).to_pylist()
    return rows


def _read(store: Store, key: str) -> pa.Table:
    try:
        return shard_columns(store, key)
    except FileNotFoundError:
        return EVALUATIONS.schema.empty_table()


def _others(store: Store, key: str, mine: Set[str]) -> tuple[list[Row], list[pa.Field[Any]], bool]:
    """An object's rows of other evaluations, the columns of a newer release, and whether it holds
    rows of these ones too.
    """
    data = _read(store, key)
    others = [row for row in data.to_pylist() if row["evaluation_id"] not in mine]
    return others, unknown_columns(EVALUATIONS, data), len(others) < len(data)
