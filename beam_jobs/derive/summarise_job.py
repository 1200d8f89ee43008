"""Long audio: summary, chapters and answers with citations for whole recordings.

tables ──► passages ──► chapters ──► summary                  ──► summaries, chapters
       └─► ranked for each question ──► answer with citations ──► findings

Two derivations: a recording's digest is one piece of work, and each question about it another, so
that a question more or less makes no digest anew. A run without questions leaves the findings of
earlier runs; a run with some publishes the answers to these, the known ones from the ledger.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from af3core.embedding.text import Vectors, load_text_embedder, text_model_revision
from af3core.longform import LONGFORM_VERSION
from af3core.longform.map_reduce import Chapter, summarise_recording
from af3core.longform.passages import Evidence, evidence_of
from af3core.longform.question_answering import Finding, answer_question
from af3core.longform.stitch import stitch
from af3core.model.engines.engine_registry import answers_of
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import (
    Derivation,
    Piece,
    PieceRows,
    Row,
    derive,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.derive import AsMade, Questions, Seed, TextModel
from schemas.tables.derived_tables import CHAPTERS, FINDINGS, SUMMARIES

RULES = "rules"
"""Who made a row that no language model wrote."""
_EVIDENCE_TABLES = ("segments", "transcripts", "captions", "answers")


def digest_pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day."""
    for found in _recordings_with_evidence(settings, date):
        yield _piece(settings, date, found, ["digest"], found.evidence)


def question_pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day and each question."""
    for found in _recordings_with_evidence(settings, date):
        for question in settings[Questions].question:
            work = [question, settings[Seed].seed]
            yield _piece(settings, date, found, work, (question, found.evidence))


class _Published(NamedTuple):
    """A recording's row, one of its clips, and its evidence."""

    row: Row
    clip_uri: str
    evidence: Evidence


def _recordings_with_evidence(settings: JobSettings, date: str) -> Iterator[_Published]:
    """Each recording of a published day that has segments, with its evidence."""
    store = settings.store
    tables = ("recordings", *_EVIDENCE_TABLES)
    as_made = settings[AsMade].as_made
    recordings, *found = corrected_by_recording(
        store, tables, settings.corpus, date, as_made
    ).values()
    for recording_id, [row] in recordings.items():
        segments, *answers = (rows.get(recording_id, []) for rows in found)
        if segments and row["duration_ms"] > 0:
            evidence = evidence_of(row, segments, *answers)
            yield _Published(row, segments[0]["clip_uri"], evidence)


@lru_cache(maxsize=4)
def _text_vectors(texts: tuple[str, ...], model: str) -> Vectors:
    """Unit vectors `[texts, dimensions]`, zero where a text is empty.

    Kept for the last recordings: all questions about one are asked of the same vectors.
    """
    embedder = load_text_embedder(model)
    vectors = np.zeros((len(texts), embedder.dimensions), np.float32)
    places = [place for place, text in enumerate(texts) if text]
    if places:
        vectors[places] = embedder.embed([texts[place] for place in places])
    return vectors


def _piece(
    settings: JobSettings, date: str, found: _Published, work: list[Any], given: Any
) -> Piece:
    decides = {
        "work": work,
        "evidence": found.evidence,
        "version": LONGFORM_VERSION,
        "writer": settings.writer.identity,
        "text_model": text_model_revision(settings[TextModel].text_model),
    }
    return Piece(
        recording_id=found.row["recording_id"],
        corpus=settings.corpus,
        date=date,
        identity=configuration_hash(decides),
        evidence=given,
        uri=found.row["object_uri"],
        work_ms=found.row["duration_ms"],
        decides=decides,
        clip_uri=found.clip_uri,
    )


def digest_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """A recording's row of summaries and its rows of chapters."""
    evidence: Evidence = piece.evidence
    segments, clips = (
        _text_vectors(tuple(p.text for p in passages), settings[TextModel].text_model)
        for passages in (evidence.segments, evidence.clips)
    )
    embed = load_text_embedder(settings[TextModel].text_model).embed
    found = summarise_recording(
        evidence, segments, clips, partial(answers_of, settings.writer), embed
    )
    stitched = stitch(evidence.written)
    summary = {
        "recording_id": piece.recording_id,
        "duration_ms": evidence.duration_ms,
        "summary": found.summary,
        "chapter_count": len(found.chapters),
        "transcript": stitched.text,
        "transcript_spans": [dataclasses.asdict(span) for span in stitched.spans],
        "made_by": _made_by(found.flags, settings),
        "flags": [*found.flags, *evidence.flags],
    }
    chapters = [
        _chapter_row(piece, number, chapter, settings)
        for number, chapter in enumerate(found.chapters, 1)
    ]
    counts = {
        "recordings": 1,
        "chapters": len(chapters),
        "summaries_by_model": int(summary["made_by"] != RULES),
        "chapters_by_model": sum(row["made_by"] != RULES for row in chapters),
    }
    return PieceRows({"summaries": [summary], "chapters": chapters}, counts)


def _chapter_row(piece: Piece, number: int, chapter: Chapter, settings: JobSettings) -> Row:
    flags = [*chapter.flags, *piece.evidence.flags]
    return {
        "recording_id": piece.recording_id,
        "chapter": number,
        "made_by": _made_by(chapter.flags, settings),
        **dataclasses.asdict(chapter),
        "flags": flags,
    }


def finding_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """A recording's row of findings for one question."""
    question, evidence = piece.evidence
    passages, model = evidence.passages, settings[TextModel].text_model
    vectors = _text_vectors(tuple(passage.text for passage in passages), model)
    [asked] = _text_vectors((question,), model)
    ask = partial(answers_of, settings.writer)
    found = answer_question(
        question, passages, vectors, np.asarray(asked), ask, settings[Seed].seed
    )
    row = {
        "recording_id": piece.recording_id,
        "question_id": configuration_hash(question),
        "question": question,
        "answer": found.answer,
        "citations": [dataclasses.asdict(citation) for citation in found.citations],
        "made_by": _made_by(found.flags, settings),
        "flags": [*found.flags, *evidence.flags],
    }
    return PieceRows({"findings": [row]}, _finding_counts(found))


def _finding_counts(found: Finding) -> dict[str, int]:
    return {
        "questions_asked": 1,
        "answered_by_model": int(not found.flags),
        "answered_in_quotes": int("extractive" in found.flags),
        "without_evidence": int("no_evidence" in found.flags),
    }


def _made_by(flags: Sequence[str], settings: JobSettings) -> str:
    written = not {"extractive", "no_evidence"} & set(flags)
    return settings.writer.checkpoint.name if written else RULES


DIGESTS = Derivation("summarise", (SUMMARIES, CHAPTERS), digest_pieces, digest_rows, writes=True)
QUESTIONS = Derivation("find", (FINDINGS,), question_pieces, finding_rows, writes=True)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Summarise the recordings of the interval, and answer the questions about each."""
    outcome = derive(DIGESTS, settings, beam_arguments)
    if not settings[Questions].question:
        return outcome
    found = derive(QUESTIONS, settings, beam_arguments)
    facts = {"digests": outcome.facts, "findings": found.facts}
    waiting = Counter(outcome.waiting) + Counter(found.waiting)
    return Outcome(facts, [*outcome.lines, "questions:", *found.lines], dict(waiting))
