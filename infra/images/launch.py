"""What a flex template's launcher starts: the job that `AF3_JOB` names, whole on one worker.

Templates name parameters with underscores, the jobs name options with hyphens.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from beam_jobs.guard import guarded
from beam_jobs.options import add_arguments
from beam_jobs.whole import start

WITHOUT_VALUE = "true"
"""The parameter of an option that takes no value, such as Beam's `no_use_public_ips`."""


def our_options() -> list[argparse.Action]:
    """The options of all jobs, and the archive."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--source", metavar="SOURCE", required=True, help="folder or gs:// of recordings"
    )
    add_arguments(parser)
    return parser._actions


def as_options(parameters: Iterable[str], ours: Sequence[argparse.Action]) -> list[str]:
    """A template's parameters as a job's options; Beam's stay as they are. Pure."""
    names = {name.replace("-", "_"): name for action in ours for name in action.option_strings}
    options = []
    for parameter in parameters:
        name, given, value = parameter.partition("=")
        known = names.get("__" + name.removeprefix("--").replace("-", "_"))
        if known is None and name.startswith("--no_") and value == WITHOUT_VALUE:
            given = value = ""
        options.append(f"{known or name}{given}{value}")
    return options


def main() -> int:
    """Write the template's pipeline, which is all that a launcher may do, and end."""

    def run() -> int:
        start(os.environ["AF3_JOB"], as_options(sys.argv[1:], our_options()))
        return 0

    return guarded(run)


if __name__ == "__main__":
    raise SystemExit(main())
