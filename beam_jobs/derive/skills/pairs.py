"""A clip's pairs: made by rules, proposed by the writer, checked, and asked of the audio model."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from af3core.errors import ModelError
from af3core.model.engines.engine_registry import answers_of
from af3core.model.language_model import Ask, Document, MalformedAnswer, write_documents
from af3core.skills.catalogue import Skill, catalogue, chosen_skills
from af3core.skills.exact_pairs import exact_pairs
from af3core.skills.pair import Pair
from af3core.skills.pair_rules import broken_rule, without_articles
from af3core.skills.proposals import (
    CHECK_SCHEMA,
    CHECK_TOKENS,
    MAX_NEW_TOKENS,
    SKILLS_PER_CLIP,
    SKILLS_PER_SEGMENT,
    Proposal,
    check_prompt,
    due_proposals,
    group_by_schema,
    read_proposal,
    schema_of,
)
from af3core.skills.question_span import QuestionSpan, clip_span, segment_span
from beam_jobs.derive.skills.segment_evidence import ClipEvidence
from beam_jobs.framework.settings import JobSettings
from schemas.options.derive import Seed, Skills


@dataclass(frozen=True)
class Candidate:
    """A pair with the stretch that it is about; a written one with what was asked for."""

    pair: Pair
    stretch: QuestionSpan
    proposal: Proposal | None = None

    @property
    def skill(self) -> Skill:
        return catalogue()[self.pair.skill]


@dataclass(frozen=True)
class RejectedPair:
    """A pair that is not kept; of a reply that is no pair all texts are empty."""

    pair: Pair
    stretch: QuestionSpan
    reason: str
    detail: str


@dataclass
class PairCollection:
    """What has become of a clip's pairs so far: those that stand, those that do not, and counts.

    The counts' keys are `kept: SKILL`, `agreed: SKILL`, `rejected: SKILL: REASON`,
    `nothing_to_ask: SKILL`, `not_drawn: SKILL` and `without_evidence: SKILL: WHAT`.
    """

    kept: list[Candidate]
    rejected: list[RejectedPair]
    counts: Counter[str]

    def reject(self, candidate: Candidate, reason: str, detail: str) -> None:
        """Count and keep the reason."""
        self.counts[f"rejected: {candidate.pair.skill}: {reason}"] += 1
        self.rejected.append(RejectedPair(candidate.pair, candidate.stretch, reason, detail))

    def sift(self, broken: Callable[[Candidate], tuple[str, str] | None]) -> None:
        """Reject what `broken` has a reason and a detail against."""
        standing, self.kept = self.kept, []
        for candidate in standing:
            found = broken(candidate)
            if found:
                self.reject(candidate, *found)
            else:
                self.kept.append(candidate)


def make_pairs(clip: ClipEvidence, settings: JobSettings) -> PairCollection:
    """The pairs of a clip that obey the rules and pass the writer's own check.

    Raises:
        ModelError: the writer did not answer, and may do so later.
    """
    seed, skills = settings[Seed].seed, chosen_skills(settings[Skills].skills)
    segments = [segment_span(segment) for segment in clip.segments]
    making = PairCollection([], [], Counter())
    exact = [skill for skill in skills if skill.maker == "rules"]
    for stretch in segments:
        _make_exact(stretch, exact, seed, making)
    written = {
        unit: [s for s in skills if s.maker == "writer" and s.unit == unit]
        for unit in ("segment", "clip")
    }
    due: list[Proposal] = []
    for stretch in segments:
        due += _draw_proposals(stretch, written["segment"], seed, SKILLS_PER_SEGMENT, making)
    due += _draw_proposals(
        clip_span(clip.segments, seed), written["clip"], seed, SKILLS_PER_CLIP, making
    )
    ask = functools.partial(answers_of, settings.writer)
    _write(due, ask, settings, making)
    _apply_rules(making)
    _check(ask, seed, making)
    making.counts.update(f"kept: {candidate.pair.skill}" for candidate in making.kept)
    return making


def _make_exact(
    stretch: QuestionSpan, skills: Sequence[Skill], seed: int, making: PairCollection
) -> None:
    (segment,) = stretch.segments
    made: dict[str, list[Pair]] = {}
    for pair in exact_pairs(segment, seed) if skills else ():
        made.setdefault(pair.skill, []).append(pair)
    for skill in skills:
        missing = stretch.missing(skill)
        if not missing and not segment.events_complete:
            missing = ("all events",)
        if missing:
            making.counts[f"without_evidence: {skill.name}: {', '.join(missing)}"] += 1
        elif skill.name not in made:
            making.counts[f"nothing_to_ask: {skill.name}"] += 1
        else:
            making.kept += [Candidate(pair, stretch) for pair in made[skill.name]]


def _draw_proposals(
    stretch: QuestionSpan, skills: Iterable[Skill], seed: int, at_most: int, making: PairCollection
) -> list[Proposal]:
    able = []
    for skill in skills:
        missing = stretch.missing(skill)
        if missing:
            making.counts[f"without_evidence: {skill.name}: {', '.join(missing)}"] += 1
        else:
            able.append(skill)
    due = due_proposals(stretch, able, seed, at_most)
    drawn = {proposal.skill.name for proposal in due}
    making.counts.update(f"not_drawn: {s.name}" for s in able if s.name not in drawn)
    return due


def _write(
    due: Sequence[Proposal], ask: Ask, settings: JobSettings, making: PairCollection
) -> None:
    seed, made_by = settings[Seed].seed, settings.writer.checkpoint.name
    for (form, _), positions in group_by_schema(due).items():
        asked = [due[position] for position in positions]
        prompts = [proposal.prompt for proposal in asked]
        replies = write_documents(ask, prompts, schema_of(form), MAX_NEW_TOKENS[form], seed)
        for proposal, reply in zip(asked, replies, strict=True):
            stretch, name = proposal.stretch, proposal.skill.name
            if isinstance(reply, ModelError):
                nothing = Pair(name, "", "", stretch.start_ms, stretch.end_ms, made_by=made_by)
                making.reject(Candidate(nothing, stretch, proposal), *not_written(reply))
                continue
            pair = read_proposal(proposal, reply.value, made_by, seed)
            if pair is None:
                making.counts[f"nothing_to_ask: {name}"] += 1
            else:
                making.kept.append(Candidate(pair, stretch, proposal))


def not_written(error: ModelError) -> tuple[str, str]:
    """Reason and detail of a reply that is none.

    Raises:
        ModelError: another attempt may go through.
    """
    if isinstance(error, MalformedAnswer):
        return "malformed_reply", str(error)
    if not error.permanent:
        raise error
    return "writer_refused", str(error)


def _apply_rules(making: PairCollection) -> None:
    """The rules of the skills, and that nothing is asked twice of the same stretch."""
    seen: set[Any] = set()

    def broken(candidate: Candidate) -> tuple[str, str] | None:
        pair = candidate.pair
        found = broken_rule(pair, candidate.skill)
        if found:
            return found.reason, found.detail
        asked = (
            candidate.stretch.identity,
            without_articles(pair.question),
            tuple(sorted(pair.options)),
        )
        if asked in seen:
            return "asked_already", pair.question
        seen.add(asked)
        return None

    making.sift(broken)


def _check(ask: Ask, seed: int, making: PairCollection) -> None:
    """The writer judges its own pairs; what follows from rules needs no judge."""
    written = [c for c in making.kept if c.proposal]
    prompts = [check_prompt(c.pair, c.proposal) for c in written if c.proposal]
    verdicts = write_documents(ask, prompts, CHECK_SCHEMA, CHECK_TOKENS, seed) if prompts else []
    given = {id(candidate): verdict for candidate, verdict in zip(written, verdicts, strict=True)}

    def broken(candidate: Candidate) -> tuple[str, str] | None:
        verdict = given.get(id(candidate))
        if verdict is None:
            return None
        if isinstance(verdict, Document):
            passes = verdict.value["check"] == "pass"
            return None if passes else ("self_check_failed", verdict.value["reason"])
        reason, detail = not_written(verdict)
        return f"self_check_{reason}", detail

    making.sift(broken)
