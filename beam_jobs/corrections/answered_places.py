"""The rows that corrections can be of: recordings by name, and what is at their places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import duckdb

from af3core.near_names import did_you_mean
from beam_jobs.corrections.given_rows import GivenRow, WrongRow, brief
from beam_jobs.framework.manifests import names_of_recording
from beam_jobs.framework.views import ask_published
from schemas.sql.column_types import quoted_text
from schemas.tables.correctable_tables import CORRECTABLE_TABLES, Correctable
from schemas.tables.night_tables import ANSWER_TABLES, RECORDINGS
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS

_SHOWN = 3
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class KnownRecording:
    """A published recording."""

    recording_id: str
    content_sha256: str
    date: str
    sound_sha256: str


@dataclass(frozen=True)
class AnsweredPlace:
    """A row that can be corrected, where it is: an answer, an event, a word, a turn or a chapter.

    Attributes:
        text: what it says; of a turn the identity of the voice.
        name: that a voice was given.
    """

    source: str
    task_id: str
    start_ms: int
    end_ms: int
    channel: int | None
    text: str
    choice: str
    options: tuple[str, ...]
    flags: tuple[str, ...]
    name: str = ""

    def says(self, value: str | None) -> bool:
        """Whether a value is this row as a person may have read it: text, option, or name."""
        is_choice = bool(self.options) and value == self.choice
        return value == self.text or is_choice or (bool(self.name) and value == self.name)


class Answers:
    """The answers of the recordings that rows name."""

    def __init__(
        self,
        recordings: dict[str, list[KnownRecording]],
        places: dict[str, list[AnsweredPlace]],
    ) -> None:
        self._recordings = recordings
        self._places = places
        self._at: defaultdict[tuple[str, int, int], list[AnsweredPlace]] = defaultdict(list)
        for recording_id, held in places.items():
            for each in held:
                self._at[recording_id, each.start_ms, each.end_ms].append(each)

    def recording(self, name: str) -> KnownRecording:
        """The recording of a name: identifier, SHA-256, object or file name.

        Raises:
            WrongRow: none or several have it.
        """
        found = self._recordings.get(name, [])
        if not found:
            hint = did_you_mean(name, self._recordings)
            raise WrongRow(
                f"recording {brief(name)}: none of the published ones; {hint}check --corpus"
            )
        if len({each.recording_id for each in found}) > 1:
            which = ", ".join(sorted({each.recording_id for each in found})[:_SHOWN])
            raise WrongRow(
                f"recording {brief(name)}: several have this name; name one by its id: {which}"
            )
        return max(found, key=lambda each: each.date)

    def place(self, recording: KnownRecording, row: GivenRow) -> AnsweredPlace:
        """What a row corrects.

        Raises:
            WrongRow: there is none, or there are several.
        """
        found = [
            each
            for each in self._at.get((recording.recording_id, row.start_ms, row.end_ms), ())
            if each.source in row.sources
            and row.task_id in ("", each.task_id)
            and row.channel in (None, each.channel)
        ]
        if not found:
            raise WrongRow(_why_none(row, self._places.get(recording.recording_id, [])))
        sources = {each.source for each in found}
        if len(sources) > 1 and not sources <= set(ANSWER_TABLES):
            raise WrongRow(f"rows of several tables here; name its source: {_listed(sources)}")
        places = {(each.task_id, each.channel) for each in found}
        if len({task for task, _ in places}) > 1:
            raise WrongRow(f"several tasks here; name its task_id: {_listed(t for t, _ in places)}")
        if len(places) > 1:
            raise WrongRow(
                f"several channels here; name its channel: {_listed(c for _, c in places)}"
            )
        same = [each for each in found if each.says(row.old_value)]
        texts = {each.text for each in same or found}
        if found[0].source not in ANSWER_TABLES and len(texts) > 1:
            raise WrongRow(f"several rows here; name its old_value: {_listed(map(brief, texts))}")
        return (same or found)[-1]


Result = TypeVar("Result")


class AskTables(Protocol):
    """What asks the tables of an output, as `ask_published` does."""

    def __call__(
        self,
        out: str,
        ask: Callable[[duckdb.DuckDBPyConnection], Result],
        only: Collection[str] = (),
        sql: str = "",
    ) -> Result: ...


def read_answers(
    out: str,
    corpus: str,
    names: Collection[str],
    sources: Collection[str] = ANSWER_TABLES,
    asks: AskTables = ask_published,
) -> Answers:
    """What the tables `sources` have of recordings, by their names.

    Args:
        asks: reads the tables; who knows where the recordings are need not read all of them.

    Raises:
        ConfigurationError: there are no tables at that address.
        StorageError: they cannot be read.
    """
    by_name = _recordings(out, corpus, set(names), asks)
    wanted = {each.recording_id: each for found in by_name.values() for each in found}
    return Answers(by_name, _places(out, corpus, wanted.values(), sources, asks))


def _recordings(
    out: str, corpus: str, names: set[str], asks: AskTables
) -> dict[str, list[KnownRecording]]:
    sql = (
        "SELECT recording_id, content_sha256, CAST(date AS VARCHAR), COALESCE(sound_sha256, ''),"
        " object_uri, duplicate_uris"
        f" FROM recordings WHERE corpus = {quoted_text(corpus, 'duckdb')}"
    )

    def ask(connection: duckdb.DuckDBPyConnection) -> dict[str, list[KnownRecording]]:
        by_name: defaultdict[str, list[KnownRecording]] = defaultdict(list)
        found = connection.execute(sql)
        while rows := found.fetchmany(_ROWS_AT_ONCE):  # a corpus may have millions
            for recording_id, content, date, sound, uri, others in rows:
                called = names_of_recording(recording_id, (uri, *(others or ()))) | {content}
                for name in called & names:
                    by_name[name].append(KnownRecording(recording_id, content, date, sound))
        return dict(by_name)

    return asks(out, ask, (RECORDINGS.name,), sql)


def _places(
    out: str,
    corpus: str,
    recordings: Iterable[KnownRecording],
    sources: Collection[str],
    asks: AskTables,
) -> dict[str, list[AnsweredPlace]]:
    wanted = list(recordings)
    tables = [each for each in CORRECTABLE_TABLES if each.name in sources]
    if not wanted or not tables:
        return {}
    ids = ", ".join(quoted_text(each.recording_id, "duckdb") for each in wanted)
    where = f"t.corpus = {quoted_text(corpus, 'duckdb')} AND t.recording_id IN ({ids})"
    sql = " UNION ALL ".join(_select(each, where) for each in tables)
    names = [each.name for each in tables]
    if SPEAKER_TURNS.name in names:
        names.append(SPEAKERS.name)
    found: defaultdict[str, list[AnsweredPlace]] = defaultdict(list)
    for recording_id, *held in _rows(out, sql, names, asks):
        source, task_id, start_ms, end_ms, channel, text, choice, options, flags, name = held
        answer = AnsweredPlace(
            source,
            task_id,
            start_ms,
            end_ms,
            channel,
            text,
            choice,
            tuple(options or ()),
            tuple(flags or ()),
            name or "",
        )
        found[recording_id].append(answer)
    return dict(found)


def _select(of: Correctable, where: str) -> str:
    """The rows of a table in the form of a place."""
    absent = {
        "task_id": "''",
        "channel": "CAST(NULL AS BIGINT)",
        "choice": "''",
        "options": "CAST([] AS VARCHAR[])",
        "flags": "CAST([] AS VARCHAR[])",
    }
    held = {name: f"t.{name}" if of.has(name) else empty for name, empty in absent.items()}
    is_turn = of.table is SPEAKER_TURNS
    # as the views of corrections name a voice without an identity
    says = "COALESCE(t.speaker, 'voice ' || t.voice)" if is_turn else f"t.{of.value}"
    named = "s.name" if is_turn else "''"
    join = " LEFT JOIN speakers AS s ON s.corpus = t.corpus AND s.speaker = t.speaker"
    return (
        f"SELECT t.recording_id, '{of.name}', {held['task_id']}, t.start_ms, t.end_ms,"
        f" {held['channel']}, {says}, {held['choice']}, {held['options']}, {held['flags']}, {named}"
        f" FROM {of.name} AS t{join if is_turn else ''} WHERE {where}"
    )


def _rows(out: str, sql: str, tables: Collection[str], asks: AskTables) -> list[tuple[Any, ...]]:
    def ask(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    return asks(out, ask, tables, sql)


def _why_none(row: GivenRow, held: Sequence[AnsweredPlace]) -> str:
    """Why a recording has no such row: another table or task, or other times."""
    of_tables = [each for each in held if each.source in row.sources]
    is_answer = row.sources[0] in ANSWER_TABLES
    if not of_tables and not is_answer:
        return f"nothing of this recording in {' or '.join(row.sources)}"
    of_task = [each for each in of_tables if row.task_id in ("", each.task_id)]
    if not of_task:
        tasks = ", ".join(sorted({each.task_id for each in of_tables})) or "none"
        return f"task_id {brief(row.task_id)}: no answer of it; its tasks are {tasks}"
    what = "answer" if is_answer else "row"
    return f"no {what} from {row.start_ms} to {row.end_ms} ms{_near(row, of_task, what)}"


def _near(row: GivenRow, places: Iterable[AnsweredPlace], what: str) -> str:
    """The places beside one that is none."""
    touching = sorted(
        {
            (each.start_ms, each.end_ms)
            for each in places
            if each.start_ms < row.end_ms and each.end_ms > row.start_ms
        }
    )
    listed = ", ".join(f"{start} to {end}" for start, end in touching[:_SHOWN])
    return f"; {what}s there are from {listed}" if listed else "; none is near, check its times"


def _listed(names: Iterable[object]) -> str:
    return ", ".join(sorted(str(name) for name in names))
