"""What retention did: the rule of a corpus as applied last, and the days that it let go."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.record_format import Record


@dataclass(frozen=True)
class AppliedRetention(Record):
    """The last run that applied the rule of a corpus.

    Attributes:
        days: by what is kept (`clips`, `reports`, `ledger_text`, `tables`), for how many days.
        applied_at: when, UTC, by the clock of the storage.
        run_id: of the run.
        removed: objects that it removed, by kind.
    """

    corpus: str
    days: dict[str, int]
    applied_at: str
    run_id: str
    removed: dict[str, int]


@dataclass(frozen=True)
class DayLetGo(Record):
    """That a day is to have no tables any more: written before its first object goes, so that a run
    that was killed is gone on with, and nobody takes the day for one that lacks something.

    Attributes:
        let_go_at: UTC, by the clock of the storage; what is written later is of a later run.
    """

    corpus: str
    date: str
    let_go_at: str
    tables_days: int
