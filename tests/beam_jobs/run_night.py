"""The jobs that fill tables, in order: nights whose limits are not what a test is about."""

from __future__ import annotations

from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, discover, publish, segment
from beam_jobs.night.summary import Summary, summarise


def run_night(settings: JobSettings) -> Summary:
    """Run discover, segment, annotate and publish, and add up what is published."""
    for job in (discover, segment, annotate, publish):
        job.run(settings)
    return summarise(settings)
