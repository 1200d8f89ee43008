"""What `af3 status` says, as a job's report: the scheduler brings what lacks something to a run.

The archive is listed once for all days, by the rules that the next plan has. Nothing but the report
is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from beam_jobs.framework.job import Outcome
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night_status.status_command import statuses
from schemas.day_status import DayStatus
from schemas.options.archive import Dating, Holdings


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """The days of the interval that the archive, the plans or the tables have.

    The facts: `days`, each as `schemas.day_status.DayStatus` has it, and `lacking`, how many of
    them lack something.

    Raises:
        ArchiveNotListed: the archive cannot be listed, or only in part.
        StorageError: tables or plans cannot be read.
    """
    rules = (settings[Dating], settings[Holdings])
    days = statuses(settings.out, settings, settings.source, rules)
    lacking = [day for day in days if not day.is_complete]
    lines = [f"{len(days)} days, {len(lacking)} of them lack something", *map(_line, lacking)]
    return Outcome({"days": [day.to_fact() for day in days], "lacking": len(lacking)}, lines)


def _line(day: DayStatus) -> str:
    decision = ", awaits a decision" if day.awaiting_decision else ""
    objects = "?" if day.objects is None else day.objects
    counts = f"objects {objects}, missing {day.missing}, waiting {day.waiting}"
    return f"{day.date}: {counts}{decision}"
