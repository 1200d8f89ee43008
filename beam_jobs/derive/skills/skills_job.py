"""Question-answer pairs by skill: from events by rules, from texts by a language model.

captions, transcripts, answers, events ──► pairs ──► rules ──► self-check ──► audio model
──► tables/pairs, tables/rejected_pairs
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterator, Sequence

from af3core.errors import ModelError
from af3core.model.engines.engine_registry import answers_of
from af3core.model.request import Answer, Request, ask
from af3core.skills.audio_agreement import agrees, question_task, read_heard
from af3core.skills.catalogue import chosen_skills
from af3core.skills.exact_pairs import EXACT_VERSION
from af3core.skills.pair import Pair
from af3core.skills.pair_rules import RULES_VERSION
from beam_jobs.derive.skills.pair_report import sampled_lines, table_lines
from beam_jobs.derive.skills.pairs import Candidate, PairCollection, RejectedPair, make_pairs
from beam_jobs.derive.skills.segment_evidence import ClipEvidence, clip_evidence
from beam_jobs.framework.clip_audio import clip_sounds
from beam_jobs.framework.derivation import Derivation, Piece, PieceRows, Row, derive
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from schemas.identity import configuration_hash
from schemas.options.derive import AsMade, Seed, Skills
from schemas.tables.derived_tables import PAIRS, REJECTED_PAIRS

UNHEARD = "unheard"
"""Flag of a pair whose question the audio model could not be asked."""


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """The day's clips, one piece each."""
    how = [
        RULES_VERSION,
        EXACT_VERSION,
        settings[Seed].seed,
        chosen_skills(settings[Skills].skills),
        settings.writer.identity,
        settings.writer.checkpoint.name,
        settings.engine.identity,
    ]
    as_made = settings[AsMade].as_made
    for clip in clip_evidence(settings.store, settings.corpus, date, as_made):
        yield Piece(
            recording_id=clip.recording_id,
            corpus=settings.corpus,
            date=date,
            identity=configuration_hash([how, clip.segments]),
            evidence=clip,
            uri=clip.uri,
            work_ms=sum(segment.duration_ms for segment in clip.segments),
            decides=[how, clip.segments],
            clip_uri=clip.clip.clip_uri,
        )


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """The pairs of one clip.

    Raises:
        ModelError: the writer or the audio model did not answer, and may do so later.
    """
    clip: ClipEvidence = piece.evidence
    making = make_pairs(clip, settings)
    pairs = _heard_pairs(clip, making, settings)
    rejected = [_rejected_row(rejected) for rejected in making.rejected]
    return PieceRows({PAIRS.name: pairs, REJECTED_PAIRS.name: rejected}, making.counts)


def _heard_pairs(clip: ClipEvidence, making: PairCollection, settings: JobSettings) -> list[Row]:
    """Rows of what is kept, with the audio model's own answer to each question.

    All questions of a stretch share one sound, and its encoding.
    """
    spans = [(c.pair.start_ms, c.pair.end_ms) for c in making.kept]
    sounds = clip_sounds(clip.clip, spans, settings.store) if spans else {}
    requests: list[Request] = []
    asked: list[Candidate] = []
    found: dict[int, Answer | ModelError] = {}
    for candidate, span in sorted(zip(making.kept, spans, strict=True), key=lambda one: one[1]):
        sound = sounds[span]
        if isinstance(sound, ModelError):
            found[id(candidate)] = sound
        else:
            task = question_task(candidate.pair, candidate.skill)
            requests.append(ask(sound, task.prompt_text, task.max_new_tokens))
            asked.append(candidate)
    answers = answers_of(settings.engine, requests)
    found |= {id(candidate): answer for candidate, answer in zip(asked, answers, strict=True)}
    return [
        _pair_row(candidate, found[id(candidate)], making, settings) for candidate in making.kept
    ]


def _pair_row(
    candidate: Candidate,
    answer: Answer | ModelError,
    making: PairCollection,
    settings: JobSettings,
) -> Row:
    if isinstance(answer, ModelError) and not answer.permanent:
        raise answer
    pair, skill = candidate.pair, candidate.skill
    heard_text, agreed = "", None
    if isinstance(answer, Answer):
        heard = read_heard(pair, answer.text)
        heard_text, agreed = heard.text, agrees(pair, skill, heard)
        making.counts[f"agreed: {pair.skill}"] += agreed
    return _common(candidate) | {
        "pair_id": pair.identity(candidate.stretch.identity),
        "evidence": [dataclasses.asdict(evidence) for evidence in pair.evidence],
        "self_check": "pass" if candidate.proposal else "",
        "audio_answer": heard_text,
        "agrees": agreed,
        "flags": [] if isinstance(answer, Answer) else [UNHEARD],
        "model": settings.checkpoint.name,
        "weights_revision": settings.checkpoint.revision,
        "engine": settings.engine.label,
    }


def _rejected_row(rejected: RejectedPair) -> Row:
    return _common(rejected) | {"reason": rejected.reason, "detail": rejected.detail}


def _common(made: Candidate | RejectedPair) -> Row:
    pair, segment = made.pair, made.stretch.segments[0]
    return {
        "recording_id": segment.recording_id,
        "clip_id": segment.clip_id,
        "segment_id": made.stretch.segment_id,
        "start_ms": pair.start_ms,
        "end_ms": pair.end_ms,
        "skill": pair.skill,
        "question": pair.question,
        "options": list(pair.options),
        "answer": pair.answer,
        "made_by": pair.made_by,
    }


def pair_id(table: str, row: Row, identity: str) -> Row:
    """A row of pairs with its name, of the stretch that it is about."""
    if table != PAIRS.name:
        return row
    about = row["segment_id"] or row["clip_id"]
    pair = Pair(row["skill"], row["question"], row["answer"], 0, 0, tuple(row["options"]))
    return row | {"pair_id": pair.identity(about)}


SKILLS = Derivation(
    "skills",
    (PAIRS, REJECTED_PAIRS),
    pieces,
    derive_rows,
    writes=True,
    asks=operator.attrgetter("engine"),
    hears=True,
    renew=pair_id,
)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Make the pairs that are missing; replace the interval's.

    Returns:
        Counts by skill and reason, and twenty pairs drawn by the seed.

    Raises:
        ConfigurationError: there is no skill of a name.
    """
    chosen_skills(settings[Skills].skills)
    made = derive(SKILLS, settings, beam_arguments)
    sample = sampled_lines(settings)
    failed = [line for line in made.lines if line.startswith("failed: ")]
    lines = [*table_lines(made.facts), *failed, *sample]
    return Outcome(made.facts | {"sampled_pairs": sample}, lines, made.waiting)
