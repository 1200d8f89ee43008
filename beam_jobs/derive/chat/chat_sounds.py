"""Which published segments scripted conversations are about: found before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from af3core.dialogue.chosen_sounds import MAX_TOTAL_MS
from af3core.dialogue.script import Moment, Script, moment_of
from af3core.errors import ConfigurationError
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.views import ask_published, translated_errors
from beam_jobs.output.next_command import af3

_SEGMENTS = """
CREATE VIEW chosen AS
SELECT s.*, r.object_uri, c.caption, t.transcript
FROM segments s JOIN recordings r USING (corpus, date, recording_id)
LEFT JOIN (SELECT corpus, date, segment_id, arg_min(text, task_id) AS caption
           FROM captions WHERE segment_id <> '' GROUP BY ALL) c USING (corpus, date, segment_id)
LEFT JOIN (SELECT corpus, date, segment_id, arg_min(text, task_id) AS transcript
           FROM transcripts WHERE segment_id <> '' GROUP BY ALL) t USING (corpus, date, segment_id)
"""
_COLUMNS = (
    "SELECT strftime(date, '%Y-%m-%d'), recording_id, segment_id, start_ms, end_ms, clip_uri,"
    " clip_start_ms, object_uri FROM chosen"
    " WHERE corpus = ? AND strftime(date, '%Y-%m-%d') BETWEEN ? AND ?"
)
_ORDER = " ORDER BY date, object_uri, recording_id, start_ms"


@dataclass(frozen=True)
class ChosenSegment:
    """A published segment, and where its audio lies."""

    date: str
    recording_id: str
    segment_id: str
    start_ms: int
    end_ms: int
    clip_uri: str
    clip_start_ms: int
    object_uri: str


@dataclass(frozen=True)
class ScriptedConversation:
    """A script with the segments that it is held about."""

    script: Script
    segments: tuple[ChosenSegment, ...]


def conversations_of(
    scripts: Sequence[Script], settings: JobSettings
) -> list[ScriptedConversation]:
    """Every conversation of the scripts, over the published segments of corpus and interval.

    Raises:
        ConfigurationError: a segment is not there, a name fits several recordings, SQL is wrong, or
            the sounds of a conversation are longer than the model hears.
    """

    def ask(connection: duckdb.DuckDBPyConnection) -> list[ScriptedConversation]:
        with translated_errors(settings.out):
            connection.execute(_SEGMENTS)
        search = _Search(connection, (settings.corpus, settings.since, settings.until))
        return [conversation for script in scripts for conversation in search.of(script)]

    found = ask_published(settings.out, ask)
    for conversation in found:
        total_ms = sum(segment.end_ms - segment.start_ms for segment in conversation.segments)
        if total_ms > MAX_TOTAL_MS:
            raise _error(
                conversation.script,
                f"{total_ms / 1000:.0f} s of sounds: the model hears {MAX_TOTAL_MS // 1000} s at"
                " most in one conversation",
            )
    return found


@dataclass(frozen=True)
class _Search:
    connection: duckdb.DuckDBPyConnection
    interval: tuple[str, str, str]

    def of(self, script: Script) -> Iterator[ScriptedConversation]:
        if script.sounds:
            yield ScriptedConversation(
                script, tuple(self._segment_named(s, script) for s in script.sounds)
            )
            return
        sql = f" AND status IN ('annotated', 'partial') AND ({script.where})"
        try:
            segments = self._rows(f"{sql}{_ORDER} LIMIT {script.limit}")
        except duckdb.Error as error:
            raise _error(script, f"where: {' '.join(str(error).split())[:200]}") from error
        if not segments:
            raise _error(script, "where: no published segment of the interval matches")
        for segment in segments:
            yield ScriptedConversation(script, (segment,))

    def _segment_named(self, sound: str, script: Script) -> ChosenSegment:
        moment = moment_of(sound)
        if moment is None:
            rows = self._rows(f" AND segment_id = ?{_ORDER}", sound)
            if not rows:
                raise _error(
                    script,
                    f"segment {sound} is not published; see {af3('query')}, or write OBJECT@M:SS",
                )
            return rows[0]
        return self._at(moment, sound, script)

    def _at(self, moment: Moment, sound: str, script: Script) -> ChosenSegment:
        # the whole name, or its end from a slash on
        rows = self._rows(
            f" AND ends_with('/' || object_uri, '/' || ?) AND start_ms <= ? AND ? < end_ms{_ORDER}",
            moment.object_name,
            moment.time_ms,
            moment.time_ms,
        )
        recordings = sorted({row.object_uri for row in rows})
        if not rows:
            raise _error(script, f"{sound}: no published recording has that name and that time")
        if len(recordings) > 1:
            shown = ", ".join(recordings[:3])
            raise _error(
                script,
                f"{sound}: fits {len(recordings)} recordings ({shown}); write more of the name",
            )
        return rows[0]

    def _rows(self, condition: str, *values: object) -> list[ChosenSegment]:
        rows = self.connection.execute(_COLUMNS + condition, [*self.interval, *values]).fetchall()
        return [ChosenSegment(*row) for row in rows]


def _error(script: Script, message: str) -> ConfigurationError:
    return ConfigurationError(f"{script.place}: conversation {script.name}: {message}")
