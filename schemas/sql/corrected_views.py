"""Views of tables as people corrected them, in each dialect: the original stays beside it.

Which correction a row has is `schemas/sql/placed_views.py`'s. The rows with one are few: a table is
joined with them once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.correction_records import VALUE_KINDS
from schemas.sql.joined_views import JoinedView
from schemas.sql.placed_views import (
    HEARD_CORRECTIONS,
    PLACED_CORRECTIONS,
    PLACED_VIEWS,
    columns,
    keys_of,
    listed,
    placed_name,
)
from schemas.tables.correctable_tables import CORRECTABLE_TABLES, Correctable
from schemas.tables.correction_tables import CORRECTIONS
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import ANSWER_TABLES, RECORDINGS

_VALUES = listed(VALUE_KINDS)


def corrected_name(table: str) -> str:
    """The view of a table as people corrected it."""
    return f"corrected_{table}"


def _column(name: str, of: Correctable) -> str:
    """A column of a row, corrected."""
    if name == of.value and of.value in ("text", "label", "title"):
        return f"CASE WHEN s.value_kind IN ({_VALUES}) THEN s.value ELSE t.{name} END AS {name}"
    if name == "choice":
        return "CASE WHEN s.value_kind = 'choice' THEN s.value ELSE t.choice END AS choice"
    if name == "word_count":
        return (
            f"CASE WHEN s.value_kind IN ({_VALUES}) THEN s.word_count ELSE t.word_count END"
            " AS word_count"
        )
    if name == "flags" and of.has_flags:
        return (
            "CASE WHEN s.has_flags = 1 THEN {mended:t.flags:s.flags_set:s.flags_lifted}"
            " ELSE t.flags END AS flags"
        )
    if name in ("start_ms", "end_ms") and of.has_times:
        return f"COALESCE(s.new_{name}, t.{name}) AS {name}"
    return f"t.{name}"


def _original(of: Correctable) -> list[str]:
    """What the table has of what people can correct."""
    names = [of.value] if of.value in ("text", "label", "title") else []
    names += ["flags"] if of.has_flags else []
    names += ["choice"] if of.has("choice") else []
    names += ["start_ms", "end_ms"] if of.has_times else []
    return [f"t.{name} AS original_{name}" for name in names]


def _of_aspect(aspect: str, column: str, name: str) -> str:
    return f"MAX(CASE WHEN aspect = '{aspect}' THEN {column} END) AS {name}"


_NEWEST = (
    *("kind", "correction_id", "corrected_by", "corrected_at", "reason", "old_value", "fits"),
)
_SHOWN = ",\n    ".join(
    [
        _of_aspect("value", "kind", "value_kind"),
        _of_aspect("value", "new_value", "value"),
        _of_aspect("value", "new_word_count", "word_count"),
        _of_aspect("times", "new_start_ms", "new_start_ms"),
        _of_aspect("times", "new_end_ms", "new_end_ms"),
        "MAX(CASE WHEN kind IN ('flag_set', 'flag_lifted') THEN 1 ELSE 0 END) AS has_flags",
        "{texts_where:new_value:kind = 'flag_set'} AS flags_set",
        "{texts_where:new_value:kind = 'flag_lifted'} AS flags_lifted",
        *(f"MAX(CASE WHEN newest = 1 THEN {name} END) AS {name}" for name in _NEWEST),
    ]
)


def _corrected(of: Correctable) -> JoinedView:
    """A table as people corrected it."""
    name, keys = of.name, keys_of(of)
    given = [*(_column(c.name, of) for c in of.table.columns), *_original(of)]
    speakers = ""
    if of.value == "speaker":
        given.append("CASE WHEN s.value_kind = 'name' THEN s.value ELSE v.name END AS name")
        given.append("v.name AS original_name")
        speakers = "\nLEFT JOIN {speakers} AS v\n  ON v.corpus = t.corpus AND v.speaker = t.speaker"
    return JoinedView(
        corrected_name(name),
        f"{name} with what people corrected in the place of it; original_… is what was made",
        f"""\
SELECT t.corpus, t.date,
  {(chr(10) + "  ").join(f"{column}," for column in given)}
  s.kind AS correction, s.correction_id, s.corrected_by, s.corrected_at,
  s.reason AS correction_reason, s.old_value AS corrected_from, s.fits AS correction_fits
FROM {{{name}}} AS t
LEFT JOIN (
  SELECT {columns(keys, "k")},
    {_SHOWN}
  FROM (
    SELECT p.*, CASE WHEN aspect IN ('value', 'times') THEN ROW_NUMBER() OVER (
        PARTITION BY {", ".join(keys)}, aspect IN ('value', 'times')
        ORDER BY said_at DESC, correction_id DESC
      ) END AS newest
    FROM {{{placed_name(name)}}} AS p
    WHERE place = 1
  ) AS k
  GROUP BY {columns(keys, "k")}
) AS s
  ON {" AND ".join(f"s.{key} = t.{key}" for key in keys)}{speakers}""",
    )


CORRECTED_VIEWS: tuple[JoinedView, ...] = (
    HEARD_CORRECTIONS,
    *PLACED_VIEWS,
    PLACED_CORRECTIONS,
    *map(_corrected, CORRECTABLE_TABLES),
)
"""In the order in which they are made."""
CORRECTED_TABLES: tuple[str, ...] = (RECORDINGS.name, *ANSWER_TABLES, CORRECTIONS.name)
"""The tables that the corrected views of answers read, all of them."""
_TABLES = frozenset(table.name for table in ALL_TABLES)
_BRACED = re.compile(r"\{(\w+)\}")


def _read_by() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """By view the tables that it reads, and the views, itself among them."""
    found: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
    for view in CORRECTED_VIEWS:
        names = frozenset(_BRACED.findall(view.select))
        held = [found[name] for name in names if name in found]
        tables = (names & _TABLES).union(*(tables for tables, _ in held))
        found[view.name] = (tables, frozenset({view.name}).union(*(views for _, views in held)))
    return found


_READ_BY = _read_by()


def tables_of_views(names: Iterable[str]) -> frozenset[str]:
    """The tables that those of these names read that are corrected views. Pure."""
    return frozenset[str]().union(*(_READ_BY[name][0] for name in names if name in _READ_BY))


def views_over(tables: Iterable[str]) -> tuple[JoinedView, ...]:
    """The corrected views of which all tables are there, in the order of making. Pure."""
    held = frozenset(tables)
    return tuple(view for view in CORRECTED_VIEWS if _READ_BY[view.name][0] <= held)


def views_for(names: Iterable[str]) -> tuple[JoinedView, ...]:
    """Those of these names that are corrected views, with those that they read, in that order."""
    wanted = frozenset[str]().union(*(_READ_BY[name][1] for name in names if name in _READ_BY))
    return tuple(view for view in CORRECTED_VIEWS if view.name in wanted)
