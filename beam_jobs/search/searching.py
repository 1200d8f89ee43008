"""Ask the index: by words, by meaning, by both, or by the sound of a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.dialogue.script import moment_of
from af3core.embedding.text import EMBEDDED_TEXT_MODEL, load_text_embedder, text_model_revision
from af3core.storage.address import store_at
from beam_jobs.search.context import context_of
from beam_jobs.search.filters import DEEPEST, where
from beam_jobs.search.lance_index import (
    DOCUMENTS,
    nearest,
    quoted,
    rows_of,
    told,
    vectors_table,
)
from beam_jobs.search.open_index import UNUSABLE, IndexReader, OpenIndex, unusable
from beam_jobs.search.query_words import WordQuery, lance_query, parse_words
from beam_jobs.search.ranking import fused
from beam_jobs.search.request import Hit, Results, SearchError, SearchRequest

_DEEP = 100
"""How many places each of the two orders brings, at least."""
_MEANT_ALIKE = 0.75
"""Cosine distance up to which two texts are taken for related: by MiniLM a word of no language lies
at 0.8 from the nearest text of the demo archive, a subject that is there at 0.45 to 0.7."""

Ranked = list[tuple[str, float]]


class SearchIndex:
    """An index that is open; several threads may search at once.

    Args:
        out: folder or gs:// of the tables.
        text_model: that embeds the words of a request.
    """

    def __init__(self, out: str, text_model: str = EMBEDDED_TEXT_MODEL) -> None:
        self.out = out
        self.text_model = text_model
        self._reader = IndexReader(out)

    def search(self, request: SearchRequest) -> Results:
        """The best places.

        Raises:
            ConfigurationError: there is no index.
            SearchError: the request cannot be answered.
        """
        conditions = where(request)
        query = parse_words(request.words) if request.words.strip() else None
        matching = lance_query(query) if query else None
        index = self._reader.opened()
        self._reader.look_ahead()
        notices: list[str] = []
        try:
            if query is None:
                ranked = self._alike(index, request, conditions)
            else:
                ranked = self._found(index, (query, matching), request, conditions, notices)
            wanted = ranked[request.offset : request.offset + request.limit]
            hits = _hits(index, wanted, query)
        except UNUSABLE as error:
            raise unusable(store_at(self.out), error) from error
        late = self._reader.notice()
        more = len(ranked) > request.offset + request.limit
        return Results(hits, more, tuple([late, *notices] if late else notices))

    def segment_at(self, place: str) -> str:
        """The id of the segment at OBJECT@M:SS; an id stays as it is.

        Raises:
            SearchError: no recording has that name and that time, or several do.
        """
        moment = moment_of(place)
        if moment is None:
            return place
        documents = self._reader.opened().documents
        name, time_ms = quoted(f"/{moment.object_name}"), moment.time_ms
        here = f"kind = 'segment' AND start_ms <= {time_ms} AND end_ms > {time_ms}"
        rows = (
            documents.search()
            .where(f"ends_with(concat('/', object_uri), {name}) AND {here}")
            .select(["object_uri", "segment_id"])
            .limit(100)
            .to_list()
            if documents is not None
            else []
        )
        uris = sorted({row["object_uri"] for row in rows})
        if not rows:
            raise SearchError(f"{place}: no indexed recording has that name and that time")
        if len(uris) > 1:
            shown = ", ".join(uris[:3])
            raise SearchError(
                f"{place}: fits {len(uris)} recordings ({shown}); write more of the name"
            )
        return str(rows[0]["segment_id"])

    def _found(
        self,
        index: OpenIndex,
        asked: tuple[WordQuery, Any],
        request: SearchRequest,
        conditions: str,
        notices: list[str],
    ) -> Ranked:
        query, matching = asked
        if index.documents is None:
            return []
        depth = max(_DEEP, request.offset + request.limit + 1)
        if request.mode == "words":
            return told(index.documents, matching, conditions, depth)
        table = index.vectors.get(vectors_table("text", text_model_revision(self.text_model)))
        if request.mode == "meaning":
            if query.strict:
                raise SearchError(
                    f"search {request.words!r}: by meaning, write plain words; quotes, signs and"
                    " fields are for --mode hybrid or words"
                )
            if table is None:
                raise SearchError(_no_meaning(self.out, self.text_model))
            near = _related(table, self._vector(query), conditions, depth)
            return [(name, 1 - distance) for name, distance in near]
        by_words = told(index.documents, matching, conditions, depth)
        if table is None:
            notices.append(_no_meaning(self.out, self.text_model))
            return by_words
        if query.strict:
            # signs and phrases decide what is found; the meaning only orders it
            if not by_words:
                return []
            conditions = f"id IN ({', '.join(quoted(name) for name, _ in by_words)})"
        near = _related(table, self._vector(query), conditions, depth)
        return fused([[name for name, _ in order] for order in (by_words, near)])

    def _alike(self, index: OpenIndex, request: SearchRequest, conditions: str) -> Ranked:
        """What sounds like a segment, itself left out."""
        depth = min(DEEPEST, request.offset + request.limit + 1)
        only = f"segment_id = {quoted(request.like)} AND kind = 'segment'"
        for name, table in index.vectors.items():
            if not name.startswith("audio-"):
                continue
            rows = table.search().where(only).select(["vector"]).limit(1).to_arrow()
            if len(rows):
                vector = np.array(rows["vector"][0].as_py(), np.float32)
                others = f"segment_id <> {quoted(request.like)}"
                both = f"{conditions} AND {others}" if conditions else others
                found = nearest(table, vector, both, depth)
                return [(name, 1 - distance) for name, distance in found]
        raise SearchError(
            f"like {request.like!r}: the index knows no sound of such a segment; run af3 embed and"
            f" af3 index --out {self.out}"
        )

    def _vector(self, query: WordQuery) -> npt.NDArray[np.float32]:
        vector: npt.NDArray[np.float32] = load_text_embedder(self.text_model).embed([query.text])[0]
        return vector


def _related(table: Any, vector: npt.NDArray[np.float32], conditions: str, depth: int) -> Ranked:
    return [pair for pair in nearest(table, vector, conditions, depth) if pair[1] <= _MEANT_ALIKE]


def _no_meaning(out: str, text_model: str) -> str:
    return (
        f"the index holds no meaning by {text_model}; run af3 index --out {out} (without"
        " --words-only)"
    )


def _hits(
    index: OpenIndex, ranked: Sequence[tuple[str, float]], query: WordQuery | None
) -> tuple[Hit, ...]:
    if index.documents is None:
        return ()
    rows = rows_of(index.documents, [name for name, _ in ranked], DOCUMENTS.names)
    terms = query.wanted if query else ()
    # what sounds alike is told by its caption, what means alike by what is said
    first = ("transcript", "caption") if query else ("caption", "transcript")
    return tuple(
        _hit(rows[name], score, context_of(rows[name], terms, (*first, "summary", "answers")))
        for name, score in ranked
        if name in rows
    )


def _hit(row: dict[str, Any], score: float, context: Any) -> Hit:
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
