"""Run one job as a Beam pipeline and give back its counters."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from beam_jobs.beam_options import parse_with_beam
from beam_jobs.guard import guarded
from beam_jobs.settings import Job, NightSettings, add_arguments, read_settings

LOCAL_RUNNER = "FnApiRunner"
"""Beam's `DirectRunner` first tries to fetch a program from the network; this one never does."""

METRICS = "af3"

Element = TypeVar("Element")
Build = Callable[[beam.Pipeline, NightSettings], object]


def count(name: str, amount: int = 1) -> None:
    """Add to a counter of the running job."""
    Metrics.counter(METRICS, name).inc(amount)


def spread(elements: beam.PCollection[Element]) -> beam.PCollection[Element]:
    """Let the runner hand the elements to all workers: one listing must not stay on one."""
    return elements | "Spread" >> beam.Reshuffle()


def run_job(
    build: Build, settings: NightSettings, beam_arguments: Sequence[str] = ()
) -> dict[str, int]:
    """Build and run a pipeline to its end.

    Returns:
        The job's counters by name.

    Raises:
        Af3Error: the pipeline failed.
    """
    options = PipelineOptions(list(beam_arguments))
    if not options.view_as(StandardOptions).runner:
        options.view_as(StandardOptions).runner = LOCAL_RUNNER
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    pipeline = beam.Pipeline(options=options)
    build(pipeline, settings)
    result = pipeline.run()
    result.wait_until_finish()
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(METRICS))
    return {c.key.metric.name: c.committed or c.attempted for c in found["counters"]}


def job_main(
    build: Build, job: Job, description: str, arguments: Sequence[str] | None = None
) -> int:
    """The command line of one job: its options, and Beam's own.

    Exit codes: 0 done, 1 failed, 2 a wrong option, 130 interrupted.
    """
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        description=f"{job}: {description}",
        epilog="Options not named here go to Beam, such as --runner and --direct_num_workers.",
    )
    parser.add_argument("--source", metavar="SOURCE", help="folder of recordings")
    add_arguments(parser)

    def run() -> int:
        given = sys.argv[1:] if arguments is None else list(arguments)
        known, beam_arguments = parse_with_beam(parser, given)
        settings = read_settings(known, job)
        counters = run_job(build, settings, beam_arguments)
        for name, value in sorted(counters.items()):
            print(f"{name}: {value}", file=sys.stderr)
        return 0

    return guarded(run)
