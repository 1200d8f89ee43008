"""What a flex template's launcher starts: the job that `AF3_JOB` names, whole on one worker.

Templates name parameters with underscores, the jobs name options with hyphens.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from beam_jobs.framework.dataflow import start
from beam_jobs.framework.process import exit_code_of
from schemas.jobs import job_named, options_of_job
from schemas.options.option import Option

WITHOUT_VALUE = "true"
"""The parameter of an option that takes no value, such as Beam's `no_use_public_ips`."""


def as_options(parameters: Iterable[str], ours: Iterable[Option]) -> list[str]:
    """A template's parameters as a job's options; Beam's stay as they are. Pure."""
    names = {known.flag.replace("-", "_"): known for known in ours}
    options = []
    for parameter in parameters:
        name, given, value = parameter.partition("=")
        known = names.get("__" + name.removeprefix("--").replace("-", "_"))
        takes_none = known.kind is bool if known else name.startswith("--no_")
        if takes_none and value == WITHOUT_VALUE:
            given = value = ""
        options.append(f"{known.flag if known else name}{given}{value}")
    return options


def main() -> int:
    """Write the template's pipeline, which is all that a launcher may do, and end."""

    def run() -> int:
        job = job_named(os.environ["AF3_JOB"])
        start(job.name, as_options(sys.argv[1:], options_of_job(job, accepted=True)))
        return 0

    return exit_code_of(run)


if __name__ == "__main__":
    raise SystemExit(main())
