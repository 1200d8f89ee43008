"""A whole night in one command: the jobs of a night in their order, and its decision.

plan ──► within the budget, or approved ──► segment ──► annotate ──► audit ──► publish ──► report
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from af3core.errors import Af3Error
from af3core.messages import tell
from af3core.model.weights.checkpoint import NANO, NANO_NOTICE
from beam_jobs.framework.job import Outcome, run_of
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night.report import report_night
from schemas.jobs import NIGHTLY
from schemas.night_budget import ALL_APPROVED, UNDECIDED, over_budget
from schemas.options.night import Approval


class OverBudget(Af3Error):
    """The night would cost more than is allowed, and nobody approved it."""

    permanent = True


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run a night; what is done already is not done again. With `--dry-run` plan it alone.

    Returns:
        What `report` says of it, with what the audit found; all pieces that wait.

    Raises:
        NotAccepted: `--accepted-in` asks for an accepted model, and this is none.
        SourceUnreachable: the archive cannot be listed.
        RecordingsMissing: too much is gone from it.
        NothingFound: it holds nothing of the interval.
        OverBudget: it costs more than is allowed, and nobody approved it.
        AuditFailed: it is not fit to be published.
        Af3Error: a job failed.
    """
    if settings.checkpoint.name == NANO:
        tell(NANO_NOTICE)
    # `report` looks for a plan's own report, which this run has not
    plan, *others, _report = NIGHTLY
    planned = run_of(plan)(settings, beam_arguments)
    if settings[Approval].dry_run:
        return planned
    _decide(planned, settings)
    waiting, audited = Counter(planned.waiting), list[str]()
    for job in others:
        outcome = run_of(job)(settings, beam_arguments)
        waiting += Counter(outcome.waiting)
        audited += outcome.lines if job.name == "audit" else []
    reported = report_night(settings, planned.facts["gpu_hours"], page_if_idle=False)
    lines = [*(f"audit       {line}" for line in audited), *reported.lines]
    return Outcome(reported.facts, lines, dict(waiting))


def _decide(planned: Outcome, settings: JobSettings) -> None:
    """Go on within the budget or where somebody approves it.

    Raises:
        OverBudget: nobody does.
    """
    excess = over_budget(planned.facts, ALL_APPROVED if settings[Approval].yes else UNDECIDED)
    if not excess:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise OverBudget(
            f"nothing was annotated: {excess}; --yes goes on, --max-gpu-hours allows more, and"
            " --since and --until take fewer days"
        )
    print(f"af3: {excess}\naf3: annotate all of it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise OverBudget("not approved: nothing was annotated, and nothing published")
