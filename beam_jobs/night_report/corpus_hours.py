"""Hours by corpus over the last nights, of all corpora beside each other."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from beam_jobs.charts import NightHours
from beam_jobs.night_report.figures import skipped_and_failed

NIGHTS = 30
_MS_PER_HOUR = 3_600_000
_ANNOTATED = """
SELECT corpus, CAST(date AS VARCHAR), sum(annotated_ms) FROM recordings GROUP BY ALL ORDER BY ALL
"""
_SKIPPED = """
SELECT corpus, CAST(date AS VARCHAR), part.reason, sum(part.duration_ms)
FROM (SELECT corpus, date, unnest(skipped) AS part FROM recordings) GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class CorpusNights:
    """A corpus's nights, and their sums in milliseconds."""

    corpus: str
    nights: tuple[NightHours, ...]
    annotated_ms: int
    skipped_ms: int
    failed_ms: int

    @property
    def duration_ms(self) -> int:
        return self.annotated_ms + self.skipped_ms + self.failed_ms

    @property
    def most_h(self) -> float:
        """Hours of the longest night."""
        return max(n.annotated_h + n.skipped_h + n.failed_h for n in self.nights)


def first_of_last(nights: int, until: str) -> str:
    """The first of so many days that end with `until`."""
    last = datetime.date.fromisoformat(until)
    days = min(nights - 1, (last - datetime.date.min).days)
    return (last - datetime.timedelta(days=days)).isoformat()


def corpora_by_night(recordings: duckdb.DuckDBPyConnection) -> list[CorpusNights]:
    """All corpora with a night, those with most hours first."""
    parts: dict[tuple[str, str], Counter[str]] = {}
    for corpus, date, reason, ms in recordings.execute(_SKIPPED).fetchall():
        parts.setdefault((corpus, date), Counter())[reason] += int(ms)
    found: dict[str, list[tuple[str, int, int, int]]] = {}
    for corpus, date, annotated_ms in recordings.execute(_ANNOTATED).fetchall():
        skipped = skipped_and_failed(parts.get((corpus, date), Counter()))
        found.setdefault(corpus, []).append((date, int(annotated_ms), *skipped))
    corpora = [_corpus(name, nights) for name, nights in found.items()]
    return sorted(corpora, key=lambda corpus: (-corpus.duration_ms, corpus.corpus))


def most_hours(corpora: Iterable[CorpusNights]) -> float:
    """The longest night of all."""
    return max((corpus.most_h for corpus in corpora), default=0.0)


def _corpus(name: str, nights: Sequence[tuple[str, int, int, int]]) -> CorpusNights:
    return CorpusNights(
        corpus=name,
        nights=tuple(
            NightHours(date, *(ms / _MS_PER_HOUR for ms in times)) for date, *times in nights
        ),
        annotated_ms=sum(annotated for _, annotated, _, _ in nights),
        skipped_ms=sum(skipped for _, _, skipped, _ in nights),
        failed_ms=sum(failed for _, _, _, failed in nights),
    )
