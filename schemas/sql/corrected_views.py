"""Views of answers as people corrected them, in each dialect: the original stays beside it.

A correction is of the answer of its task whose stretch is nearly its own: the two share nine tenths
of what they cover together. Of several that speak of one aspect of an answer the latest is shown. A
text or an option holds for the sound; a verdict or a flag for the one text that it was said of.
"""

from __future__ import annotations

from schemas.correction_records import FLAG_KINDS, VALUE_KINDS
from schemas.sql.joined_views import JoinedView
from schemas.tables.columns import Table
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.night_tables import ANSWER_TABLES, BY_NAME

_KEY = (
    *("corpus", "date", "recording_id", "clip_id", "segment_id"),
    *("task_id", "task_hash"),
)
_CORRECTED = ", ".join(f"'{kind}'" for kind in VALUE_KINDS)
_FLAGS = ", ".join(f"'{kind}'" for kind in FLAG_KINDS)


def _same(one: str, other: str) -> str:
    """That two rows are of one answer."""
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _KEY)


def _keys(of: str) -> str:
    return ", ".join(f"{of}.{name}" for name in _KEY)


def _answers_of(name: str) -> str:
    choice = "choice" if name == "answers" else "'' AS choice"
    return (
        f"    SELECT '{name}' AS source, {', '.join(_KEY)},\n      start_ms, end_ms,"
        f" channel, text, {choice}\n    FROM {{{name}}}"
    )


_ANSWERS = "\n    UNION ALL\n".join(map(_answers_of, ANSWER_TABLES))
_NOW = "CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END"

PLACED_CORRECTIONS = JoinedView(
    "placed_corrections",
    "one row per correction that is not undone and answer that it is of; fits says that the model's"
    " answer is the one that was corrected, counts that it can be shown, place 1 that it is",
    f"""\
SELECT p.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY source, {", ".join(_KEY)}, aspect, counts
    ORDER BY corrected_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT x.source, {_keys("x")},
    c.correction_id, c.batch_id, c.kind, c.aspect, c.old_value, c.new_value, c.new_word_count,
    c.reason, c.corrected_by, c.corrected_at, {_NOW} AS value_now,
    {_NOW} = c.old_value AS fits,
    c.kind IN ({_CORRECTED}) OR {_NOW} = c.old_value AS counts
  FROM (
{_ANSWERS}
  ) AS x
  JOIN {{corrections}} AS c
    ON c.corpus = x.corpus AND c.recording_id = x.recording_id AND c.source = x.source
    AND c.task_id = x.task_id AND COALESCE(c.channel, -1) = COALESCE(x.channel, -1)
  WHERE c.undone_at IS NULL
    AND 10 * (LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms))
      >= 9 * (GREATEST(c.end_ms, x.end_ms) - LEAST(c.start_ms, x.start_ms))
) AS p""",
)

_SHOWN = "SELECT * FROM {placed_corrections} WHERE source = '%s' AND place = 1"


def _column(name: str) -> str:
    """A column of an answer, corrected."""
    if name == "text":
        return f"CASE WHEN v.kind IN ({_CORRECTED}) THEN v.new_value ELSE t.text END AS text"
    if name == "choice":
        return "CASE WHEN v.kind = 'choice' THEN v.new_value ELSE t.choice END AS choice"
    if name == "word_count":
        return (
            f"CASE WHEN v.kind IN ({_CORRECTED}) THEN v.new_word_count ELSE t.word_count END"
            " AS word_count"
        )
    if name == "flags":
        return (
            "CASE WHEN g.task_id IS NULL THEN t.flags ELSE COALESCE(f.flags, {no_texts}) END"
            " AS flags"
        )
    return f"t.{name}"


def _corrected(table: Table) -> JoinedView:
    """A table of answers as people corrected it."""
    name = table.name
    columns = [_column(c.name) for c in table.columns]
    original = ["t.text AS original_text", "t.flags AS original_flags"]
    original += ["t.choice AS original_choice"] if name == "answers" else []
    shown = _SHOWN % name
    flagged = f"SELECT DISTINCT {', '.join(_KEY)} FROM ({shown} AND kind IN ({_FLAGS})) AS s"
    return JoinedView(
        f"corrected_{name}",
        f"{name} with what people corrected in the place of it; original_… is what the model gave",
        f"""\
SELECT t.corpus, t.date,
  {(chr(10) + "  ").join(f"{column}," for column in [*columns, *original])}
  v.kind AS correction, v.correction_id, v.corrected_by, v.corrected_at,
  v.reason AS correction_reason, v.old_value AS corrected_from, v.fits AS correction_fits
FROM {{{name}}} AS t
LEFT JOIN ({shown} AND aspect = 'value') AS v
  ON {_same("v", "t")}
LEFT JOIN ({flagged}) AS g
  ON {_same("g", "t")}
LEFT JOIN (
  SELECT {_keys("k")}, ARRAY_AGG(k.flag ORDER BY k.flag) AS flags
  FROM (
    SELECT {_keys("u")}, u.flag
    FROM (
      SELECT {_keys("o")}, {{entry:o.flags:flag}}
      FROM {{{name}}} AS o
      JOIN ({flagged}) AS q
        ON {_same("q", "o")} {{each:o.flags:flag}}
    ) AS u
    LEFT JOIN ({shown} AND kind IN ({_FLAGS})) AS l
      ON {_same("l", "u")} AND l.new_value = u.flag
    WHERE l.correction_id IS NULL
    UNION ALL
    SELECT {_keys("a")}, a.new_value AS flag
    FROM ({shown} AND kind = 'flag_set') AS a
  ) AS k
  GROUP BY {_keys("k")}
) AS f
  ON {_same("f", "t")}""",
    )


CORRECTED_VIEWS: tuple[JoinedView, ...] = (
    PLACED_CORRECTIONS,
    *(_corrected(BY_NAME[name]) for name in ANSWER_TABLES),
)
"""In the order in which they are made."""
CORRECTED_TABLES: tuple[str, ...] = (*ANSWER_TABLES, CORRECTIONS.name)
"""The tables that they read, all of them."""
