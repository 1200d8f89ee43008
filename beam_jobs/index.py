"""The search index over what the tables say: full text, one SQLite file, rebuilt by partition.

tables ──► texts with their times ──► indexes/search.sqlite (FTS5)

Deleting the file and indexing again loses nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import Af3Error, ConfigurationError
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.parquet import partition_rows
from beam_jobs.settings import NightSettings
from beam_jobs.storage import FolderStore, open_store

_LOCK_S = 60.0
_NOT_THE_WORDS = ("no such table", "locked", "malformed", "disk")
"""What SQLite says of the index itself, not of the words."""
_TABLES = ("transcripts", "captions", "answers")
_SCHEMA = """
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(
    text, kind UNINDEXED, corpus UNINDEXED, date UNINDEXED, object_uri UNINDEXED,
    start_ms UNINDEXED, end_ms UNINDEXED, tokenize = 'unicode61 remove_diacritics 2'
)
"""
_SEARCH = """
SELECT kind, corpus, date, object_uri, start_ms, end_ms, snippet(texts, 0, '[', ']', '…', 16)
FROM texts WHERE texts MATCH ? ORDER BY bm25(texts), date, object_uri, start_ms LIMIT ?
"""


class SearchError(Af3Error):
    """The words cannot be searched for."""


@dataclass(frozen=True)
class Hit:
    """One place where the words stand; `context` marks them with brackets."""

    kind: str
    corpus: str
    date: str
    object_uri: str
    start_ms: int
    end_ms: int
    context: str


def index_path(out: str) -> Path:
    """Where the index of an output folder lies."""
    return Path(out) / "indexes" / "search.sqlite"


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Replace the interval's partitions in the index, each in one transaction."""
    ledger = Ledger(open_store(settings.out))
    dates = manifest_dates(ledger, settings)
    indexed = 0
    with _connected(index_path(settings.out), create=True) as connection:
        connection.execute(_SCHEMA)
        for date in dates:
            indexed += _replace(connection, ledger.store, settings.corpus, date)
    facts = {"dates": len(dates), "texts_indexed": indexed}
    return Outcome(facts, [f"indexed: {indexed} texts of {len(dates)} days"])


def search(out: str, words: str, limit: int) -> list[Hit]:
    """The best places for words, phrases ("…"), AND, OR, NOT and prefixes (rain*).

    Raises:
        ConfigurationError: there is no index.
        SearchError: the words are no query.
    """
    path = index_path(out)
    if not path.is_file():
        raise ConfigurationError(f"--out {out}: no index there; make it with af3 index --out {out}")
    with _connected(path, create=False) as connection:
        try:
            return [Hit(*row) for row in connection.execute(_SEARCH, (words, limit))]
        except sqlite3.OperationalError as error:
            if any(words in str(error) for words in _NOT_THE_WORDS):
                raise
            raise SearchError(
                f"search {words!r}: {error}; put a phrase into double quotes: '\"…\"'"
            ) from error


def _replace(connection: sqlite3.Connection, store: FolderStore, corpus: str, date: str) -> int:
    uris = {
        row["recording_id"]: row["object_uri"]
        for row in partition_rows(store, "recordings", corpus, date)
    }
    texts = [
        (row["text"], kind, corpus, date, uris[row["recording_id"]], row["start_ms"], row["end_ms"])
        for kind in _TABLES
        for row in partition_rows(store, kind, corpus, date)
        if row["text"]
    ]
    with connection:
        connection.execute("DELETE FROM texts WHERE corpus = ? AND date = ?", (corpus, date))
        connection.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?, ?)", texts)
    return len(texts)


@contextlib.contextmanager
def _connected(path: Path, create: bool) -> Iterator[sqlite3.Connection]:
    if create:
        path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=_LOCK_S)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        yield connection
    except sqlite3.DatabaseError as error:
        raise SearchError(
            f"{path}: the index cannot be used ({error}); if it stays so, delete it and run af3"
            " index again"
        ) from error
    finally:
        connection.close()


JOB = Job("index", "bring the search index up to date with the tables", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.index`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
