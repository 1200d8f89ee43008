"""Questions about a whole recording, answered with the segments that the answer rests on.

all passages ──► ranked ──► the best, numbered, in groups that fit a prompt ──► answers with numbers
──► one answer ──► checked against what it cites

A citation is a number that was shown, or it does not count. Where the language model fails the best
passages answer in their own words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from af3core.errors import ModelError
from af3core.longform.extractive import most_central
from af3core.longform.long_audio_prompts import doubt_flag, evidence_line, pack_lines, plain
from af3core.longform.passage_ranking import Hit, rank
from af3core.longform.passages import Passage
from af3core.longform.word_forms import quote, stems_of
from af3core.model.language_model import Ask, Document, MalformedAnswer, write_documents

Vectors = npt.NDArray[np.float32]

MOST_SHOWN = 120
"""Passages that a language model judges, in a few prompts; the rest ranks below them."""

_WITH_NEIGHBOURS = 8
_MOST_CITED = 8
_MOST_QUOTED = 3
_NEARLY_BEST = 0.75
_ANSWER_TOKENS = 200
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "citations": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["answer", "citations"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Citation:
    """A passage that an answer rests on, with the words in it that matter."""

    segment_id: str
    start_ms: int
    end_ms: int
    quote: str
    score: float


@dataclass(frozen=True)
class Finding:
    """An answer, empty where nothing speaks to the question.

    Flags: `extractive` (the passages' own words; the next flag says why), `no_evidence`,
    `malformed_answer`, `uncited_answer`, and those of `long_audio_prompts.doubt_flag`.
    """

    answer: str
    citations: tuple[Citation, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class _Search:
    """One question over one recording; numbers are places in `passages`, from 1.

    Attributes:
        ranked: all passages, the best first.
        vectors: `[passages, dimensions]`.
    """

    question: str
    passages: Sequence[Passage]
    ranked: Sequence[Hit]
    vectors: Vectors
    ask: Ask
    seed: int

    @property
    def is_broad(self) -> bool:
        """A question without words of its own, such as "What is it about?"."""
        return not stems_of(self.question)

    @cached_property
    def scores(self) -> dict[int, float]:
        return {hit.place + 1: hit.score for hit in self.ranked}


def answer_question(
    question: str,
    passages: Sequence[Passage],
    vectors: Vectors,
    question_vector: Vectors,
    ask: Ask,
    seed: int = 0,
) -> Finding:
    """Answer one question.

    Args:
        passages: of the whole recording, in time order.
        vectors: unit vectors `[passages, dimensions]` of their texts.

    Raises:
        ModelError: the language model did not answer at all.
    """
    ranked = rank(question, passages, vectors, question_vector)
    search = _Search(question, passages, ranked, vectors, ask, seed)
    shown = _passages_to_judge(search)
    if not shown:
        return Finding("", (), ("no_evidence",))
    document = _ask_in_groups(search, shown)
    if isinstance(document, MalformedAnswer):
        return _extract_answer(search, "malformed_answer")
    answer = " ".join(document.value["answer"].split())
    cited = _valid_citations(document, shown)
    reason = _rejection(search, answer, cited)
    if reason:
        return _extract_answer(search, reason)
    best = sorted(cited, key=lambda n: (-search.scores[n], n))[:_MOST_CITED]
    return Finding(answer, tuple(_citation(search, n) for n in best), ())


def _passages_to_judge(search: _Search) -> list[int]:
    """Numbers of the passages to judge, in time order: related ones, the best with neighbours.

    A broad question is put to a sample of the whole.
    """
    count = len(search.passages)
    if search.is_broad:
        step = max(1, -(-count // MOST_SHOWN))
        return list(range(1, count + 1, step))
    related = [hit.place for hit in search.ranked if hit.is_related][:MOST_SHOWN]
    places = set(related)
    for place in related[:_WITH_NEIGHBOURS]:
        places.update({place - 1, place + 1})
    return sorted(place + 1 for place in places if 0 <= place < count)


def _ask_in_groups(search: _Search, shown: Sequence[int]) -> Document | MalformedAnswer:
    """The model's answer: to each group of passages, and then to what those answers cite."""
    lines = [evidence_line(search.passages[number - 1], number) for number in shown]
    groups = pack_lines(lines)
    documents = _ask_groups(search, groups)
    if len(groups) == 1:
        return documents[0]
    good = [document for document in documents if isinstance(document, Document)]
    cited = sorted({number for document in good for number in _valid_citations(document, shown)})
    if not cited:
        return good[0] if good else documents[0]
    best = sorted(cited, key=lambda n: -search.scores[n])
    again = [evidence_line(search.passages[number - 1], number) for number in best]
    return _ask_groups(search, [pack_lines(again)[0]])[0]


def _ask_groups(
    search: _Search, groups: Sequence[Sequence[str]]
) -> list[Document | MalformedAnswer]:
    prompts = [_prompt(search.question, group) for group in groups]
    found = write_documents(search.ask, prompts, _SCHEMA, _ANSWER_TOKENS, search.seed)
    documents: list[Document | MalformedAnswer] = []
    for document in found:
        if isinstance(document, ModelError) and not isinstance(document, MalformedAnswer):
            raise document
        documents.append(document)
    return documents


def _prompt(question: str, lines: Sequence[str]) -> str:
    evidence = "\n".join(lines)
    return (
        "Below are numbered passages of a recording, with their times: what is said and heard."
        f"\n\n{evidence}\n\nQuestion: {plain(question)}\n\n"
        "Answer from these passages alone, in one or two sentences, and give the numbers of the"
        " passages that the answer rests on. If none answers the question, the answer is empty."
        ' Write JSON: {"answer": "…", "citations": [numbers]}'
    )


def _valid_citations(document: Document, shown: Sequence[int]) -> list[int]:
    """The numbers that it cites and was shown, each once."""
    known = set(shown)
    return [n for n in dict.fromkeys(document.value["citations"]) if n in known]


def _rejection(search: _Search, answer: str, cited: Sequence[int]) -> str:
    """Why an answer cannot stand, or ""; a plain yes, no or number needs only its citation."""
    if not answer:
        return "empty_answer"
    if not cited:
        return "uncited_answer"
    evidence = [search.passages[number - 1].text for number in cited]
    reason = doubt_flag(answer, [*evidence, search.question])
    plain_word = reason == "not_in_evidence" and not stems_of(answer)
    return "" if plain_word else reason


def _extract_answer(search: _Search, reason: str) -> Finding:
    """The words of the passages that speak to the question; to a broad one, the central ones."""
    numbers = [hit.place + 1 for hit in search.ranked if hit.is_answer]
    if search.is_broad:
        told = [bool(passage.text) for passage in search.passages]
        numbers = [place + 1 for place in most_central(search.vectors, told, _MOST_QUOTED)]
    elif numbers:
        enough = search.scores[numbers[0]] * _NEARLY_BEST
        numbers = [n for n in numbers if search.scores[n] >= enough][:_MOST_QUOTED]
    if not numbers:
        return Finding("", (), ("no_evidence", reason))
    citations = tuple(_citation(search, number) for number in numbers)
    answer = " / ".join(dict.fromkeys(citation.quote for citation in citations))
    return Finding(answer, citations, ("extractive", reason))


def _citation(search: _Search, number: int) -> Citation:
    passage, wanted = search.passages[number - 1], set(stems_of(search.question))
    said, heard = (len(wanted & set(stems_of(t))) for t in (passage.said, passage.heard))
    text = passage.said if passage.said and said >= heard else passage.heard or passage.said
    return Citation(
        passage.segment_id,
        passage.start_ms,
        passage.end_ms,
        quote(text, wanted),
        search.scores[number],
    )
