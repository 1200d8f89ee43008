"""A job as the one element of a pipeline: it runs whole on one worker of another service.

Dataflow's templates start a pipeline and end before it runs, where a job's verdict, report and
progress need it done. So the template's pipeline holds one element, the job itself: the worker runs
it with the local runner, on all its cores or its GPU, and the report lies in the bucket.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import cast

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from af3core.errors import ConfigurationError
from af3core.storage.address import is_bucket
from beam_jobs.beam_options import parse_with_beam
from beam_jobs.options import add_arguments
from beam_jobs.settings import read_part
from schemas import layout

LOCAL_OPTION = "--direct_"
"""Beam's options of the local runner begin so; all others are for the service."""


def start(job: str, arguments: Sequence[str]) -> None:
    """Submit the pipeline; the local runner runs it at once, a template is written for later.

    Raises:
        ConfigurationError: an option is wrong, so that no worker is started for it.
    """
    ours, beams = split_options(job, arguments)
    pipeline = beam.Pipeline(options=PipelineOptions(beams))
    _ = pipeline | "Job" >> beam.Create([(job, ours)]) | "Run" >> beam.MapTuple(run_whole)
    pipeline.run()


def run_whole(job: str, options: list[str]) -> int:
    """Run the job here; gives its exit code. What it raised and foresaw lies in its report."""
    return cast(int, importlib.import_module(f"beam_jobs.{job}").main(options))


def split_options(job: str, arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The job's own options, and those of the service that runs it.

    Raises:
        ConfigurationError: neither knows an option, or the results would stay on the worker.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--source")
    add_arguments(parser)
    known, beams = parse_with_beam(parser, arguments)
    if not known.out or not is_bucket(known.out):
        raise ConfigurationError(f"--out {known.out}: a worker's results go to gs://BUCKET/PREFIX")
    if not known.run_id:
        raise ConfigurationError("--run-id is missing: it says where the report lies")
    services = [option for option in beams if not option.startswith(LOCAL_OPTION)]
    ours = [option for option in arguments if option not in services]
    key = layout.report_key(known.corpus, known.run_id, job, read_part(known.part))
    return [*ours, f"--report={known.out.rstrip('/')}/{key}"], services
