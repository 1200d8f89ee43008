"""Long audio: summary, chapters and answers with citations for whole recordings.

tables ──► passages ──► chapters ──► summary                  ──► summaries, chapters
       └─► ranked for each question ──► answer with citations ──► findings

Two derivations: a recording's digest is one piece of work, and each question about it another, so
that a question more or less makes no digest anew. A run without questions leaves the findings of
earlier runs; a run with some publishes the answers to these, the known ones from the ledger.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from af3core.embedding.text import load_text_embedder, text_model_revision
from af3core.longform import LONGFORM_VERSION
from af3core.longform.findings import Finding, find
from af3core.longform.map_reduce import Chapter, digest
from af3core.longform.passages import Evidence
from af3core.longform.stitch import stitch
from beam_jobs.answering import answers_of
from beam_jobs.derived import Derivation, Made, Piece, Row, derive
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.long_evidence import recordings_with_evidence, text_vectors
from beam_jobs.settings import NightSettings
from schemas.derived_tables import CHAPTERS, FINDINGS, SUMMARIES
from schemas.identity import configuration_hash

RULES = "rules"
"""Who made a row that no language model wrote."""


def digest_pieces(settings: NightSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day."""
    for row, evidence in recordings_with_evidence(settings, date):
        yield _piece(settings, date, row, ["digest"], evidence, evidence)


def question_pieces(settings: NightSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day and each question."""
    for row, evidence in recordings_with_evidence(settings, date):
        for question in settings.deriving.questions:
            work = [question, settings.deriving.seed]
            yield _piece(settings, date, row, work, evidence, (question, evidence))


def _piece(
    settings: NightSettings, date: str, row: Row, work: list[Any], evidence: Evidence, given: Any
) -> Piece:
    decides = {
        "work": work,
        "evidence": evidence,
        "version": LONGFORM_VERSION,
        "writer": settings.writer.identity,
        "text_model": text_model_revision(settings.deriving.text_model),
    }
    return Piece(
        recording_id=row["recording_id"],
        corpus=settings.corpus,
        date=date,
        identity=configuration_hash(decides),
        evidence=given,
        uri=row["object_uri"],
        work_ms=row["duration_ms"],
    )


def make_digest(piece: Piece, settings: NightSettings) -> Made:
    """A recording's row of summaries and its rows of chapters."""
    evidence: Evidence = piece.evidence
    segments, clips = (
        text_vectors(tuple(p.text for p in passages), settings.deriving.text_model)
        for passages in (evidence.segments, evidence.clips)
    )
    embed = load_text_embedder(settings.deriving.text_model).embed
    found = digest(evidence, segments, clips, partial(answers_of, settings.writer), embed)
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
    return Made({"summaries": [summary], "chapters": chapters}, counts)


def _chapter_row(piece: Piece, number: int, chapter: Chapter, settings: NightSettings) -> Row:
    flags = [*chapter.flags, *piece.evidence.flags]
    return {
        "recording_id": piece.recording_id,
        "chapter": number,
        "made_by": _made_by(chapter.flags, settings),
        **dataclasses.asdict(chapter),
        "flags": flags,
    }


def make_finding(piece: Piece, settings: NightSettings) -> Made:
    """A recording's row of findings for one question."""
    question, evidence = piece.evidence
    passages, model = evidence.passages, settings.deriving.text_model
    vectors = text_vectors(tuple(passage.text for passage in passages), model)
    [asked] = text_vectors((question,), model)
    ask = partial(answers_of, settings.writer)
    found = find(question, passages, vectors, np.asarray(asked), ask, settings.deriving.seed)
    row = {
        "recording_id": piece.recording_id,
        "question_id": configuration_hash(question),
        "question": question,
        "answer": found.answer,
        "citations": [dataclasses.asdict(citation) for citation in found.citations],
        "made_by": _made_by(found.flags, settings),
        "flags": [*found.flags, *evidence.flags],
    }
    return Made({"findings": [row]}, _finding_counts(found))


def _finding_counts(found: Finding) -> dict[str, int]:
    return {
        "questions_asked": 1,
        "answered_by_model": int(not found.flags),
        "answered_in_quotes": int("extractive" in found.flags),
        "without_evidence": int("no_evidence" in found.flags),
    }


def _made_by(flags: Sequence[str], settings: NightSettings) -> str:
    written = not {"extractive", "no_evidence"} & set(flags)
    return settings.writer.checkpoint.name if written else RULES


DIGESTS = Derivation("summarise", (SUMMARIES, CHAPTERS), digest_pieces, make_digest, writes=True)
QUESTIONS = Derivation("find", (FINDINGS,), question_pieces, make_finding, writes=True)


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Summarise the recordings of the interval, and answer the questions about each."""
    outcome = derive(DIGESTS, settings, beam_arguments)
    if not settings.deriving.questions:
        return outcome
    found = derive(QUESTIONS, settings, beam_arguments)
    facts = {"digests": outcome.facts, "findings": found.facts}
    return Outcome(facts, [*outcome.lines, "questions:", *found.lines])


JOB = Job("summarise", "summary, chapters and answers with citations for whole recordings", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.summarise`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.summarise import main as named

    raise SystemExit(named())
