"""How a job ended, and the facts that it gives: what the scheduler reads and people look up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas.records import Record


@dataclass(frozen=True)
class JobReport(Record):
    """One job of one run.

    Attributes:
        exit_code: 0 done, 1 failed, 2 a wrong option.
        error_class: the error's type; empty where the job is done.
        message: the error with its remedy.
        permanent: trying again with the same input is pointless.
        facts: what the job found or did; its keys belong to the job.
    """

    job: str
    run_id: str
    corpus: str
    since: str
    until: str
    started_at: str
    seconds: float
    exit_code: int
    error_class: str = ""
    message: str = ""
    permanent: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MeasuredRate(Record):
    """How fast a corpus was annotated last: audio per time of the model, with all its tasks."""

    audio_ms: int
    model_ms: int
    run_id: str
    measured_at: str

    @property
    def rate(self) -> float:
        """Seconds of audio per second of the model."""
        return self.audio_ms / self.model_ms


@dataclass(frozen=True)
class AuditCounts(Record):
    """What would be published for one partition, counted; shards and dates add up.

    Attributes:
        planned, recordings: of the manifest, and of the rows.
        not_recordings: objects that discover could not use.
        broken: what breaks a schema or the accounting of time.
        causes, examples: failures by error class, and one message of each.
    """

    planned: int = 0
    recordings: int = 0
    not_recordings: int = 0
    failed_recordings: int = 0
    duration_ms: int = 0
    annotated_ms: int = 0
    skipped_ms: int = 0
    failed_ms: int = 0
    not_annotated_ms: int = 0
    not_cut: int = 0
    answers: int = 0
    flagged_answers: int = 0
    broken: tuple[str, ...] = ()
    causes: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: AuditCounts) -> AuditCounts:
        mine, theirs = self.to_json(), other.to_json()
        numbers = {n: mine[n] + theirs[n] for n in mine if n not in ("causes", "examples")}
        causes = dict(Counter(self.causes) + Counter(other.causes))
        return AuditCounts(**numbers, causes=causes, examples=other.examples | self.examples)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> AuditCounts:
        return cls(**value | {"broken": tuple(value["broken"])})
