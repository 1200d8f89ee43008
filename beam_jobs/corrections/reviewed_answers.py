"""The answers that a person looked at: what the model says, and what is true.

tables and corrections ──► one `ReviewedAnswer` for each answer with a verdict or a value

Measured quality, `af3 export --reviewed-only` and `af3 tune` read these rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from af3core.evaluation.scorers.option_text import named_option
from af3core.storage.address import store_at
from beam_jobs.corrections.quality_sample import is_sampled
from beam_jobs.framework.settings import FIRST_DATE, LAST_DATE
from beam_jobs.framework.table_snapshot import take_snapshot
from beam_jobs.framework.views import ask_snapshot
from schemas import layout
from schemas.correction_records import VALUE_KINDS
from schemas.sql.corrected_views import CORRECTED_TABLES
from schemas.sql.placed_views import placed_name
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.night_tables import ANSWER_TABLES

AnswerKey = tuple[str, str, str, str, str, str]
"""Recording, clip, segment, task, identity of the task, table."""

_COMMON = (
    *("recording_id", "clip_id", "segment_id", "task_id", "task_hash", "prompt_id", "start_ms"),
    *("end_ms", "model", "weights_revision", "engine", "text"),
)
_REVIEWS = """\
WITH answer AS ({answers}), placed AS ({placed}), review AS (
  SELECT p.*, c.content_sha256
  FROM placed AS p JOIN corrections AS c USING (correction_id)
  WHERE p.corpus = $corpus AND CAST(p.date AS VARCHAR) BETWEEN $since AND $until
    AND p.aspect = 'value' AND (p.counts OR p.kind = 'right')
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY p.source, p.date, p.recording_id, p.clip_id, p.segment_id, p.task_id, p.task_hash
    ORDER BY p.place = 1 DESC NULLS LAST, p.said_at DESC, p.correction_id DESC
  ) = 1
)
SELECT a.*, CAST(a.date AS VARCHAR) AS day, r.kind, r.fits, r.old_value, r.new_value, r.reason,
  r.content_sha256
FROM review AS r JOIN answer AS a
  USING (corpus, source, date, recording_id, clip_id, segment_id, task_id, task_hash)
ORDER BY day, recording_id, start_ms, source, task_id, task_hash, clip_id, segment_id"""


@dataclass(frozen=True)
class ReviewedAnswer:
    """An answer of the model, and what a person said of it.

    Attributes:
        date: archive day.
        content_sha256: of the recording's bytes.
        source: table of the answer.
        text, choice: the model's own, as the table has them now.
        options: of a multiple-choice question; else none.
        language: of a transcript, as the table has it; else empty.
        kind: of the correction: text, empty, choice, right or wrong.
        truth: the text or the option that a person gave or confirmed; None where it was only said
            to be wrong.
        is_right: whether the model's answer is right; None where nobody said so of this text.
        is_sampled: it was looked at because it was drawn, and not because somebody saw an error.
    """

    date: str
    recording_id: str
    content_sha256: str
    clip_id: str
    segment_id: str
    source: str
    task_id: str
    task_hash: str
    prompt_id: str
    start_ms: int
    end_ms: int
    model: str
    weights_revision: str
    engine: str
    text: str
    choice: str
    options: tuple[str, ...]
    language: str
    kind: str
    truth: str | None
    is_right: bool | None
    is_sampled: bool

    @property
    def key(self) -> AnswerKey:
        """Of the row in its table."""
        return (
            self.recording_id,
            self.clip_id,
            self.segment_id,
            self.task_id,
            self.task_hash,
            self.source,
        )


def reviewed_answers(
    out: str, corpus: str, since: str = FIRST_DATE, until: str = LAST_DATE
) -> tuple[ReviewedAnswer, ...]:
    """The reviewed answers of an interval, by day, recording and time.

    Flags that a person set or lifted are no review of an answer.

    Raises:
        StorageError: the tables cannot be read.
    """
    store = store_at(out)
    # most corpora have none: one listing says so
    if not take_snapshot(store, [CORRECTIONS.name], corpus).stamps:
        return ()
    snapshot = take_snapshot(store, CORRECTED_TABLES, corpus)
    corrections = set(snapshot.shards(CORRECTIONS.name, corpus))
    # a recording that moved to another day keeps its corrections
    wanted = snapshot.only(
        lambda key: key in corrections or since <= layout.date_of_shard(key) <= until
    )
    interval = {"corpus": corpus, "since": since, "until": until}

    def ask(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
        found = connection.sql(
            _REVIEWS.format(answers=_answers(), placed=_placed()), params=interval
        )
        rows: list[dict[str, Any]] = found.to_arrow_table().to_pylist()
        return rows

    return tuple(map(_reviewed, ask_snapshot(out, wanted, CORRECTED_TABLES, ask)))


def _placed() -> str:
    """The corrections of answers, with the answers that they are of."""
    return " UNION ALL BY NAME ".join(
        f"SELECT '{name}' AS source, * FROM {placed_name(name)}" for name in ANSWER_TABLES
    )


def _answers() -> str:
    """The answers of all tables in one form."""
    own = {"captions": ("''", "[]", "''"), "transcripts": ("''", "[]", "language")}
    own |= {"answers": ("choice", "options", "''")}
    common = ", ".join(("corpus", "date", *_COMMON))
    return " UNION ALL ".join(
        f"SELECT '{name}' AS source, {common}, {choice} AS choice, CAST({options} AS VARCHAR[])"
        f" AS options, COALESCE({language}, '') AS language FROM {name}"
        for name, (choice, options, language) in own.items()
    )


def _reviewed(row: dict[str, Any]) -> ReviewedAnswer:
    options = tuple(row["options"])
    truth = _truth(row, options)
    return ReviewedAnswer(
        date=row["day"],
        **{name: row[name] for name in _COMMON},
        content_sha256=row["content_sha256"],
        source=row["source"],
        choice=row["choice"],
        options=options,
        language=row["language"],
        kind=row["kind"],
        truth=truth,
        is_right=_is_right(row, truth, options),
        is_sampled=is_sampled(row["reason"]),
    )


def _truth(row: dict[str, Any], options: Sequence[str]) -> str | None:
    """What is true of the sound; a confirmed answer stays so when another model says more."""
    if row["kind"] in VALUE_KINDS:
        return str(row["new_value"])
    if row["kind"] != "right":
        return None
    said = str(row["old_value"])
    return (named_option(said, options) or None) if options else said


def _is_right(row: dict[str, Any], truth: str | None, options: Sequence[str]) -> bool | None:
    """Whether the answer that is there now is right, as far as a person said so.

    An option is compared with the right one. A caption or an open answer that a person put into
    other words counts as wrong; of words that nobody looked at nothing is known.
    """
    if truth is None:
        return False if row["fits"] else None
    said = row["choice"] if options else row["text"]
    if _bare(said) == _bare(truth):
        return True
    if options or row["source"] == "transcripts" or row["fits"]:
        return False
    return None


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()
