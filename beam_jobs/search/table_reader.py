"""Words found in the tables themselves, where LanceDB, which the index needs, is not installed.

Documents, filters and queries are those of the index. Every search reads all texts, a second for
some hundred hours; meaning and sound need the index.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import duckdb
import pyarrow as pa

from af3core.storage.store import Store
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.search.documents import DOCUMENTS, FIELDS, Partition, ask_documents
from beam_jobs.search.filters import sql_text
from beam_jobs.search.index_state import no_index, partition_stamps
from beam_jobs.search.query_parser import Term, WordQuery, edits_allowed
from beam_jobs.search.search_request import Ranked
from beam_jobs.search.text_normalisation import tokens_of

_SATURATION, _LENGTH_SHARE = 1.2, 0.75
"""BM25's k1 and b, as LanceDB has them (Robertson and Zaragoza, 2009)."""

Tokens = Sequence[str]


@dataclass(frozen=True)
class TableReader:
    """One state of the tables' texts; several threads may read it at once.

    Attributes:
        stamps: of the partitions that it was read from.
        documents: rows of `DOCUMENTS`.
        as_made: of what the model said, without corrections.
        hidden: identity of what was withdrawn then.
    """

    store: Store
    stamps: Mapping[Partition, str]
    documents: pa.Table
    as_made: bool = False
    hidden: str = ""

    @classmethod
    def open(cls, out: str, store: Store, as_made: bool = False) -> Self:
        """The texts as they are now.

        Args:
            out: folder or gs:// of the tables.
            store: the same.

        Raises:
            ConfigurationError: there are no tables.
        """
        hidden = withdrawals(store).identity
        stamps = partition_stamps(store, as_made=as_made)
        if not stamps:
            raise no_index(out, store)
        sql = f"SELECT {', '.join(DOCUMENTS.names)} FROM documents"
        found = ask_documents(
            out, store, list(stamps), lambda base: base.sql(sql).to_arrow_table(), as_made
        )
        return cls(store, stamps, found, as_made, hidden)

    def is_current(self) -> bool:
        """Whether the tables are still of this state."""
        is_hidden_alike = withdrawals(self.store).identity == self.hidden
        stamps = partition_stamps(self.store, as_made=self.as_made)
        return is_hidden_alike and stamps == self.stamps

    def match_words(self, query: WordQuery, conditions: str, limit: int) -> Ranked:
        """Ids and scores (BM25) of the documents that match."""
        rows = self._select(["id", *FIELDS], conditions or "true")
        texts = {field: [tokens_of(row[field]) for row in rows] for field in FIELDS}
        counts: Counter[int] = Counter()
        scores: defaultdict[int, float] = defaultdict(float)
        refused: set[int] = set()
        wanted = 0
        for term in query.terms:
            found = _scores_of(term, texts)
            if term.occurs == "must not":
                refused |= set(found)
                continue
            if term.occurs == "must":
                wanted += 1
                counts.update(found.keys())
            for row, score in found.items():
                scores[row] += score
        for row, score in _side_by_side(query, texts).items():
            scores[row] += score
        ranked = [
            (rows[row]["id"], score)
            for row, score in scores.items()
            if counts[row] == wanted and row not in refused
        ]
        return sorted(ranked, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def rows(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Documents by id."""
        listed = ", ".join(map(sql_text, ids))
        found = self._select(DOCUMENTS.names, f"id IN ({listed})") if listed else []
        return {row["id"]: row for row in found}

    def segments_at(self, object_name: str, time_ms: int) -> list[dict[str, str]]:
        """`object_uri`, `segment_id`, `corpus` and `recording_id` of segments at a time of
        recordings of that name.
        """
        where = (
            f"ends_with(concat('/', object_uri), {sql_text(f'/{object_name}')})"
            f" AND kind = 'segment' AND start_ms <= {time_ms} AND end_ms > {time_ms}"
        )
        return self._select(["object_uri", "segment_id", "corpus", "recording_id"], where)

    def _select(self, columns: Sequence[str], where: str) -> list[dict[str, Any]]:
        with duckdb.connect() as database:
            database.register("documents", self.documents)
            sql = f"SELECT {', '.join(columns)} FROM documents WHERE {where}"
            return database.sql(sql).to_arrow_table().to_pylist()


def _side_by_side(query: WordQuery, texts: Mapping[str, Sequence[Tokens]]) -> dict[int, float]:
    """Where plain words stand together they count twice."""
    plain = [t.tokens[0] for t in query.terms if t.occurs == "may" and not t.similar]
    if len(plain) < 2:
        return {}
    return _scores_of(Term(tuple(plain), "may"), texts)


def _scores_of(term: Term, texts: Mapping[str, Sequence[Tokens]]) -> dict[int, float]:
    """Of the documents that hold a term, by number: BM25, summed over its fields."""
    scores: dict[int, float] = {}
    for field in [term.field] if term.field else FIELDS:
        held = texts[field]
        counts = _counts_of(term, held)
        length = sum(map(len, held)) / max(len(held), 1)
        rarity = math.log(1 + (len(held) - len(counts) + 0.5) / (len(counts) + 0.5))
        for row, count in counts.items():
            share = 1 - _LENGTH_SHARE + _LENGTH_SHARE * len(held[row]) / length
            score = rarity * count * (_SATURATION + 1) / (count + _SATURATION * share)
            scores[row] = scores.get(row, 0.0) + score * len(term.tokens)
    return scores


def _counts_of(term: Term, held: Sequence[Tokens]) -> dict[int, int]:
    """How often the term stands in each document that holds it, by number."""
    first, width = term.tokens[0], len(term.tokens)
    if width > 1:
        counted = ((row, _windows(tokens, term.tokens)) for row, tokens in enumerate(held))
    else:
        fits = _spelt_like(first, held) if term.similar else first.__eq__
        counted = ((row, sum(map(fits, tokens))) for row, tokens in enumerate(held))
    return {row: count for row, count in counted if count}


def _windows(tokens: Tokens, phrase: tuple[str, ...]) -> int:
    if phrase[0] not in tokens:
        return 0
    width = len(phrase)
    return sum(tuple(tokens[at : at + width]) == phrase for at in range(len(tokens) - width + 1))


def _spelt_like(word: str, held: Sequence[Tokens]) -> Callable[[str], bool]:
    edits = edits_allowed(word)
    near = {other for other in {t for tokens in held for t in tokens} if _near(word, other, edits)}
    return near.__contains__


def _near(one: str, other: str, edits: int) -> bool:
    """Whether so many letters taken out, put in or changed make one word of the other."""
    if abs(len(one) - len(other)) > edits:
        return False
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, target in enumerate(other, 1):
            now.append(
                min(
                    before[column] + 1,
                    now[column - 1] + 1,
                    before[column - 1] + (letter != target),
                )
            )
        before = now
    return before[-1] <= edits
