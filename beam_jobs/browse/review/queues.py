"""Queues of answers that are worth a person's look, each the same for all who work at it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import duckdb

from beam_jobs.browse.data.archive_tables import rows_of
from beam_jobs.browse.review.answer_items import ANSWERS_AS_CORRECTED, items_of

QueueName = Literal["uncertain", "flagged", "sample", "disagreements"]
QUEUES: tuple[QueueName, ...] = get_args(QueueName)
MOST_ITEMS = 1000
DOUBLE_SHARE = 0.2
"""Of a sample, what is given to two people."""
_HASHES = float(1 << 64)


@dataclass(frozen=True)
class Queue:
    """Which answers of a corpus.

    Attributes:
        name: `uncertain` has the answers of which the model was least sure, `flagged` those with
            reasons to doubt, `sample` answers drawn at random, `disagreements` those to which
            another model said something else.
        size: at most so many.
        seed: that the sample is drawn by.
        source: a table of answers; empty is all.
    """

    corpus: str
    name: QueueName
    size: int
    seed: int = 1
    source: str = ""


_DRAWN = (
    "md5($seed || ':' || concat_ws('|', recording_id, source, task_id, start_ms, end_ms,"
    " COALESCE(channel, -1)))"
)
"""Of places, not of rows: what was drawn stays drawn when it is asked anew."""
_OTHERS = f"""\
SELECT m.*, o.others FROM a AS m
JOIN (
  SELECT x.source, x.corpus, x.date, x.recording_id, x.clip_id, x.segment_id, x.task_id, x.model,
    LIST(DISTINCT {{'model': y.model, 'text': CASE WHEN y.original_choice <> ''
      THEN y.original_choice ELSE y.original_text END}}) AS others
  FROM a AS x JOIN ({ANSWERS_AS_CORRECTED}) AS y
    ON x.recording_id = y.recording_id AND x.source = y.source AND x.task_id = y.task_id
    AND x.start_ms = y.start_ms AND x.end_ms = y.end_ms
    AND COALESCE(x.channel, -1) = COALESCE(y.channel, -1) AND x.model <> y.model
    AND CASE WHEN x.original_choice <> '' OR y.original_choice <> ''
      THEN x.original_choice <> y.original_choice
      ELSE lower(trim(x.original_text)) <> lower(trim(y.original_text)) END
  GROUP BY ALL
) AS o USING (source, corpus, date, recording_id, clip_id, segment_id, task_id, model)
ORDER BY mean_logprob NULLS LAST, start_ms"""
_RANKED: Mapping[QueueName, str] = {
    "uncertain": "SELECT * FROM a WHERE mean_logprob IS NOT NULL ORDER BY mean_logprob",
    "flagged": (
        "SELECT * FROM a WHERE len(original_flags) > 0"
        " ORDER BY len(original_flags) DESC, mean_logprob NULLS LAST"
    ),
    "sample": f"SELECT * FROM a ORDER BY {_DRAWN}",
    "disagreements": _OTHERS,
}


def queue_items(connection: duckdb.DuckDBPyConnection, queue: Queue) -> list[dict[str, Any]]:
    """The answers of a queue in its order, as `answer_items` has them; those that were reviewed
    too, so that progress can be told. Disagreements have `others`: model and text.
    """
    order = _RANKED[queue.name]
    ties = ", recording_id, source, task_id, start_ms, end_ms, channel"
    sql = (
        f"WITH a AS (SELECT * FROM ({ANSWERS_AS_CORRECTED}) WHERE corpus = $corpus"
        f" AND ($source = '' OR source = $source)) {order}{ties} LIMIT $size"
    )
    values: dict[str, Any] = {"corpus": queue.corpus, "source": queue.source, "size": queue.size}
    if queue.name == "sample":
        values["seed"] = str(queue.seed)
    return items_of(rows_of(connection, sql, values))


@dataclass(frozen=True)
class SampleWork:
    """What is left of a sample for one person.

    Attributes:
        left: keys of recording and answer that the person is to judge, in order.
        done: how many answers the person judged.
        judged: how many have all the verdicts that they need.
    """

    left: tuple[str, ...]
    done: int
    judged: int


def sample_work(
    keys: Iterable[str], doubled: Iterable[str], judges: Mapping[str, Iterable[str]], person: str
) -> SampleWork:
    """Who judges what: each answer needs one person, a share of them two. Pure.

    Args:
        keys: of the sample's answers, in order.
        doubled: those that need two.
        judges: by key, who judged it in this sample.
        person: whose work it is.
    """
    twice = set(doubled)
    left, done, judged = [], 0, 0
    for key in keys:
        by = set(judges.get(key, ()))
        is_enough = len(by) >= (2 if key in twice else 1)
        judged += is_enough
        if person in by:
            done += 1
        elif not is_enough:
            left.append(key)
    return SampleWork(tuple(left), done, judged)


def is_doubled(key: str, seed: int, share: float = DOUBLE_SHARE) -> bool:
    """Whether an answer of a sample is given to two people: by its place and the seed. Pure."""
    digest = hashlib.sha256(f"double:{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / _HASHES < share
