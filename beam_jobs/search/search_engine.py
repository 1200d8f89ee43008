"""Searches of the index: by words, by meaning, by both, or by the sound of a segment.

request ──► filters as SQL, words as terms ──► IndexReader ──► ranking (fusion) ──► hits
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.dialogue.script import moment_of
from af3core.embedding.text import EMBEDDED_TEXT_MODEL, load_text_embedder, text_model_revision
from af3core.installation import install_command
from af3core.storage.address import store_at
from beam_jobs.framework.known_nights import unknown_corpus
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import recordings_condition
from beam_jobs.output.next_command import af3
from beam_jobs.search.filters import DEEPEST, filter_sql, sql_text
from beam_jobs.search.index_files import can_open_indexes
from beam_jobs.search.index_reader import IndexReader
from beam_jobs.search.index_state import StalenessCheck, indexed_corpora
from beam_jobs.search.query_parser import WordQuery, parse_words
from beam_jobs.search.search_request import Hit, Ranked, Results, SearchError, SearchRequest
from beam_jobs.search.snippets import Context, context_of
from beam_jobs.search.table_reader import TableReader

_DEEP = 100
"""How many places each of the two orders brings, at least."""
_MEANT_ALIKE = 0.75
"""Cosine distance up to which two texts are taken for related: by MiniLM a word of no language lies
at 0.8 from the nearest text of the demo archive, a subject that is there at 0.45 to 0.7."""
_RANK_CONSTANT = 60
"""Reciprocal rank fusion's k, as in Cormack, Clarke and Büttcher (SIGIR 2009)."""


Reader = IndexReader | TableReader
_AS_MADE = (
    "only words are searched: --as-made reads the tables, as the index holds what people corrected"
)


def words_alone() -> str:
    """Why only words are searched where LanceDB is not installed."""
    return (
        "only words are searched: meaning needs the index, and the index lancedb:"
        f" {install_command('search')}"
    )


class SearchEngine:
    """Answers search requests; several threads may search at once.

    Without LanceDB it has no index, and finds words in the tables themselves.

    Args:
        out: folder or gs:// of the tables.
        text_model: that embeds the words of a request.
        as_made: find words in what the model said, in the tables themselves.
    """

    def __init__(
        self, out: str, text_model: str = EMBEDDED_TEXT_MODEL, as_made: bool = False
    ) -> None:
        self.out = out
        self.text_model = text_model
        self._as_made = as_made
        self._store = store_at(out)
        self._lock = threading.Lock()
        self._reader: Reader | None = None
        self._staleness = StalenessCheck(out, self._store)

    def search(self, request: SearchRequest) -> Results:
        """The best places.

        Raises:
            ConfigurationError: there is no index.
            SearchError: the request cannot be answered.
        """
        hidden = withdrawals(self._store)
        conditions = " AND ".join(filter(None, (filter_sql(request), recordings_condition(hidden))))
        query = parse_words(request.words) if request.words.strip() else None
        reader = self._current_reader()
        notices: list[str] = []
        if isinstance(reader, TableReader):
            ranked = _rank_in_tables(reader, query, request, conditions, notices)
            return _page(reader, ranked, request, query, notices)
        self._staleness.begin()
        if query is None:
            ranked = self._rank_by_sound(reader, request, conditions)
        else:
            ranked = self._rank_by_text(reader, query, request, conditions, notices)
        results = _page(reader, ranked, request, query, notices)
        late = self._staleness.notice()
        return replace(results, notices=(late, *results.notices)) if late else results

    def check_corpus(self, corpus: str) -> None:
        """See that the index holds a corpus.

        Raises:
            ConfigurationError: it does not; names those that it holds.
        """
        known = indexed_corpora(self._store)
        if known and corpus not in known:
            raise unknown_corpus(corpus, f"the index of {self.out}", known)

    def segment_at(self, place: str) -> str:
        """The id of the segment at OBJECT@M:SS; an id stays as it is.

        Raises:
            SearchError: no recording has that name and that time, or several do.
        """
        moment = moment_of(place)
        if moment is None:
            return place
        hidden = withdrawals(self._store)
        rows = [
            row
            for row in self._current_reader().segments_at(moment.object_name, moment.time_ms)
            if not hidden.covers(row["corpus"], row["recording_id"])
        ]
        uris = sorted({row["object_uri"] for row in rows})
        if not rows:
            raise SearchError(f"{place}: no indexed recording has that name and that time")
        if len(uris) > 1:
            shown = ", ".join(uris[:3])
            raise SearchError(
                f"{place}: fits {len(uris)} recordings ({shown}); write more of the name"
            )
        return rows[0]["segment_id"]

    def _current_reader(self) -> Reader:
        """The reader of the index, or of the tables, as they are now; opened once per state."""
        with self._lock:
            if self._reader is None or not self._reader.is_current():
                self._reader = self._opened()
            return self._reader

    def _opened(self) -> Reader:
        if self._as_made:
            return TableReader.open(self.out, self._store, as_made=True)
        kind = IndexReader if can_open_indexes() else TableReader
        return kind.open(self.out, self._store)

    def _rank_by_text(
        self,
        reader: IndexReader,
        query: WordQuery,
        request: SearchRequest,
        conditions: str,
        notices: list[str],
    ) -> Ranked:
        if reader.documents is None:
            return []
        depth = max(_DEEP, request.offset + request.limit + 1)
        if request.mode == "words":
            return reader.match_words(query, conditions, depth)
        vectors = reader.text_vectors(text_model_revision(self.text_model))
        if request.mode == "meaning":
            if query.strict:
                raise SearchError(
                    f"search {request.words!r}: by meaning, write plain words; quotes, signs and"
                    " fields are for --mode hybrid or words"
                )
            if vectors is None:
                raise SearchError(_no_meaning(self.out, self.text_model))
            near = _related_texts(reader, vectors, self._query_vector(query), conditions, depth)
            return [(name, 1 - distance) for name, distance in near]
        by_words = reader.match_words(query, conditions, depth)
        if vectors is None:
            notices.append(_no_meaning(self.out, self.text_model))
            return by_words
        if query.strict:
            # signs and phrases decide what is found; the meaning only orders it
            if not by_words:
                return []
            conditions = f"id IN ({', '.join(sql_text(name) for name, _ in by_words)})"
        near = _related_texts(reader, vectors, self._query_vector(query), conditions, depth)
        return reciprocal_rank_fusion([[name for name, _ in order] for order in (by_words, near)])

    def _rank_by_sound(
        self, reader: IndexReader, request: SearchRequest, conditions: str
    ) -> Ranked:
        """What sounds like a segment, itself left out."""
        found = reader.segment_vector(request.like, recordings_condition(withdrawals(self._store)))
        if found is None:
            raise SearchError(
                f"like {request.like!r}: the index knows no sound of such a segment; run"
                f" {af3('embed', out=self.out)} and {af3('index', out=self.out)}"
            )
        table, vector = found
        others = f"segment_id <> {sql_text(request.like)}"
        both = f"{conditions} AND {others}" if conditions else others
        depth = min(DEEPEST, request.offset + request.limit + 1)
        near = reader.nearest(table, vector, both, depth)
        return [(name, 1 - distance) for name, distance in near]

    def _query_vector(self, query: WordQuery) -> npt.NDArray[np.float32]:
        vector: npt.NDArray[np.float32] = load_text_embedder(self.text_model).embed([query.text])[0]
        return vector


def reciprocal_rank_fusion(rankings: Sequence[Sequence[str]]) -> Ranked:
    """Ids with scores, the best first: each ranking gives an id 1 / (60 + its rank). Ties by id."""
    scores: defaultdict[str, float] = defaultdict(float)
    for ids in rankings:
        for rank, name in enumerate(ids, 1):
            scores[name] += 1 / (_RANK_CONSTANT + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _related_texts(
    reader: IndexReader,
    table: Any,
    vector: npt.NDArray[np.float32],
    conditions: str,
    depth: int,
) -> Ranked:
    near = reader.nearest(table, vector, conditions, depth)
    return [pair for pair in near if pair[1] <= _MEANT_ALIKE]


def _no_meaning(out: str, text_model: str) -> str:
    return (
        f"the index holds no meaning by {text_model}; run {af3('index', out=out)} (without"
        " --words-only)"
    )


def _rank_in_tables(
    reader: TableReader,
    query: WordQuery | None,
    request: SearchRequest,
    conditions: str,
    notices: list[str],
) -> Ranked:
    if query is None:
        raise SearchError(
            f"like {request.like!r}: sound is found by the index; leave --as-made out"
            if reader.as_made
            else f"like {request.like!r}: sound is found by the index, and the index needs lancedb:"
            f" {install_command('search')}"
        )
    alone = _AS_MADE if reader.as_made else words_alone()
    if request.mode == "meaning":
        raise SearchError(f"search {request.words!r}: {alone}")
    if request.mode == "hybrid":
        notices.append(alone)
    return reader.match_words(query, conditions, request.offset + request.limit + 1)


def _page(
    reader: Reader,
    ranked: Ranked,
    request: SearchRequest,
    query: WordQuery | None,
    notices: Sequence[str],
) -> Results:
    """The wanted ones of what was found."""
    last = request.offset + request.limit
    hits = _hits(reader, ranked[request.offset : last], query)
    return Results(hits, len(ranked) > last, tuple(notices))


def _hits(reader: Reader, ranked: Ranked, query: WordQuery | None) -> tuple[Hit, ...]:
    rows = reader.rows(name for name, _ in ranked)
    terms = query.wanted_terms if query else ()
    # what sounds alike is shown by its caption, what means alike by what is said
    first = ("transcript", "caption") if query else ("caption", "transcript")
    return tuple(
        _hit(rows[name], score, context_of(rows[name], terms, (*first, "summary", "answers")))
        for name, score in ranked
        if name in rows
    )


def _hit(row: dict[str, Any], score: float, context: Context) -> Hit:
    return Hit(
        kind=row["kind"],
        corpus=row["corpus"],
        date=row["date"],
        recording_id=row["recording_id"],
        segment_id=row["segment_id"],
        object_uri=row["object_uri"],
        start_ms=row["start_ms"],
        end_ms=row["end_ms"],
        flags=tuple(row["flags"]),
        field=context.field,
        context=context.text,
        marks=context.marks,
        score=score,
    )
