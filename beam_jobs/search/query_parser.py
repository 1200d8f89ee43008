"""What people type into the search: words, "phrases", +must, -mustnot, field:word, similar~."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from beam_jobs.search.documents import FIELDS
from beam_jobs.search.search_request import SearchError
from beam_jobs.search.text_normalisation import tokens_of

Occurs = Literal["may", "must", "must not"]

_SHORT = 5
"""Letters of a word of which one may differ; of longer ones two may."""

_ITEM = re.compile(
    r"""(?P<sign>[+-]?)(?:(?P<field>[^\W\d_]+):(?=\S))?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))"""
)
_REMEDY = 'write words, "a phrase", +must, -mustnot, similar~, or one of ' + ", ".join(
    f"{name}:word" for name in FIELDS
)


@dataclass(frozen=True)
class Term:
    """One word or phrase of a query.

    Attributes:
        tokens: words in order, normalised.
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
    def wanted_terms(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.occurs != "must not")

    @property
    def strict(self) -> bool:
        return any(term.occurs != "may" for term in self.terms)

    @property
    def text(self) -> str:
        """The wanted words as one text, for its meaning."""
        return " ".join(token for term in self.wanted_terms for token in term.tokens)


def edits_allowed(word: str) -> int:
    """Letters that may differ in a word that is spelt alike."""
    return 2 if len(word) > _SHORT else 1


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
