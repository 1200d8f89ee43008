"""A whole night: the four jobs in order, with progress, and the summary at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from af3core.errors import Af3Error
from af3core.messages import tell
from af3core.model.weights.checkpoint import NANO, NANO_NOTICE
from beam_jobs.evaluation.acceptance_check import check_accepted
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifests
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, discover, publish, segment
from beam_jobs.night.listing_report import findings_lines
from beam_jobs.night.report import page_of_night
from beam_jobs.night.summary import Summary, summarise


class NothingFound(Af3Error):
    """The archive holds no recording of the interval."""


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run a night; gives its summary, and its report as a page where anything was annotated."""
    waiting = run_jobs(settings, beam_arguments)
    summary = summarise(settings)
    findings = Ledger(settings.store).listing(settings.corpus, settings.run_id)
    lines = [*summary.lines(), *findings_lines(findings)]
    if summary.answers_made:
        lines.append(f"page        {page_of_night(settings, summary)}")
    return Outcome(summary.facts(), lines, dict(waiting))


def run_night(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Summary:
    """Run the jobs of a night, and add up what is published."""
    run_jobs(settings, beam_arguments)
    return summarise(settings)


def run_jobs(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Counter[str]:
    """Run discover, segment, annotate and publish; what is done already is not done again.

    Returns:
        How many pieces wait for the next run, by the kind of the error.

    Raises:
        NotAccepted: `--accepted-in` asks for an accepted model, and this is none.
        SourceUnreachable: the archive cannot be listed.
        RecordingsMissing: too much is gone from it.
        NothingFound: no recording and no failure lies in the interval.
        Af3Error: a job failed.
    """
    check_accepted(settings)
    ledger = Ledger(settings.store)
    if settings.checkpoint.name == NANO:
        tell(NANO_NOTICE)
    waiting = Counter(discover.run(settings, beam_arguments).waiting)
    if not any(m.recordings or m.failures for m in manifests(ledger, settings)):
        raise NothingFound(
            f"{settings.source}: no recordings from {settings.since} to {settings.until};"
            " check the folder, --since and --until, and how objects are dated (--date-from)"
        )
    waiting += Counter(segment.run(settings, beam_arguments).waiting)
    waiting += Counter(annotate.run(settings, beam_arguments).waiting)
    publish.run(settings, beam_arguments)
    return waiting
