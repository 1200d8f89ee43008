"""The table of evaluations: what a model answered to a benchmark's items, and what it is worth."""

from __future__ import annotations

import pyarrow as pa

from schemas.tables.columns import (
    ENGINE,
    FLAGS,
    GENERATED_AT,
    RUN,
    TEXTS,
    Column,
    Table,
    count,
    number,
    text,
)

EVALUATIONS = Table(
    "evaluations",
    2,
    "one row per item of a benchmark and evaluation; corpus is the benchmark, date the day when it"
    " was first asked",
    (
        text("item_id", "item of the benchmark, as published"),
        text(
            "evaluation_id", "identity of model, prompt form and settings; equal ones are compared"
        ),
        Column("groups", TEXTS, "what results are also given by, such as task=sound"),
        Column("sounds", TEXTS, "objects of the sounds, below the benchmark's data"),
        text("question", "question as published"),
        Column("options", TEXTS, "options in their published order; empty if open"),
        Column("answers", TEXTS, "all right answers; empty where the publisher keeps them"),
        text("prompt", "what the model was asked"),
        text("prompt_form", "published, or thinking"),
        text("prediction", "what the model answered, thinking taken off"),
        text("thinking", "reasoning before the answer"),
        text("metric", "accuracy, wer, cider_d or judge"),
        text("read_as", "what the metric read out of the prediction"),
        number("score", "what it is worth; a figure is the sum of scores over that of weights"),
        number("weight", "1, or the reference's words; missing where nothing can be scored"),
        number("official_score", "by the official script as it stands, where that differs"),
        number("official_weight", "0 where the official script drops the row"),
        number("similarity", "of a caption to the nearest reference, by their embeddings"),
        text("judge", "model that judged, else empty"),
        text("judge_reply", "what the judge said, else empty"),
        text("fault", "what is wrong with the published item, else empty; it stays in the figure"),
        text("error", "why there is no prediction, else empty; it stays in the figure"),
        FLAGS,
        number("mean_logprob", "mean log-probability of the answer's tokens"),
        count("token_count", "tokens of the answer"),
        text("model", "model that answered"),
        text("weights_revision", "revision of its weights"),
        ENGINE,
        text("dtype", "numbers that it computed in"),
        text("settings", "all that decides the answers, as JSON"),
        RUN,
        GENERATED_AT,
        Column(
            "official_read_as",
            pa.string(),
            "what the official script reads out of the prediction, empty for nothing; missing where"
            " it says right or wrong alone",
            nullable=True,
        ),
    ),
    ("evaluation_id", "item_id"),
)
