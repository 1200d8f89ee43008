"""`python -m beam_jobs.JOB`, the form of version 0.1.0, kept until 0.3.0 ends it.

Schedulers and scripts of 0.1.0 start jobs so, and give every job the options of all. Here a job
warns of what is another job's, and leaves it out; `python -m beam_jobs JOB` refuses it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

_SOURCE = """\
from beam_jobs.modules_of_0_1 import main

if __name__ == "__main__":
    raise SystemExit(main({job!r}))
"""


class JobModules(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds `beam_jobs.JOB` for each job of 0.1.0 that is no module or package of today."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.rpartition(".")
        if package != __package__:
            return None
        from schemas.jobs import JOBS

        if not any(job.name == name for job in JOBS):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=__file__)

    def get_source(self, fullname: str) -> str:
        return _SOURCE.format(job=fullname.rpartition(".")[2])

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_source(fullname), f"<{fullname}>", "exec")


def install() -> None:
    """Look for those modules where no others are found."""
    if not any(isinstance(finder, JobModules) for finder in sys.meta_path):
        sys.meta_path.append(JobModules())


def main(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run a job by its module of 0.1.0. Exit codes as of `af3`."""
    from beam_jobs.cli import run_command
    from beam_jobs.framework.process import exit_code_of
    from schemas.jobs import job_named

    given = list(sys.argv[1:] if arguments is None else arguments)
    return exit_code_of(lambda: run_command(job_named(name), own_arguments(name, given)))


def own_arguments(name: str, arguments: Sequence[str]) -> list[str]:
    """A command line without the options of other jobs, each of them named on stderr.

    Raises:
        ConfigurationError: an option of another job lacks its value.
    """
    from af3core.messages import tell
    from beam_jobs.framework.command_line import OneLineParser, flags_in
    from schemas.jobs import JOBS, job_named, options_of_job

    own = {known.flag for known in options_of_job(job_named(name), accepted=True)}
    foreign = OneLineParser(prog=f"af3 {name}", add_help=False, allow_abbrev=False)
    seen: set[str] = set()
    for known in (known for job in JOBS for known in options_of_job(job)):
        if known.flag not in own and known.flag not in seen:
            seen.add(known.flag)
            foreign.add_argument(known.flag, action="store_true" if known.kind is bool else "store")
    for flag in dict.fromkeys(flags_in(arguments)):
        if flag in seen:
            tell(
                f"{flag} is no option of {name} and does nothing here; python -m beam_jobs"
                f" {name} refuses it, and python -m beam_jobs.{name} ends with 0.3.0"
            )
    return foreign.parse_known_args(list(arguments))[1]
