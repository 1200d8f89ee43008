"""The search index over what the tables say: full text, one SQLite file, rebuilt by partition.

tables ──► texts with their times ──► indexes/search.sqlite (FTS5)

Deleting the file and indexing again loses nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from af3core.errors import Af3Error, ConfigurationError
from af3core.storage.address import is_bucket, open_store, store_at
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store, until_settled
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.parquet import partition_rows
from beam_jobs.settings import NightSettings
from schemas.identity import configuration_hash

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


INDEX_KEY = "indexes/search.sqlite"
CACHE = Path("~/.cache/af3-archive/indexes")


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Replace the interval's partitions in the index, each in one transaction.

    An index in a bucket is changed in a copy, which goes back if nobody changed it meanwhile.
    """
    store = open_store(settings.out)
    dates = manifest_dates(Ledger(store), settings)
    if isinstance(store, FolderStore):
        indexed = _bring_up_to_date(store.root / INDEX_KEY, store, settings.corpus, dates)
    else:
        indexed = until_settled(
            store.address(INDEX_KEY), lambda: _update_copy(store, settings.corpus, dates)
        )
    facts = {"dates": len(dates), "texts_indexed": indexed}
    return Outcome(facts, [f"indexed: {indexed} texts of {len(dates)} days"])


def _update_copy(store: Store, corpus: str, dates: Sequence[str]) -> int | None:
    """None where another run changed the index in between."""
    [stamp] = store.stamps([INDEX_KEY])
    with tempfile.TemporaryDirectory(prefix="af3-") as folder:
        path = Path(folder) / "search.sqlite"
        if stamp:
            path.write_bytes(store.read(INDEX_KEY) or b"")
        indexed = _bring_up_to_date(path, store, corpus, dates)
        return indexed if store.replace(INDEX_KEY, path.read_bytes(), stamp) else None


def _bring_up_to_date(path: Path, store: Store, corpus: str, dates: Sequence[str]) -> int:
    with _connected(path, create=True) as connection:
        connection.execute(_SCHEMA)
        return sum(_replace(connection, store, corpus, date) for date in dates)


def _index_here(out: str) -> Path:
    """The index as a file of this machine; one in a bucket is fetched once per state.

    Raises:
        ConfigurationError: there is no index.
    """
    missing = ConfigurationError(f"--out {out}: no index there; make it with af3 index --out {out}")
    if not is_bucket(out):
        path = Path(out) / INDEX_KEY
        if not path.is_file():
            raise missing
        return path
    store = store_at(out)
    [stamp] = store.stamps([INDEX_KEY])
    cached = CACHE.expanduser() / f"{configuration_hash([out, stamp])}.sqlite"
    if not cached.is_file():
        data = store.read(INDEX_KEY) if stamp else None
        if data is None:
            raise missing
        FolderStore(cached.parent).write(cached.name, data)
    return cached


def search(out: str, words: str, limit: int) -> list[Hit]:
    """The best places for words, phrases ("…"), AND, OR, NOT and prefixes (rain*).

    Raises:
        ConfigurationError: there is no index.
        SearchError: the words are no query.
    """
    path = _index_here(out)
    with _connected(path, create=False) as connection:
        try:
            return [Hit(*row) for row in connection.execute(_SEARCH, (words, limit))]
        except sqlite3.OperationalError as error:
            if any(words in str(error) for words in _NOT_THE_WORDS):
                raise
            raise SearchError(
                f"search {words!r}: {error}; put a phrase into double quotes: '\"…\"'"
            ) from error


def _replace(connection: sqlite3.Connection, store: Store, corpus: str, date: str) -> int:
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
