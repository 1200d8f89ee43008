"""The index while it is read: one state of it, and what LanceDB finds there."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from af3core.storage.store import Store
from beam_jobs.output.next_command import af3
from beam_jobs.search.documents import DOCUMENTS, FIELDS, TEXT_TABLE, vectors_table
from beam_jobs.search.filters import sql_text
from beam_jobs.search.index_files import index_folder, open_database
from beam_jobs.search.index_state import IndexState, no_index, read_state
from beam_jobs.search.query_parser import Term, WordQuery, edits_allowed
from beam_jobs.search.search_request import Ranked, SearchError
from schemas import layout

_OPEN_TRIES = 5
_PLACED = ["object_uri", "segment_id", "corpus", "recording_id"]
_PROBES, _REFINED = 24, 8
"""Clusters looked into, and how many times the wanted vectors are compared exactly: of the nearest
ten among a million made-up vectors in clusters none was missed (tests/benchmarks/search.py)."""


@dataclass(frozen=True)
class IndexReader:
    """One state of the index, open; several threads may read it at once.

    Attributes:
        stamp: of the object that says what the index is.
        documents: LanceDB's table; None where no document was indexed.
        vectors: LanceDB's tables by name.
    """

    store: Store
    stamp: str
    documents: Any | None
    vectors: Mapping[str, Any]

    @classmethod
    def open(cls, out: str, store: Store) -> Self:
        """The index as it is now; what this machine lacks of it is fetched.

        Args:
            out: folder or gs:// of the tables.
            store: the same.

        Raises:
            ConfigurationError: there is no index.
            SearchError: it is damaged, or of an earlier version.
        """
        for _ in range(_OPEN_TRIES):
            [stamp] = store.stamps([layout.INDEX_STATE_KEY])
            if stamp is None:
                raise no_index(out, store)
            state = read_state(store)
            if state is None:
                raise SearchError(
                    f"--out {out}: the index is of an earlier version; run"
                    f" {af3('index', out=out)} again"
                )
            try:
                return cls(store, stamp, *_open_tables(store, state))
            except FileNotFoundError:
                continue  # replaced while it was fetched
        raise SearchError(f"--out {out}: the index changes all the time; try again")

    def is_current(self) -> bool:
        """Whether the index is still of this state."""
        return self.store.stamps([layout.INDEX_STATE_KEY]) == [self.stamp]

    def match_words(self, query: WordQuery, conditions: str, limit: int) -> Ranked:
        """Ids and scores (BM25) of the documents that match.

        Raises:
            SearchError: the index is damaged; so for each method below.
        """
        if self.documents is None:
            return []
        asked = _lance_query(query)
        with lancedb_errors(self.store):
            search = self.documents.search(asked).select(["id", "_score"])
            return _pairs(search.limit(limit), "_score", conditions)

    def text_vectors(self, model: str) -> Any | None:
        """The table of one model's vectors of texts; None where there is none.

        Args:
            model: name and revision.
        """
        return self.vectors.get(vectors_table("text", model))

    def segment_vector(
        self, segment_id: str, conditions: str
    ) -> tuple[Any, npt.NDArray[np.float32]] | None:
        """The vector of a segment's sound and the table that holds it; None if there is none."""
        only = f"segment_id = {sql_text(segment_id)} AND kind = 'segment'"
        only += f" AND {conditions}" if conditions else ""
        for name, table in self.vectors.items():
            if name.startswith("audio-"):
                with lancedb_errors(self.store):
                    rows = table.search().where(only).select(["vector"]).limit(1).to_arrow()
                if len(rows):
                    return table, np.array(rows["vector"][0].as_py(), np.float32)
        return None

    def nearest(
        self, table: Any, vector: npt.NDArray[np.float32], conditions: str, limit: int
    ) -> Ranked:
        """Ids and cosine distances of the nearest vectors of a table.

        Args:
            table: of `text_vectors` or `segment_vector`.
        """
        with lancedb_errors(self.store):
            search = (
                table.search(vector.astype(np.float32), vector_column_name="vector")
                .distance_type("cosine")
                .nprobes(_PROBES)
                .refine_factor(_REFINED)
                .select(["id", "_distance"])
            )
            return _pairs(search.limit(limit), "_distance", conditions)

    def rows(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Documents by id."""
        listed = list(ids)
        if not listed or self.documents is None:
            return {}
        where = f"id IN ({', '.join(map(sql_text, listed))})"
        with lancedb_errors(self.store):
            search = self.documents.search().where(where).select(DOCUMENTS.names)
            return {row["id"]: row for row in search.limit(len(listed)).to_list()}

    def segments_at(self, object_name: str, time_ms: int) -> list[dict[str, str]]:
        """`object_uri`, `segment_id`, `corpus` and `recording_id` of segments at a time of
        recordings of that name.
        """
        if self.documents is None:
            return []
        where = (
            f"ends_with(concat('/', object_uri), {sql_text(f'/{object_name}')})"
            f" AND kind = 'segment' AND start_ms <= {time_ms} AND end_ms > {time_ms}"
        )
        with lancedb_errors(self.store):
            search = self.documents.search().where(where).select(_PLACED)
            found: list[dict[str, str]] = search.limit(100).to_list()
        return found


@contextmanager
def lancedb_errors(store: Store) -> Iterator[None]:
    """Turn what LanceDB raises where its files are damaged into one line with the remedy."""
    try:
        yield
    except (RuntimeError, OSError, ValueError) as error:
        raise _unusable(store, error) from error


def _unusable(store: Store, error: Exception) -> SearchError:
    first = (str(error).splitlines() or [type(error).__name__])[0][:200]
    address = store.address("indexes")
    return SearchError(
        f"{address}: the index cannot be used ({first}); if it stays so, delete this folder and run"
        f" {af3('index')} again"
    )


def _open_tables(store: Store, state: IndexState) -> tuple[Any | None, dict[str, Any]]:
    """The table of documents, and the tables of vectors by name."""
    folder = index_folder(store, state)
    with lancedb_errors(store):
        database = open_database(folder)
        names = set(database.list_tables(limit=10_000).tables)
        vectors = {name: database.open_table(name) for name in names if name != TEXT_TABLE}
        documents = database.open_table(TEXT_TABLE) if TEXT_TABLE in names else None
    if documents is None and any(p.documents for p in state.partitions.values()):
        raise _unusable(store, FileNotFoundError(str(folder)))
    return documents, vectors


def _pairs(search: Any, column: str, conditions: str) -> Ranked:
    found = (search.where(conditions, prefilter=True) if conditions else search).to_arrow()
    return list(zip(found["id"].to_pylist(), found[column].to_pylist(), strict=True))


def _lance_query(query: WordQuery) -> Any:
    """The query in LanceDB's form, over all fields."""
    lance = _lance_queries()
    kinds = {"may": lance.Occur.SHOULD, "must": lance.Occur.MUST, "must not": lance.Occur.MUST_NOT}
    plain = [term.tokens[0] for term in query.terms if term.occurs == "may" and _is_plain(term)]
    clauses = [(lance.Occur.SHOULD, _match(" ".join(plain), field)) for field in FIELDS if plain]
    if len(plain) > 1:
        # where the words stand side by side they count twice
        clauses += [
            (lance.Occur.SHOULD, lance.PhraseQuery(" ".join(plain), field)) for field in FIELDS
        ]
    for term in query.terms:
        if term.occurs == "may" and _is_plain(term):
            continue
        named = [_term_query(term, field) for field in ([term.field] if term.field else FIELDS)]
        if term.occurs == "must" and len(named) > 1:
            named = [lance.BooleanQuery([(lance.Occur.SHOULD, one) for one in named])]
        clauses += [(kinds[term.occurs], one) for one in named]
    return lance.BooleanQuery(clauses)


def _is_plain(term: Term) -> bool:
    return len(term.tokens) == 1 and not term.similar


def _term_query(term: Term, field: str) -> Any:
    if len(term.tokens) > 1:
        return _lance_queries().PhraseQuery(" ".join(term.tokens), field)
    return _match(term.tokens[0], field, term.similar)


def _match(words: str, field: str, similar: bool = False) -> Any:
    edits = edits_allowed(words) if similar else 0
    return _lance_queries().MatchQuery(words, field, fuzziness=edits)


def _lance_queries() -> Any:
    """LanceDB's forms of queries; their types leave out that arguments have defaults."""
    return importlib.import_module("lancedb.query")
