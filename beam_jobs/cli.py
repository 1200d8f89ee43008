"""The `af3` command."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from af3core import __version__
from af3core.errors import ConfigurationError
from beam_jobs.beam_options import parse_with_beam
from beam_jobs.guard import guarded

_DESCRIPTION = """\
Annotate media archives with Audio Flamingo 3: recordings in, queryable Parquet out.

  af3 annotate RECORDINGS --out NIGHT      run all jobs over a folder of recordings
  af3 query --out NIGHT                    list the tables and their columns
  af3 query --out NIGHT "SELECT text FROM transcripts"

The jobs of a night also run alone, in this order and with the same options:
  af3 discover RECORDINGS --out NIGHT; af3 segment --out NIGHT; af3 annotate --out NIGHT;
  af3 publish --out NIGHT"""

_JOBS = {
    "discover": "list, hash and probe the archive of an interval",
    "segment": "decode once, cut at pauses, write clips",
    "annotate": "with SOURCE run all jobs of a night; without, only ask the model what is missing",
    "publish": "replace the tables of the interval",
}
_WITH_SOURCE = ("discover", "annotate")
_EPILOG = "Options not named here go to Beam, such as --runner and --direct_num_workers."


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 1 failed, 2 a wrong option, 130 interrupted."""
    return guarded(lambda: _run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    parser = _parser()
    known, beam_arguments = parse_with_beam(parser, arguments)
    if known.command == "query":
        if beam_arguments:
            raise ConfigurationError(f"unknown option {beam_arguments[0]}; see af3 query --help")
        return _query(known)
    return _work(known, beam_arguments)


def _work(known: argparse.Namespace, beam_arguments: list[str]) -> int:
    from beam_jobs.settings import Job, read_settings

    job: Job = "night" if known.command == "annotate" and known.source else known.command
    settings = read_settings(known, job)
    if job == "night":
        from beam_jobs.night import run_night

        summary = run_night(settings, beam_arguments)
        print("\n".join(summary.lines()))
        return 0
    from beam_jobs.running import run_job

    module = importlib.import_module(f"beam_jobs.{job}")
    for name, value in sorted(run_job(module.build, settings, beam_arguments).items()):
        print(f"{name}: {value}")
    return 0


def _query(known: argparse.Namespace) -> int:
    from rich.console import Console

    from beam_jobs.query import print_tables, run_query

    console = Console(soft_wrap=not sys.stdout.isatty())
    if known.sql is None:
        print_tables(console)
    else:
        run_query(known.out, known.sql, known.output, console)
    return 0


def _parser() -> argparse.ArgumentParser:
    from beam_jobs.settings import add_arguments

    parser = argparse.ArgumentParser(
        prog="af3",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"af3-archive {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in _JOBS.items():
        job = commands.add_parser(
            name,
            help=text,
            description=f"{text.capitalize()}.",
            epilog=_EPILOG,
            allow_abbrev=False,
        )
        if name in _WITH_SOURCE:
            optional: dict[str, Any] = {"nargs": "?"} if name == "annotate" else {}
            job.add_argument("source", metavar="SOURCE", help="folder of recordings", **optional)
        else:
            job.set_defaults(source=None)
        add_arguments(job)
    query = commands.add_parser(
        "query",
        help="SQL over the tables",
        description="Run SQL over the tables; without SQL, list tables and columns.",
    )
    query.add_argument("sql", nargs="?", metavar="SQL", help="DuckDB SQL over the views")
    query.add_argument("--out", default="out", metavar="DIR", help="folder or gs:// of a night")
    query.add_argument("--output", metavar="FILE", help="write a .csv or .parquet file instead")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
