"""What people type into the search: words, "phrases", +must, -mustnot, field:word, similar~."""

from __future__ import annotations

import importlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Literal

from beam_jobs.search.documents import FIELDS
from beam_jobs.search.request import SearchError

Occurs = Literal["may", "must", "must not"]

_ITEM = re.compile(
    r"""(?P<sign>[+-]?)(?:(?P<field>[^\W\d_]+):(?=\S))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))"""
)
_TOKEN = re.compile(r"[^\W_]+")
_SHORT = 5
"""Letters of a word of which one may differ; of longer ones two may."""
_REMEDY = 'write words, "a phrase", +must, -mustnot, similar~, or one of ' + ", ".join(
    f"{name}:word" for name in FIELDS
)


@dataclass(frozen=True)
class Term:
    """One word or phrase of a query.

    Attributes:
        tokens: words in order, folded: lower case, without accents.
        field: one of FIELDS; empty is any.
        similar: words that are spelt alike match too.
    """

    tokens: tuple[str, ...]
    occurs: Occurs
    field: str = ""
    similar: bool = False


@dataclass(frozen=True)
class WordQuery:
    """A query of terms.

    `strict` says that some terms decide what is found; else all only rank it.
    """

    terms: tuple[Term, ...]

    @property
    def wanted(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.occurs != "must not")

    @property
    def strict(self) -> bool:
        return any(term.occurs != "may" for term in self.terms)

    @property
    def text(self) -> str:
        """The wanted words as one text, for its meaning."""
        return " ".join(token for term in self.wanted for token in term.tokens)


def parse_words(words: str) -> WordQuery:
    """The query of what was typed. Phrases, and words with a field, must be there.

    Raises:
        SearchError: it is none; the message says what to write.
    """
    if words.count('"') % 2:
        raise SearchError(f"search {words!r}: a quote is not closed; {_REMEDY}")
    terms = [term for item in _ITEM.finditer(words) if (term := _term(words, item))]
    if not any(term.occurs != "must not" for term in terms):
        raise SearchError(f"search {words!r}: nothing is asked for; {_REMEDY}")
    return WordQuery(tuple(terms))


def _term(words: str, item: re.Match[str]) -> Term | None:
    field, phrase = item["field"] or "", item["phrase"]
    if field and field not in FIELDS:
        raise SearchError(f"search {words!r}: {field}: is no field; {_REMEDY}")
    text = phrase if phrase is not None else item["word"]
    similar = phrase is None and text.endswith("~")
    tokens = tuple(tokens_of(text))
    if not tokens:
        return None
    occurs: Occurs = "may"
    if item["sign"] == "-":
        occurs = "must not"
    elif item["sign"] == "+" or field or phrase is not None:
        occurs = "must"
    return Term(tokens, occurs, field, similar and len(tokens) == 1)


def tokens_of(text: str) -> list[str]:
    """The words of a text as the index has them: lower case, accents folded."""
    return [fold(token) for token in _TOKEN.findall(text)]


def spans_of(text: str) -> list[tuple[int, int, str]]:
    """Start, end and folded form of each word."""
    return [(found.start(), found.end(), fold(found[0])) for found in _TOKEN.finditer(text)]


def fold(word: str) -> str:
    """Lower case, without accents."""
    return _without_accents(_without_accents(word).casefold())


def _without_accents(word: str) -> str:
    parts = unicodedata.normalize("NFKD", word)
    return "".join(part for part in parts if not unicodedata.combining(part))


def lance_query(query: WordQuery) -> Any:
    """The query in LanceDB's form, over all fields."""
    lance = _lance()
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
        named = [_matching(term, field) for field in ([term.field] if term.field else FIELDS)]
        if term.occurs == "must" and len(named) > 1:
            named = [lance.BooleanQuery([(lance.Occur.SHOULD, one) for one in named])]
        clauses += [(kinds[term.occurs], one) for one in named]
    return lance.BooleanQuery(clauses)


def _is_plain(term: Term) -> bool:
    return len(term.tokens) == 1 and not term.similar


def _matching(term: Term, field: str) -> Any:
    if len(term.tokens) > 1:
        return _lance().PhraseQuery(" ".join(term.tokens), field)
    return _match(term.tokens[0], field, term.similar)


def _match(words: str, field: str, similar: bool = False) -> Any:
    edits = (2 if len(words) > _SHORT else 1) if similar else 0
    return _lance().MatchQuery(words, field, fuzziness=edits)


def _lance() -> Any:
    """LanceDB's forms of queries; their types leave out that arguments have defaults."""
    return importlib.import_module("lancedb.query")
