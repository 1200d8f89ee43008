"""The numbers of some nights, from their tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb
import numpy as np
import numpy.typing as npt

_ALL_ANSWERS = """
(SELECT segment_id, flags, mean_logprob FROM captions
 UNION ALL SELECT segment_id, flags, mean_logprob FROM transcripts
 UNION ALL SELECT segment_id, flags, mean_logprob FROM answers)
"""
_RECORDINGS = """
SELECT count(*), coalesce(sum(duration_ms), 0), coalesce(sum(annotated_ms), 0),
       count(*) FILTER (status = 'failed')
FROM recordings
"""
_SKIPPED = """
SELECT part.reason, sum(part.duration_ms) AS ms
FROM (SELECT unnest(skipped) AS part FROM recordings) GROUP BY ALL ORDER BY ms DESC, part.reason
"""
_ANSWERS = f"""
SELECT count(*), count(*) FILTER (len(flags) > 0), avg(mean_logprob) FROM {_ALL_ANSWERS}
"""
_FLAGS = f"""
SELECT flag, count(*) AS n FROM (SELECT unnest(flags) AS flag FROM {_ALL_ANSWERS})
GROUP BY flag ORDER BY n DESC, flag
"""
_FAILURES = """
SELECT error_class, count(*) AS n, arg_min(message, (object_uri, message)),
       count(*) FILTER (stage = 'discover')
FROM failures GROUP BY ALL ORDER BY n DESC, error_class
"""
_LENGTHS = """
SELECT (end_ms - start_ms) / 1000 AS value FROM segments
WHERE status IN ('annotated', 'partial') ORDER BY value
"""
_LOGPROBS = f"""
SELECT mean_logprob AS value FROM {_ALL_ANSWERS} WHERE mean_logprob IS NOT NULL ORDER BY value
"""
Share = tuple[str, int]
"""A reason and its milliseconds."""


@dataclass(frozen=True)
class FailureKind:
    """One error class: how often, and one message of it."""

    error_class: str
    failures: int
    example: str


@dataclass(frozen=True)
class NightFigures:
    """Some nights added up.

    Attributes:
        unusable: objects of the archive that are no recordings, or cannot be read.
        failed_recordings: recordings of which nothing could be decoded or answered.
        skipped, failed: time by reason, the longest first; what has an error's class failed.
        flags: answers by flag, the most frequent first.
        mean_logprob: mean over answers; None where no answer has one.
    """

    recordings: int
    unusable: int
    failed_recordings: int
    duration_ms: int
    annotated_ms: int
    skipped: tuple[Share, ...]
    failed: tuple[Share, ...]
    answers: int
    flagged_answers: int
    mean_logprob: float | None
    flags: tuple[tuple[str, int], ...]
    failures: tuple[FailureKind, ...]

    @property
    def skipped_ms(self) -> int:
        return sum(ms for _, ms in self.skipped)

    @property
    def failed_ms(self) -> int:
        return sum(ms for _, ms in self.failed)

    @property
    def flagged_share(self) -> float | None:
        """Of the answers; None where there are none."""
        return self.flagged_answers / self.answers if self.answers else None

    @property
    def failed_share(self) -> float | None:
        """Of the objects that came in, failed or unusable; None where none came in."""
        objects = self.recordings + self.unusable
        return (self.failed_recordings + self.unusable) / objects if objects else None


def night_figures(night: duckdb.DuckDBPyConnection) -> NightFigures:
    """Add up the tables of a connection."""
    recordings, duration_ms, annotated_ms, failed_recordings = _row(night, _RECORDINGS)
    answers, flagged, mean_logprob = _row(night, _ANSWERS)
    parts = [(str(reason), int(ms)) for reason, ms in night.execute(_SKIPPED).fetchall()]
    failures = night.execute(_FAILURES).fetchall()
    return NightFigures(
        recordings=recordings,
        unusable=sum(unusable for *_, unusable in failures),
        failed_recordings=failed_recordings,
        duration_ms=int(duration_ms),
        annotated_ms=int(annotated_ms),
        skipped=tuple(part for part in parts if not is_failure(part[0])),
        failed=tuple(part for part in parts if is_failure(part[0])),
        answers=answers,
        flagged_answers=flagged,
        mean_logprob=mean_logprob,
        flags=tuple(night.execute(_FLAGS).fetchall()),
        failures=tuple(FailureKind(name, n, message) for name, n, message, _ in failures),
    )


def is_failure(reason: str) -> bool:
    """True where a reason for skipped time is an error's class (`NotMedia`), not a rule's name."""
    return reason[:1].isupper()


def skipped_and_failed(parts: Counter[str]) -> tuple[int, int]:
    """Milliseconds skipped by rule, and failed."""
    failed_ms = sum(ms for reason, ms in parts.items() if is_failure(reason))
    return parts.total() - failed_ms, failed_ms


def segment_lengths_s(night: duckdb.DuckDBPyConnection) -> npt.NDArray[np.float64]:
    """The lengths of all annotated segments."""
    return _values(night, _LENGTHS)


def logprobs(night: duckdb.DuckDBPyConnection) -> npt.NDArray[np.float64]:
    """The mean log-probabilities of all answers that have one."""
    return _values(night, _LOGPROBS)


def _values(night: duckdb.DuckDBPyConnection, sql: str) -> npt.NDArray[np.float64]:
    return np.asarray(night.execute(sql).fetchnumpy()["value"], np.float64)


def _row(night: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    return tuple(night.execute(sql).fetchall()[0])
