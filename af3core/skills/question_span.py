"""A stretch that a question is about, and its evidence as a writer reads it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.skills.catalogue import Skill
from af3core.skills.evidence import HeardEvent, SegmentEvidence
from af3core.skills.pair import Evidence
from schemas.identity import configuration_hash

LONGEST_EVIDENCE_CHARACTERS = 12_000
"""Of a stretch's evidence: ten minutes of speech are some 9,000, their captions a third of that."""

SHORTEST_CLIP_MS = 30_000
"""LongAudio-XL begins where AudioSkills-XL ends."""


@dataclass(frozen=True)
class QuestionSpan:
    """A segment, or neighbouring segments of a clip (`segment_id` is then empty)."""

    segments: tuple[SegmentEvidence, ...]
    segment_id: str = ""

    @property
    def start_ms(self) -> int:
        return self.segments[0].start_ms

    @property
    def end_ms(self) -> int:
        return self.segments[-1].end_ms

    @property
    def identity(self) -> str:
        """Its segment, or its clip."""
        return self.segment_id or self.segments[0].clip_id

    def missing(self, skill: Skill) -> tuple[str, ...]:
        """What a skill needs and is not there."""
        short = self.end_ms - self.start_ms < SHORTEST_CLIP_MS and not self.segment_id
        return (*skill.missing_evidence(self.segments), *(["30 s"] if short else []))


def segment_span(segment: SegmentEvidence) -> QuestionSpan:
    """A segment alone."""
    return QuestionSpan((segment,), segment.segment_id)


def clip_span(segments: Sequence[SegmentEvidence], seed: int) -> QuestionSpan:
    """A clip, or where it has more evidence than a writer takes at once, a stretch of it.

    The stretch begins where the seed says, among all places after which there is enough.
    """
    sizes = [len("\n".join(_lines(segment, 0, frozenset(_ALL)))) for segment in segments]
    limit = LONGEST_EVIDENCE_CHARACTERS
    enough = [i for i in range(len(sizes)) if sum(sizes[i:]) >= limit] or [0]
    key = configuration_hash([seed, segments[0].clip_id])
    first = last = random.Random(key).choice(enough) if sum(sizes) > limit else 0
    while last + 1 < len(sizes) and sum(sizes[first : last + 2]) <= limit:
        last += 1
    return QuestionSpan(tuple(segments[first : last + 1]))


_ALL = ("captions", "transcripts", "events", "answers", "descriptors")


def evidence_kinds(skill: Skill) -> frozenset[str]:
    """What a writer sees: where a skill is about sounds, all that is known of them; what is said
    only where the skill needs it.
    """
    about_sounds = ("events", "answers", "descriptors") if "captions" in skill.evidence else ()
    return frozenset((*skill.evidence, *about_sounds))


def evidence_text(stretch: QuestionSpan, skill: Skill) -> str:
    """The evidence as text, with times from the start of the stretch."""
    kinds = evidence_kinds(skill)
    seconds = (stretch.end_ms - stretch.start_ms) / 1000
    lines = [f"The audio is {seconds:.0f} s long."]
    for segment in stretch.segments:
        if len(stretch.segments) > 1:
            start, end = (
                _clock(time_ms - stretch.start_ms) for time_ms in (segment.start_ms, segment.end_ms)
            )
            lines.append(f"From {start} to {end}:")
        lines += _lines(segment, stretch.start_ms, kinds)
    return "\n".join(lines)


def pair_evidence(stretch: QuestionSpan, skill: Skill) -> tuple[Evidence, ...]:
    """The same evidence as it stands beside the pair."""
    kinds = evidence_kinds(skill)
    return tuple(e for segment in stretch.segments for e in _evidence(segment, kinds))


def _evidence(segment: SegmentEvidence, kinds: frozenset[str]) -> Iterator[Evidence]:
    times = (segment.start_ms, segment.end_ms)
    if "captions" in kinds:
        yield from (Evidence("caption", text, *times) for text in segment.captions)
    if "transcripts" in kinds:
        yield from (Evidence("transcript", text, *times) for text in segment.transcripts)
    if "events" in kinds:
        yield from (Evidence("event", e.label, e.start_ms, e.end_ms) for e in segment.events)
    if "descriptors" in kinds:
        for event in segment.events:
            if measures(event):
                yield Evidence("descriptor", measures(event), event.start_ms, event.end_ms)
    if "answers" in kinds:
        yield from (Evidence("answer", f"{q} {a}", *times) for q, a in segment.answers)


def _lines(segment: SegmentEvidence, from_ms: int, kinds: frozenset[str]) -> Iterator[str]:
    if "captions" in kinds:
        yield from (f"Heard: {text}" for text in segment.captions)
    if "transcripts" in kinds:
        yield from (f'Said: "{text}"' for text in segment.transcripts)
    if "events" in kinds:
        for event in segment.events:
            measured = measures(event) if "descriptors" in kinds else ""
            start_s, end_s = ((t - from_ms) / 1000 for t in (event.start_ms, event.end_ms))
            yield f"{start_s:.1f} to {end_s:.1f} s: {event.label}" + (
                f" ({measured})" * bool(measured)
            )
    if "answers" in kinds:
        yield from (f"{question} {answer}" for question, answer in segment.answers)


def measures(event: HeardEvent) -> str:
    """An event's measures in words with units; empty where it has none."""
    named = (
        (event.loudness_lufs, "{:.1f} LUFS"),
        (event.pitch_hz, "pitch {:.0f} Hz"),
        (event.tempo_bpm, "{:.0f} beats per minute"),
        (event.reverberation_s, "reverberation {:.1f} s"),
    )
    return ", ".join(form.format(value) for value, form in named if value is not None)


def _clock(time_ms: int) -> str:
    return f"{time_ms // 60_000}:{time_ms // 1000 % 60:02d}"
