"""A job as the one element of a pipeline: it runs whole on one worker of another service.

Dataflow's templates start a pipeline and end before it runs, where a job's verdict, report and
progress need it done. So the template's pipeline holds one element, the job itself: the worker runs
it with the local runner, on all its cores or its GPU, and the report lies in the bucket.
"""

from __future__ import annotations

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket
from beam_jobs.framework.beam_options import parse_with_beam
from beam_jobs.framework.job import job_parser, run_job
from beam_jobs.framework.process import exit_code_of
from beam_jobs.framework.settings import read_part
from schemas import layout
from schemas.jobs import job_named
from schemas.options.archive import Results

LOCAL_OPTION = "--direct_"
"""Beam's options of the local runner begin so; all others are for the service."""


def start(name: str, arguments: Sequence[str]) -> None:
    """Submit the pipeline; the local runner runs it at once, a template is written for later.

    Raises:
        ConfigurationError: an option is wrong, so that no worker is started for it.
    """
    ours, beams = split_options(name, arguments)
    pipeline = beam.Pipeline(options=PipelineOptions(beams))
    _ = pipeline | "Job" >> beam.Create([(name, ours)]) | "Run" >> beam.MapTuple(run_whole)
    pipeline.run()


def run_whole(name: str, options: list[str]) -> int:
    """Run the job here; gives its exit code. What it raised and foresaw lies in its report."""
    job = job_named(name)

    def run() -> int:
        return run_job(job, options, lambda: parse_with_beam(job_parser(job), options)).exit_code

    return exit_code_of(run)


def split_options(name: str, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The job's own options, and those of the service that runs it.

    Raises:
        ConfigurationError: neither knows an option, or the results would stay on the worker.
    """
    job = job_named(name)
    known, beams = parse_with_beam(job_parser(job), arguments)
    if not known.out or not is_bucket(known.out):
        raise ConfigurationError(f"--out {known.out}: a worker's results go to gs://BUCKET/PREFIX")
    if not known.run_id:
        raise ConfigurationError("--run-id is missing: it says where the report lies")
    services = [option for option in beams if not option.startswith(LOCAL_OPTION)]
    ours = [option for option in arguments if option not in services]
    part = read_part(known.part) if job.splits else layout.WHOLE
    corpus = known.corpus or Results().corpus
    key = layout.report_key(corpus, known.run_id, name, part)
    return [*ours, f"--report={known.out.rstrip('/')}/{key}"], services
