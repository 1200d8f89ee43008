"""A question with its answer, and what it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from schemas.identity import configuration_hash

RULES = "rules"
"""`made_by` of pairs that follow from events and measures, without a language model."""

EvidenceKind = Literal["event", "caption", "transcript", "answer", "descriptor"]


@dataclass(frozen=True)
class Evidence:
    """One thing that a pair rests on, with its time in the recording."""

    kind: EvidenceKind
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Pair:
    """A pair about a stretch of a recording, not yet checked.

    `options` stand in the order in which they are asked, and hold the answer; none where the
    question is open.
    """

    skill: str
    question: str
    answer: str
    start_ms: int
    end_ms: int
    options: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    made_by: str = RULES

    def identity(self, segment_id: str) -> str:
        """The same question about the same audio has the same identity."""
        return configuration_hash([segment_id, self.skill, self.question, list(self.options)])
