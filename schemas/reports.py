"""How a job ended, and the facts that it gives: what the scheduler reads and people look up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from schemas.record_format import Record

WAITING_EXIT_CODE = 3
"""All else is done, and some pieces of work wait for the next run, for a machine's sake."""


@dataclass(frozen=True)
class WrittenTable(Record):
    """What a job wrote of one table: all rows of the objects that it replaced.

    Attributes:
        flagged_rows: those that carry a flag.
    """

    rows: int = 0
    objects: int = 0
    size_bytes: int = 0
    flagged_rows: int = 0


@dataclass(frozen=True)
class DataFacts(Record):
    """What a job read and wrote, for those who follow data from outside.

    Attributes:
        out: where results lie; empty where the job ended before it knew.
        read: how many objects of which archive its plan names.
        written: by table.
        model, weights_revision: the audio model; empty where the job has none.
    """

    out: str = ""
    read: dict[str, int] = field(default_factory=dict)
    written: dict[str, WrittenTable] = field(default_factory=dict)
    model: str = ""
    weights_revision: str = ""


@dataclass(frozen=True)
class JobReport(Record):
    """One job of one run.

    Attributes:
        exit_code: 0 done, 1 failed, 2 a wrong option, 3 done but for pieces that wait.
        error_class: the error's type; empty where the job is done.
        message: the error with its remedy.
        permanent: trying again with the same input is pointless.
        waiting: how many pieces wait, by the kind of the error.
        facts: what the job found or did; its keys belong to the job.
        data: what it read and wrote.
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
    waiting: dict[str, int] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    data: DataFacts = field(default_factory=DataFacts)


@dataclass(frozen=True)
class ListingFindings(Record):
    """What a listing of the archive came to, held against what was planned and published before.

    Attributes:
        unreachable: why the archive could not be listed; nothing was planned then.
        beyond_limits: what is missing beyond the limits, one line each.
        stopped: nothing was planned, as this was not accepted.
        missing: objects of recordings that leave the tables, by day.
        moved: the day that has a recording now, by its day before and its name: `DAY/RECORDING`.
        to_plan: the like, of a day outside the interval that is not planned with it yet; the
            recording stays where it was until then.
        source_unavailable: objects that cannot be read now; their rows stay.
        growing: files that still change; the next plan takes them.
        passed_over: how many objects are no recordings of the night, by reason.
        dated_by: how many recordings each rule dated.
        several_dates: how many objects have several dates in their path.
        several_dates_of: the first of these with their dates, the one first that counts.
    """

    unreachable: str = ""
    beyond_limits: tuple[str, ...] = ()
    stopped: bool = False
    missing: dict[str, list[str]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    to_plan: dict[str, str] = field(default_factory=dict)
    source_unavailable: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    passed_over: dict[str, int] = field(default_factory=dict)
    dated_by: dict[str, int] = field(default_factory=dict)
    several_dates: int = 0
    several_dates_of: dict[str, list[str]] = field(default_factory=dict)


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
        not_cut: recordings that wait to be decoded, for a machine's sake or because segment has
            not run.
        nothing_heard, doubted_silences: recordings of which nothing was heard, and those of them
            of which that is unlikely.
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
    nothing_heard: int = 0
    doubted_silences: int = 0
    broken: tuple[str, ...] = ()
    causes: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: AuditCounts) -> AuditCounts:
        mine, theirs = self.to_json(), other.to_json()
        numbers = {n: mine[n] + theirs[n] for n in mine if n not in ("causes", "examples")}
        causes = dict(Counter(self.causes) + Counter(other.causes))
        return AuditCounts(**numbers, causes=causes, examples=other.examples | self.examples)
