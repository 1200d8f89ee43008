"""Views of corrections with the rows that they are of, in each dialect.

A correction is of the row of its table and task whose stretch is nearly its own: the two share nine
tenths of what they cover together (of a word, which is short, half, and it is the same word). It is
of one row of a recording at most, and of each recording of the same sound.

Of several that speak of one aspect of a row the latest is shown: of each person the last one; a
`wrong` without a better value hides no value of another person, unless it was settled that it
holds. A value or times hold for the sound; a verdict or a flag for the text that it was said of.
"""

from __future__ import annotations

from schemas.correction_records import LASTING_KINDS, VALUE_KINDS
from schemas.sql.joined_views import JoinedView
from schemas.tables.correctable_tables import CORRECTABLE_TABLES, Correctable
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.night_tables import RECORDINGS

PARTITION = ("corpus", "date", "recording_id")
_UNIFORM = ("clip_id", "segment_id", "task_id", "task_hash")
_SAID = (
    *("correction_id", "batch_id", "kind", "aspect", "old_value", "new_value", "new_word_count"),
    *("new_start_ms", "new_end_ms", "reason", "corrected_by", "corrected_at", "settled_at"),
)
_PLACE = ("source", "task_id", "channel", "start_ms", "end_ms", "settled_value")


def listed(kinds: tuple[str, ...]) -> str:
    """Names as SQL lists them."""
    return ", ".join(f"'{kind}'" for kind in kinds)


def columns(names: tuple[str, ...], of: str) -> str:
    """Columns of a relation, with commas."""
    return ", ".join(f"{of}.{name}" for name in names)


def keys_of(correctable: Correctable) -> tuple[str, ...]:
    """The columns that tell rows of a table apart."""
    return (*PARTITION, *correctable.key)


def _named(correctable: Correctable) -> tuple[str, ...]:
    """Those columns of all answers that a table has."""
    return tuple(name for name in _UNIFORM if correctable.has(name))


def placed_name(table: str) -> str:
    """The view of a table's rows with corrections."""
    return f"placed_{table}"


_OF_RECORDING = "h.recording_id, h.sound_sha256:heard"
_OF_CORRECTION = "k.recording_id, k.sound_sha256:heard"
HEARD_CORRECTIONS = JoinedView(
    "heard_corrections",
    "one row per correction that is not undone, recording that it is of, and reason: identifier or"
    " sound",
    f"""\
SELECT {columns(PARTITION, "r")},
  {columns((*_SAID, *_PLACE), "c")}
FROM (
  SELECT {columns(PARTITION, "h")}, {{entry_of:{_OF_RECORDING}}}
  FROM {{recordings}} AS h {{each_of:{_OF_RECORDING}}}
) AS r
JOIN (
  SELECT k.corpus, {columns((*_SAID, *_PLACE), "k")},
    {{entry_of:{_OF_CORRECTION}}}
  FROM {{corrections}} AS k {{each_of:{_OF_CORRECTION}}}
  WHERE k.undone_at IS NULL
) AS c
  ON c.corpus = r.corpus AND c.heard = r.heard
WHERE r.heard <> ''""",
)


def _near(start: str, end: str, of_ten: int) -> str:
    """That a row shares so many tenths with a stretch of a correction."""
    return (
        f"10 * (LEAST(c.{end}, x.end_ms) - GREATEST(c.{start}, x.start_ms))\n"
        f"      >= {of_ten} * (GREATEST(c.{end}, x.end_ms) - LEAST(c.{start}, x.start_ms))"
    )


def _now(correctable: Correctable) -> str:
    """What a row says, in the form of old_value."""
    if correctable.value == "speaker":
        return "COALESCE(x.speaker, CONCAT('voice ', {as_text:x.voice}))"
    if correctable.name == "answers":
        return "CASE WHEN c.kind = 'choice' THEN x.choice ELSE x.text END"
    return f"x.{correctable.value}"


def _nearness(correctable: Correctable) -> str:
    of_ten = 5 if correctable.is_by_value else 9
    near = _near("start_ms", "end_ms", of_ten)
    if correctable.has_times:  # made anew, it may be found where the person said that it is
        moved = _near("new_start_ms", "new_end_ms", of_ten)
        near = f"({near}\n    OR c.new_start_ms IS NOT NULL AND {moved})"
    return near


def _joined(correctable: Correctable) -> str:
    """On what of its place a row is held against a correction, beside the time."""
    on = [f"c.{name} = x.{name}" for name in PARTITION]
    if correctable.has("task_id"):
        on.append("c.task_id = x.task_id")
    if correctable.has("channel"):
        on.append("COALESCE(c.channel, -1) = COALESCE(x.channel, -1)")
    if correctable.is_by_value:
        on.append(f"c.old_value = x.{correctable.value}")
    return " AND ".join(on)


def _placed(correctable: Correctable) -> JoinedView:
    """The rows of a table with the corrections that they have."""
    name, keys, now = correctable.name, keys_of(correctable), _now(correctable)
    named = (*keys, *(each for each in _named(correctable) if each not in keys))
    channel = "x.channel" if correctable.has("channel") else "c.channel"
    row = f"{', '.join(keys)}, aspect, counts"
    fits = f"CASE WHEN {now} IN (c.old_value, COALESCE(c.settled_value, c.old_value)) THEN 1 ELSE 0"
    return JoinedView(
        placed_name(name),
        f"one row per correction and row of {name} that it is of; fits says that the row says what"
        " was corrected, counts that it can be shown, place 1 that it is",
        f"""\
SELECT q.*,
  CASE WHEN counts THEN ROW_NUMBER() OVER (
    PARTITION BY {row} ORDER BY yields, said_at DESC, correction_id DESC
  ) END AS place
FROM (
  SELECT p.*, CASE
      WHEN of_person > 1 THEN 2
      WHEN kind = 'wrong' AND settled_at IS NULL AND MAX(
        CASE WHEN of_person = 1 AND kind IN ({listed(VALUE_KINDS)}) THEN 1 ELSE 0 END
      ) OVER (PARTITION BY {row}) = 1 THEN 1
      ELSE 0
    END AS yields
  FROM (
    SELECT n.*, ROW_NUMBER() OVER (
        PARTITION BY {row}, corrected_by ORDER BY said_at DESC, correction_id DESC
      ) AS of_person
    FROM (
      SELECT m.*, fitting = 1 AS fits,
        kind IN ({listed(LASTING_KINDS)}) OR fitting = 1 AS counts
      FROM (
        SELECT o.*, ROW_NUMBER() OVER (
            PARTITION BY {", ".join(PARTITION)}, correction_id
            ORDER BY fitting DESC, shared_ms DESC, row_end_ms - row_start_ms,
              {", ".join(correctable.key)}
          ) AS nearest
        FROM (
          SELECT {columns(named, "x")}, {channel} AS row_channel,
            x.start_ms AS row_start_ms, x.end_ms AS row_end_ms,
            {columns(_SAID, "c")},
            COALESCE(c.settled_at, c.corrected_at) AS said_at, {now} AS value_now,
            {fits} END AS fitting,
            LEAST(c.end_ms, x.end_ms) - GREATEST(c.start_ms, x.start_ms) AS shared_ms
          FROM {{{name}}} AS x
          JOIN {{{HEARD_CORRECTIONS.name}}} AS c
            ON {_joined(correctable)}
          WHERE c.source = '{name}'
    AND {_nearness(correctable)}
        ) AS o
      ) AS m
      WHERE nearest = 1
    ) AS n
  ) AS p
) AS q""",
    )


PLACED_VIEWS: tuple[JoinedView, ...] = tuple(map(_placed, CORRECTABLE_TABLES))


def _uniform(correctable: Correctable) -> str:
    """The placed rows of a table in the columns that those of all have."""
    own = [name for name in correctable.key if name not in (*_UNIFORM, "start_ms", "end_ms")]
    held = [name if name in _named(correctable) else f"'' AS {name}" for name in _UNIFORM]
    held.append(f"{{as_text:{own[-1]}}} AS row_id" if own else "'' AS row_id")
    said = ", ".join((*_SAID, "said_at", "value_now", "fits", "counts", "yields", "place"))
    return (
        f"SELECT '{correctable.name}' AS source, {', '.join((*PARTITION, *held))},\n"
        f"  row_start_ms, row_end_ms, row_channel, {said}\n"
        f"FROM {{{placed_name(correctable.name)}}}"
    )


def all_placed(correctables: tuple[Correctable, ...]) -> str:
    """What `placed_corrections` selects, of some tables alone."""
    return "\nUNION ALL\n".join(map(_uniform, correctables))


PLACED_CORRECTIONS = JoinedView(
    "placed_corrections",
    "one row per correction that is not undone and row that it is of, of all tables; fits says that"
    " the row says what was corrected, counts that it can be shown, place 1 that it is",
    all_placed(CORRECTABLE_TABLES),
)
PLACED_FROM: tuple[str, ...] = (RECORDINGS.name, CORRECTIONS.name)
"""The tables that placed rows need beside their own."""
