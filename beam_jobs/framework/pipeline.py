"""Run a Beam pipeline to its end and give back its counters."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import (
    PipelineOptions,
    PortableOptions,
    StandardOptions,
)

from af3core.errors import Af3Error, ConfigurationError
from af3core.messages import Level, tell
from beam_jobs.framework.counters import METRICS
from beam_jobs.framework.data_facts import note_written
from beam_jobs.framework.settings import JobSettings

LOCAL_RUNNER = "FnApiRunner"
"""Beam's `DirectRunner` first tries to fetch a program from the network; this one never does."""

MOST_HANDED_OVER = 2_000
"""Pieces that a pipeline holds itself, some 3 MB: services take no more than 10."""
_STEP = re.compile(r"( \[while running '[^'\n]*'\])+$")
"""What Beam puts behind the message of an error."""

Element = TypeVar("Element")
Build = Callable[[beam.Pipeline, JobSettings], object]


class PipelineFailed(Af3Error):
    """A runner lost a worker, or an error came back from one."""


def spread(elements: beam.PCollection[Element]) -> beam.PCollection[Element]:
    """Let the runner hand the elements to all workers: one listing must not stay on one."""
    return elements | "Spread" >> beam.Reshuffle()


def listed_once(
    pipeline: beam.Pipeline,
    listed: Sequence[Element] | None,
    settings: JobSettings,
    list_pieces: Callable[[JobSettings], Iterable[Element]],
) -> beam.PCollection[Element]:
    """The pieces that the launcher has listed; more than MOST_HANDED_OVER a worker lists anew."""
    if listed is not None and len(listed) <= MOST_HANDED_OVER:
        handed_over = beam.Create(listed, reshuffle=False).with_output_types(Any)
        return pipeline | "Missing" >> handed_over
    return pipeline | "Nights" >> beam.Create([settings]) | "Missing" >> beam.FlatMap(list_pieces)


def begun_anywhere(pieces: Sequence[Element]) -> list[Element]:
    """The pieces in their order, from a random one on and once round: of several runs over the same
    ones, none has to find out of each that another one was just there.
    """
    start = random.randrange(len(pieces)) if pieces else 0
    return [*pieces[start:], *pieces[:start]]


def _is_bug(record: logging.LogRecord) -> bool:
    """Errors that name their remedy are one line, which the command prints; without a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, Af3Error)


def run_pipeline(
    build: Build, settings: JobSettings, beam_arguments: Sequence[str] = ()
) -> dict[str, int]:
    """Build and run a pipeline to its end.

    Returns:
        The job's counters by name, but for those of the rows that it wrote.

    Raises:
        ConfigurationError: an option of Beam's is wrong.
        PipelineFailed: a runner of other machines ended it, for want of a worker or for an error.
    """
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    logging.getLogger("apache_beam.runners.common").addFilter(_is_bug)
    try:
        options = PipelineOptions(list(beam_arguments))
        if not options.view_as(StandardOptions).runner:
            options.view_as(StandardOptions).runner = LOCAL_RUNNER
        pipeline = beam.Pipeline(options=options)
    except ValueError as error:
        raise ConfigurationError(f"Beam's options: {error}") from error
    build(pipeline, settings)
    endpoint = options.view_as(PortableOptions).job_endpoint
    is_local = options.view_as(StandardOptions).runner == LOCAL_RUNNER
    try:
        result = pipeline.run()
        result.wait_until_finish()
    except Af3Error as error:
        error.args = (_STEP.sub("", str(error)),)
        raise
    except (grpc.FutureTimeoutError, grpc.RpcError) as error:
        raise PipelineFailed(
            f"no runner answers at {endpoint} ({type(error).__name__}); check --job_endpoint, and"
            " that it runs"
        ) from error
    except RuntimeError as error:
        if is_local:
            raise
        tell(str(error), Level.ERROR)  # with the traceback of a worker, where there is one
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise PipelineFailed(
            f"the pipeline failed ({_STEP.sub('', said[-1])}); what is done is kept, run it again"
        ) from error
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(METRICS))
    counters = {c.key.metric.name: c.committed or c.attempted for c in found["counters"]}
    return note_written(counters)
