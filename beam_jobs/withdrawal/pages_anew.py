"""Report pages that showed a removed recording, made anew of the tables as they are now."""

from __future__ import annotations

from collections.abc import Iterable

from af3core.errors import Af3Error
from af3core.messages import tell
from af3core.storage.store import Store
from beam_jobs.framework.job import job_parser
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import read_settings
from beam_jobs.output.next_command import af3
from schemas.jobs import job_named

_MAKERS = ("report", "night")
"""Jobs that write a page, and whose reports say of which days."""


def make_pages(store: Store, out: str, pages: Iterable[str]) -> int:
    """Make pages of runs anew; gives how many. One that cannot be made is said, and is gone.

    Args:
        out: address of the store.
        pages: their keys.
    """
    made = 0
    for key in pages:
        _, corpus, run, _ = key.split("/")
        corpus, run_id = corpus.removeprefix("corpus="), run.removeprefix("run=")
        try:
            made += _make(store, out, corpus, run_id)
        except (Af3Error, ImportError) as error:
            again = af3("report", "--run-id", run_id, out=out, corpus=corpus)
            tell(f"page of run {run_id}: removed, and not made anew ({error}); run {again}")
    return made


def _make(store: Store, out: str, corpus: str, run_id: str) -> bool:
    from beam_jobs.night.report import report_night

    ledger, job = Ledger(store), job_named("report")
    for maker in _MAKERS:
        report = ledger.report(corpus, run_id, maker)
        if report is not None:
            options = ["--out", out, "--corpus", corpus, "--run-id", run_id]
            options += ["--since", report.since, "--until", report.until]
            settings = read_settings(job_parser(job).parse_args(options), job)
            plan = ledger.report(corpus, run_id, "plan")
            report_night(settings, plan.facts.get("gpu_hours") if plan else None)
            return True
    return False
