"""What one archive day holds, and whether it lacks something. Standard library only.

`af3 status` says it, and the job `watch` reports it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True)
class DayStatus:
    """A day as `af3 status` says it; all counts are of objects of the archive.

    Attributes:
        date: YYYY-MM-DD.
        objects: in the archive now; None where it is not known.
        planned: named by the day's plan; None where there is none.
        published: named by the tables, as a recording or as a failure.
        missing: not named by the tables.
        failed: of the published ones, those that are given up.
        waiting: of the published ones, those that the next run works on.
        awaiting_decision: the plan is over budget, and not published.
        models: the model that answered; `mixed: ` and all of them where there are several.
        last_published: ISO 8601 in UTC; None where nothing is published.
    """

    date: str
    objects: int | None
    planned: int | None
    published: int
    missing: int
    failed: int
    waiting: int
    awaiting_decision: bool
    models: str | None
    last_published: str | None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be done: what is given up, or of several models, is done."""
        return not (self.missing or self.waiting or self.awaiting_decision)

    def to_fact(self) -> dict[str, Any]:
        """As a fact of a job's report."""
        return asdict(self)

    @classmethod
    def from_fact(cls, fact: Mapping[str, Any]) -> DayStatus:
        """Of a report's fact; what a later release adds is left out."""
        return cls(**{field.name: fact[field.name] for field in fields(cls)})
