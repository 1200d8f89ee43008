"""Evaluations as `evaluate` publishes them, of checkpoints that are configurations alone."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from af3core.evaluation.benchmark_registry import benchmark_named
from af3core.storage.address import open_store
from beam_jobs.evaluation import accept_job
from beam_jobs.evaluation.evaluations_table import publish
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from tests.beam_jobs.job_settings import settings_for

MMAR, WORDS = "mmar", "librispeech-clean"
DAY = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
SCORE = tuple[float, float]


def accept_settings(out: str, model: Path, *options: str) -> JobSettings:
    """Settings as the command line gives them."""
    return settings_for("accept", "--out", out, "--model", model, *options)


def evaluated(
    out: str,
    model: Path,
    benchmark: str,
    scores: Sequence[SCORE | None],
    asked: datetime.datetime = DAY,
    options: Sequence[object] = (),
    **decided: Any,
) -> None:
    """Rows of an evaluation as `evaluate` publishes them; None is an item without a score."""
    engine = accept_settings(out, model, *map(str, options)).engine
    items = [f"item-{number}" for number in range(len(scores))]
    settings = {
        "model": engine.checkpoint.name,
        "weights_revision": engine.checkpoint.revision,
        "engine": engine.name,
        "dtype": engine.dtype,
        "prompt_form": "published",
        "judge": "",
        "items": len(items),
        "items_hash": configuration_hash(items),
        **decided,
    }
    found = [
        {
            **{name: "" for name in ("question", "prompt", "prediction", "thinking", "read_as")},
            **{name: "" for name in ("judge_reply", "fault", "error")},
            **{name: [] for name in ("groups", "sounds", "options", "answers", "flags")},
            **{name: None for name in ("official_score", "official_weight", "similarity")},
            "official_read_as": None,
            **{name: settings[name] for name in ("model", "weights_revision", "engine", "dtype")},
            **{name: settings[name] for name in ("prompt_form", "judge")},
            "item_id": item,
            "evaluation_id": configuration_hash([benchmark, settings]),
            "metric": benchmark_named(benchmark).metric.name,
            "score": score and score[0],
            "weight": score and score[1],
            "settings": json.dumps(settings),
            "mean_logprob": None,
            "token_count": 1,
            "run_id": "r0",
            "generated_at": asked,
        }
        for item, score in zip(items, scores, strict=True)
    ]
    publish(open_store(out), benchmark, asked.date().isoformat(), found, "run")


def right(count: int, of: int = 10) -> list[SCORE | None]:
    """So many items right."""
    return [(float(number < count), 1.0) for number in range(of)]


def passes(out: str, model: Path, *options: str) -> dict[str, Any]:
    return accept_job.run(accept_settings(out, model, "--benchmarks", MMAR, *options)).facts


def configuration(folder: Path) -> Path:
    """A checkpoint without weights: the gate needs none. Another name is another revision."""
    folder.mkdir()
    config = {"model_type": "audioflamingo3", "note": folder.name}
    (folder / "config.json").write_text(json.dumps(config))
    return folder
