"""Views that join what analysts ask for together, in each dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.sql.column_types import Dialect, quoted_text
from schemas.sql.definitions import relation


@dataclass(frozen=True)
class JoinedView:
    """A view, written once: what differs between the dialects stands in braces.

    {recordings} is a table; {lines:TEXT:ORDER} a group's texts in that order, one a line;
    {entry:LIST:NAME} with {each:LIST:NAME} a row for each entry of a list, in a column NAME;
    {entry_of:A, B:NAME} with {each_of:A, B:NAME} a row for each of these columns;
    {no_texts} a list of texts without any; {texts_where:TEXT:CONDITION} a group's texts that meet
    it, NULL where none does; {mended:LIST:SET:LIFTED} a list of texts with those of the second and
    without those of the third list; {as_text:NUMBER} a number as text.
    """

    name: str
    description: str
    select: str


ANNOTATED_SEGMENTS = JoinedView(
    "annotated_segments",
    "one row per segment: where it is, what is heard, said and answered, as people corrected it;"
    " several texts of a kind stand one a line",
    """\
SELECT s.corpus, s.date, s.recording_id, r.object_uri, s.segment_id,
  s.start_ms / 1e3 AS start_s, s.end_ms / 1e3 AS end_s, s.speech_ms / 1e3 AS speech_s,
  s.loudness_lufs, s.status, c.caption, t.transcript, a.answers, s.clip_uri
FROM {segments} AS s
JOIN {recordings} AS r
  ON r.corpus = s.corpus AND r.date = s.date AND r.recording_id = s.recording_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, {lines:text:task_id} AS caption
  FROM {corrected_captions} GROUP BY corpus, date, recording_id, segment_id
) AS c
  ON c.corpus = s.corpus AND c.date = s.date AND c.recording_id = s.recording_id
  AND c.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id, {lines:text:task_id} AS transcript
  FROM {corrected_transcripts} GROUP BY corpus, date, recording_id, segment_id
) AS t
  ON t.corpus = s.corpus AND t.date = s.date AND t.recording_id = s.recording_id
  AND t.segment_id = s.segment_id
LEFT JOIN (
  SELECT corpus, date, recording_id, segment_id,
    {lines:CONCAT(task_id, ': ', text):task_id} AS answers
  FROM {corrected_answers} GROUP BY corpus, date, recording_id, segment_id
) AS a
  ON a.corpus = s.corpus AND a.date = s.date AND a.recording_id = s.recording_id
  AND a.segment_id = s.segment_id""",
)

DOUBTFUL_ROWS = JoinedView(
    "doubtful_rows",
    "one row per flag of a caption, transcript or answer, as people corrected it",
    """\
SELECT x.source, x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.task_id, x.flag, x.mean_logprob, x.text
FROM (
  SELECT 'captions' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, {entry:flags:flag}
  FROM {corrected_captions} {each:flags:flag}
  UNION ALL
  SELECT 'transcripts' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, {entry:flags:flag}
  FROM {corrected_transcripts} {each:flags:flag}
  UNION ALL
  SELECT 'answers' AS source, corpus, date, recording_id, segment_id, start_ms, end_ms, task_id,
    mean_logprob, text, {entry:flags:flag}
  FROM {corrected_answers} {each:flags:flag}
) AS x
JOIN {recordings} AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id""",
)

HOURS_BY_NIGHT = JoinedView(
    "hours_by_night",
    "one row per corpus and archive day: what came in, what was annotated, what failed",
    """\
SELECT corpus, date, SUM(recordings) AS recordings, SUM(duration_ms) / 3.6e6 AS hours,
  SUM(annotated_ms) / 3.6e6 AS annotated_hours, SUM(failures) AS failures
FROM (
  SELECT corpus, date, 1 AS recordings, duration_ms, annotated_ms, 0 AS failures
  FROM {recordings}
  UNION ALL
  SELECT corpus, date, 0 AS recordings, 0 AS duration_ms, 0 AS annotated_ms, 1 AS failures
  FROM {failures}
) AS x
GROUP BY corpus, date""",
)

CHOICES_BY_NIGHT = JoinedView(
    "choices_by_night",
    "how often each option of a multiple-choice question was chosen; share is of all choices",
    """\
SELECT corpus, date, task_id, choice, COUNT(*) AS answers,
  1e0 * COUNT(*) / SUM(COUNT(*)) OVER (PARTITION BY corpus, date, task_id) AS share
FROM {corrected_answers}
WHERE choice <> ''
GROUP BY corpus, date, task_id, choice""",
)

HEARD_EVENTS = JoinedView(
    "heard_events",
    "one row per event as people corrected it, with its recording's address",
    """\
SELECT e.corpus, e.date, e.recording_id, r.object_uri, e.event_id,
  e.start_ms / 1e3 AS start_s, e.end_ms / 1e3 AS end_s, e.kind, e.label, e.loudness_lufs, e.caption
FROM {corrected_events} AS e
JOIN {recordings} AS r
  ON r.corpus = e.corpus AND r.date = e.date AND r.recording_id = e.recording_id""",
)

SPOKEN_TURNS = JoinedView(
    "spoken_turns",
    "one row per turn of a speaker, with the name that the voice was given, or a person gave who"
    " speaks there, and its recording's address",
    """\
SELECT t.corpus, t.date, t.recording_id, r.object_uri, t.start_ms / 1e3 AS start_s,
  t.end_ms / 1e3 AS end_s, t.channel, t.voice, t.speaker, t.name, t.confidence, t.is_overlap
FROM {corrected_speaker_turns} AS t
JOIN {recordings} AS r
  ON r.corpus = t.corpus AND r.date = t.date AND r.recording_id = t.recording_id""",
)

SPOKEN_WORDS = JoinedView(
    "spoken_words",
    "one row per aligned word, with the voice that speaks longest in its time",
    """\
SELECT x.corpus, x.date, x.recording_id, r.object_uri, x.segment_id, x.task_id, x.position,
  x.start_ms / 1e3 AS start_s, x.end_ms / 1e3 AS end_s, x.word, x.confidence, x.channel, x.voice,
  x.speaker, x.name
FROM (
  SELECT w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.position, w.start_ms,
    w.end_ms, w.word, w.confidence, w.channel, t.voice, t.speaker, t.name,
    ROW_NUMBER() OVER (
      PARTITION BY w.corpus, w.date, w.recording_id, w.segment_id, w.task_id, w.channel,
        w.position
      ORDER BY LEAST(w.end_ms, t.end_ms) - GREATEST(w.start_ms, t.start_ms) DESC, t.start_ms,
        t.voice
    ) AS place
  FROM {corrected_words} AS w
  LEFT JOIN {corrected_speaker_turns} AS t
    ON t.corpus = w.corpus AND t.date = w.date AND t.recording_id = w.recording_id
    AND t.start_ms < w.end_ms AND t.end_ms > w.start_ms
    AND (t.channel IS NULL OR w.channel IS NULL OR t.channel = w.channel)
) AS x
JOIN {recordings} AS r
  ON r.corpus = x.corpus AND r.date = x.date AND r.recording_id = x.recording_id
WHERE x.place = 1""",
)

JOINED_VIEWS = (
    ANNOTATED_SEGMENTS,
    DOUBTFUL_ROWS,
    HOURS_BY_NIGHT,
    CHOICES_BY_NIGHT,
    HEARD_EVENTS,
    SPOKEN_TURNS,
    SPOKEN_WORDS,
)
_PLACE = re.compile(r"\{([^{}]+)\}")
_NO_TEXTS: dict[Dialect, str] = {
    "duckdb": "CAST([] AS VARCHAR[])",
    "bigquery": "CAST([] AS ARRAY<STRING>)",
    "trino": "CAST(ARRAY[] AS ARRAY(VARCHAR))",
    "athena": "CAST(ARRAY[] AS ARRAY(VARCHAR))",
}


def define_joined(view: JoinedView, dialect: Dialect) -> list[str]:
    """The view's statements in the order in which they run, without semicolons."""
    name, described = relation(view.name, dialect), quoted_text(view.description, dialect)
    select = select_in(view.select, dialect)
    create = f"CREATE OR REPLACE VIEW {name}"
    if dialect == "duckdb":
        return [f"{create} AS\n{select}", f"COMMENT ON VIEW {name} IS {described}"]
    if dialect == "bigquery":
        return [f"{create}\nOPTIONS (description = {described}) AS\n{select}"]
    if dialect == "trino":
        return [f"{create}\nCOMMENT {described} AS\n{select}"]
    return [f"{create} AS\n{select}"]


def select_in(select: str, dialect: Dialect) -> str:
    """A view's select in a dialect. Pure."""
    written = _PLACE.sub(lambda found: _written(found[1], dialect), select)
    return written.replace(" \n", "\n")


def _written(place: str, dialect: Dialect) -> str:
    """What stands in the place of the braces."""
    if place.startswith("lines:"):
        text, order = place.removeprefix("lines:").rsplit(":", 1)
        if dialect == "duckdb":
            return f"STRING_AGG({text}, chr(10) ORDER BY {order})"
        if dialect == "bigquery":
            return f"STRING_AGG({text}, '\\n' ORDER BY {order})"
        return f"ARRAY_JOIN(ARRAY_AGG({text} ORDER BY {order}), chr(10))"
    if place == "no_texts":
        return _NO_TEXTS[dialect]
    kind, *rest = place.split(":")
    if kind in ("as_text", "texts_where", "mended"):
        return _written_of_texts(kind, rest, dialect)
    if kind not in ("entry", "each", "entry_of", "each_of"):
        return relation(place, dialect)
    entries, name = rest
    if kind.endswith("_of"):
        entries = f"[{entries}]" if dialect in ("duckdb", "bigquery") else f"ARRAY[{entries}]"
        kind = kind.removesuffix("_of")
    if dialect == "duckdb":
        # filters on the night go below an unnest in SELECT, and not below one in FROM
        return f"unnest({entries}) AS {name}" if kind == "entry" else ""
    if kind == "entry":
        return name
    return f"CROSS JOIN UNNEST({entries}) AS {name if dialect == 'bigquery' else f'u ({name})'}"


def _written_of_texts(kind: str, given: list[str], dialect: Dialect) -> str:
    """A text or a list of texts."""
    no_texts = _NO_TEXTS[dialect]
    if kind == "as_text":
        return f"CAST({given[0]} AS {'STRING' if dialect == 'bigquery' else 'VARCHAR'})"
    if kind == "texts_where":
        value, condition = given
        if dialect == "bigquery":
            return f"ARRAY_AGG(CASE WHEN {condition} THEN {value} END IGNORE NULLS)"
        return f"ARRAY_AGG({value}) FILTER (WHERE {condition})"
    held = given[0]
    added, taken = (f"COALESCE({name}, {no_texts})" for name in given[1:])
    if dialect == "duckdb":
        kept = f"LIST_FILTER({held}, lambda f: NOT LIST_CONTAINS({taken}, f))"
        return f"LIST_SORT(LIST_DISTINCT(LIST_CONCAT({kept}, {added})))"
    if dialect == "bigquery":
        kept = f"UNNEST(ARRAY_CONCAT({held}, {added})) AS f"
        return f"ARRAY(SELECT DISTINCT f FROM {kept} WHERE f NOT IN UNNEST({taken}) ORDER BY f)"
    return f"ARRAY_SORT(ARRAY_EXCEPT({held} || {added}, {taken}))"
