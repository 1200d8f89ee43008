"""What the archive holds: corpora, nights, flags. Added up once per state of an object."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import duckdb

from beam_jobs.browse.data.archive_tables import ArchiveTables, Stamps, partition_of_key, rows_of
from beam_jobs.browse.pages.answer_panels import ANSWERED
from beam_jobs.browse.pages.cards import file_name
from beam_jobs.night_report.figures import skipped_and_failed
from beam_jobs.search.documents import Partition

FLAG_DAYS = 30
"""Newest days of a corpus whose flags are offered: older ones would take long to look through."""
NEWEST_RECORDINGS = 200

_FLAGGED = ("segments", *ANSWERED)
_NIGHTS = """
SELECT corpus, CAST(date AS VARCHAR) AS date, count(*) AS recordings,
    sum(duration_ms)::BIGINT AS duration_ms, sum(annotated_ms)::BIGINT AS annotated_ms
FROM recordings GROUP BY ALL
"""
_SKIPPED = """
SELECT corpus, CAST(date AS VARCHAR) AS date, part.reason, sum(part.duration_ms)::BIGINT AS ms
FROM (SELECT corpus, date, unnest(skipped) AS part FROM recordings) GROUP BY ALL
"""
_FLAGS = "SELECT DISTINCT corpus, CAST(date AS VARCHAR) AS date, unnest(flags) AS flag FROM {table}"
_LANGUAGES = """
SELECT DISTINCT corpus, CAST(date AS VARCHAR) AS date, language
FROM transcripts WHERE regexp_full_match(language, '[a-z]{2,3}')
"""
_NEWEST = f"""
SELECT recording_id, object_uri, CAST(date AS VARCHAR) AS date, duration_ms, status, flags
FROM recordings ORDER BY recordings.date DESC, modified_at DESC, recording_id
LIMIT {NEWEST_RECORDINGS}
"""
Value = TypeVar("Value")


@dataclass(frozen=True)
class NightTotals:
    """One day of one corpus; annotated, skipped and failed time make its duration."""

    recordings: int = 0
    duration_ms: int = 0
    annotated_ms: int = 0
    skipped_ms: int = 0
    failed_ms: int = 0


class PartitionCache(Generic[Value]):
    """Values by partition, each as long as the partition's objects are in the same state."""

    def __init__(self) -> None:
        self._held: dict[Partition, tuple[Stamps, str, Value]] = {}
        self._lock = threading.Lock()

    def of(
        self,
        stamps: Stamps,
        hidden: str,
        find: Callable[[Stamps], Mapping[Partition, Value]],
        empty: Value,
    ) -> dict[Partition, Value]:
        """The value of each partition; `find` is asked for those whose objects have changed, or
        where something else is withdrawn now (`hidden` is the identity of that).
        """
        by_day: defaultdict[Partition, Stamps] = defaultdict(dict)
        for key, stamp in stamps.items():
            by_day[partition_of_key(key)][key] = stamp
        with self._lock:
            changed = [
                day
                for day, states in by_day.items()
                if day not in self._held or self._held[day][:2] != (states, hidden)
            ]
            if changed:
                found = find({key: stamp for day in changed for key, stamp in by_day[day].items()})
                for day in changed:
                    self._held[day] = by_day[day], hidden, found.get(day, empty)
            return {day: self._held[day][2] for day in sorted(by_day)}


class Corpora:
    """The corpora of an archive."""

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables
        self._nights: PartitionCache[NightTotals] = PartitionCache()
        self._flags: PartitionCache[frozenset[str]] = PartitionCache()
        self._languages: PartitionCache[frozenset[str]] = PartitionCache()

    def all(self) -> list[dict[str, Any]]:
        """Each corpus with its days and times."""
        nights = self._nights.of(
            self._tables.stamps(["recordings"]),
            self._tables.hidden,
            self._find_nights,
            NightTotals(),
        )
        by_corpus: defaultdict[str, list[tuple[str, NightTotals]]] = defaultdict(list)
        for day, night in nights.items():
            by_corpus[day.corpus].append((day.date, night))
        return [
            {
                "name": name,
                "first_date": held[0][0],
                "last_date": held[-1][0],
                "nights": len(held),
                "recordings": sum(night.recordings for _, night in held),
                "duration_ms": sum(night.duration_ms for _, night in held),
                "annotated_ms": sum(night.annotated_ms for _, night in held),
            }
            for name, held in by_corpus.items()
        ]

    def flags(self) -> list[str]:
        """The flags that occur on the newest days of each corpus."""
        found = self._flags.of(
            self._newest(_FLAGGED), self._tables.hidden, self._find_flags, frozenset()
        )
        return sorted(frozenset().union(*found.values()))

    def languages(self) -> list[str]:
        """The languages that are spoken on the newest days of each corpus, as ISO 639 codes."""
        stamps = self._newest(("transcripts",))
        found = self._languages.of(stamps, self._tables.hidden, self._find_languages, frozenset())
        return sorted(frozenset().union(*found.values()))

    def _newest(self, tables: Sequence[str]) -> Stamps:
        days = {partition_of_key(key) for key in self._tables.stamps(["recordings"])}
        newest = [day for name in {d.corpus for d in days} for day in newest_days(days, name)]
        return self._tables.stamps_of_partitions(tables, newest)

    def nights(self, name: str) -> list[tuple[str, NightTotals]]:
        """The nights of a corpus by date; none where there is no such corpus."""
        stamps = self._tables.stamps(["recordings"], name)
        found = self._nights.of(stamps, self._tables.hidden, self._find_nights, NightTotals())
        return [(day.date, night) for day, night in found.items()]

    def recordings(self, name: str) -> list[dict[str, Any]]:
        """The newest recordings of a corpus."""
        stamps = self._tables.stamps(["recordings"], name)
        chosen: Stamps = {}
        held = self._nights.of(stamps, self._tables.hidden, self._find_nights, NightTotals())
        count = 0
        for day in sorted(held, key=lambda day: day.date, reverse=True):
            if count >= NEWEST_RECORDINGS:
                break
            count += held[day].recordings
            chosen |= {key: stamps[key] for key in stamps if partition_of_key(key) == day}
        rows = self._tables.read(chosen, lambda connection: rows_of(connection, _NEWEST))
        return [row | {"file_name": file_name(row.pop("object_uri"))} for row in rows]

    def _find_nights(self, stamps: Stamps) -> dict[Partition, NightTotals]:
        def ask(connection: duckdb.DuckDBPyConnection) -> dict[Partition, NightTotals]:
            parts: defaultdict[Partition, Counter[str]] = defaultdict(Counter)
            for corpus, date, reason, ms in connection.execute(_SKIPPED).fetchall():
                parts[Partition(corpus, date)][reason] += ms
            nights: dict[Partition, NightTotals] = {}
            rows = connection.execute(_NIGHTS).fetchall()
            for corpus, date, recordings, duration_ms, annotated_ms in rows:
                times = annotated_ms, *skipped_and_failed(parts[day := Partition(corpus, date)])
                nights[day] = NightTotals(recordings, duration_ms, *times)
            return nights

        return self._tables.read(stamps, ask)

    def _find_flags(self, stamps: Stamps) -> dict[Partition, frozenset[str]]:
        return self._find(stamps, [_FLAGS.format(table=table) for table in _FLAGGED], "flag")

    def _find_languages(self, stamps: Stamps) -> dict[Partition, frozenset[str]]:
        return self._find(stamps, [_LANGUAGES], "language")

    def _find(
        self, stamps: Stamps, questions: Sequence[str], column: str
    ) -> dict[Partition, frozenset[str]]:
        def ask(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
            return [row for sql in questions for row in rows_of(connection, sql)]

        found: defaultdict[Partition, set[str]] = defaultdict(set)
        for row in self._tables.read(stamps, ask):
            found[Partition(row["corpus"], row["date"])].add(row[column])
        return {day: frozenset(values) for day, values in found.items()}


def newest_days(days: Iterable[Partition], corpus: str) -> list[Partition]:
    """The newest days of a corpus that flags and charts are made of."""
    held = sorted((day for day in days if day.corpus == corpus), reverse=True)
    return held[:FLAG_DAYS]
