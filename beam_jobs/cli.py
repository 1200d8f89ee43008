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
from beam_jobs.guard import guarded, say

_DESCRIPTION = """\
Annotate media archives with Audio Flamingo 3: recordings in, queryable Parquet out.

  af3 annotate RECORDINGS --out NIGHT      run all jobs over a folder of recordings
  af3 query --out NIGHT                    list the tables and their columns
  af3 query --out NIGHT "SELECT text FROM transcripts"
  af3 index --out NIGHT; af3 search --out NIGHT "storm"
  af3 browse --out NIGHT                   search, listen and ask in a browser

The jobs of a night also run alone, in this order and with the same options:
  af3 plan RECORDINGS --out NIGHT; af3 segment --out NIGHT; af3 annotate --out NIGHT;
  af3 audit --out NIGHT; af3 publish --out NIGHT; af3 report --out NIGHT

What is made of a night, for training and for long recordings:
  af3 events --out NIGHT; af3 embed --out NIGHT
  af3 skills --out NIGHT; af3 dialogues --out NIGHT; af3 export --out NIGHT
  af3 summarise --question "Who mended the lighthouse?" --out NIGHT

Before a model is trusted:
  af3 evaluate list                        the benchmarks, and what their data must hold
  af3 evaluate mmau-test-mini --data MMAU --model nvidia/audio-flamingo-3-hf --out EVALUATED
  af3 evaluate compare --out EVALUATED     all evaluations against the paper's figures
  af3 accept --benchmarks mmau-test-mini --model nvidia/audio-flamingo-3-hf --out EVALUATED"""

_JOBS = {
    "discover": "list, hash and probe the archive of an interval",
    "plan": "discover, and say what is done already and what the rest costs",
    "segment": "decode once, cut at pauses, write clips",
    "annotate": "with SOURCE run all jobs of a night; without, only ask the model what is missing",
    "audit": "check a night against its plan and its limits before it is published",
    "publish": "replace the tables of the interval",
    "report": "say what a run (--run-id) published, and what it cost against its plan",
    "index": "bring the search index up to date with the tables",
    "events": "find and measure what is heard from when to when",
    "embed": "place each annotated segment among all, by its sound and its caption",
    "skills": "make question-answer pairs by skill (af3 skills list shows the skills)",
    "summarise": "summary, chapters and answers with citations for whole recordings",
    "describe": "spoken descriptions of recordings, from their summaries and chapters",
    "dialogues": "make conversations about several sounds, for training",
    "chat": "run scripted conversations over chosen segments",
    "export": "write training data from answers, pairs and dialogues",
    "quality": "measure an interval's annotations against the interval before",
    "evaluate": "ask a model a benchmark's items and score its answers by the official rules",
    "accept": "let a model pass where no benchmark is worse than the last accepted model's",
}
_WITH_SOURCE = ("discover", "plan", "annotate")
_EPILOG = "Options not named here go to Beam, such as --runner and --direct_num_workers."


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point. Exit codes: 0 done, 1 failed, 2 a wrong option, 130 interrupted."""
    return guarded(lambda: _run(sys.argv[1:] if arguments is None else list(arguments)))


def _run(arguments: list[str]) -> int:
    parser = _parser()
    known, beam_arguments = parse_with_beam(parser, arguments)
    if known.command in ("query", "search", "browse", "talk") and beam_arguments:
        raise ConfigurationError(
            f"unknown option {beam_arguments[0]}; see af3 {known.command} --help"
        )
    if known.command == "query":
        return _query(known)
    if known.command == "search":
        from beam_jobs.search.command import run_search

        return run_search(known)
    if known.command == "talk":
        from beam_jobs.talk.command import run_talk

        return run_talk(known)
    if known.command == "browse":
        from beam_jobs.browse.command import run_browse

        run_browse(known)
    if known.command == "plan" and known.hours is not None:
        return _size(known)
    if known.command == "skills" and known.what:
        return _list_skills(known.what)
    if known.command == "evaluate":
        return _evaluate(known, beam_arguments)
    return _work(known, beam_arguments)


def _work(known: argparse.Namespace, beam_arguments: list[str]) -> int:
    from beam_jobs.job import run_reported

    name = "night" if known.command == "annotate" and known.source else known.command
    job = importlib.import_module(f"beam_jobs.{name}").JOB
    say(run_reported(job, known, beam_arguments).lines)
    return 0


def _size(known: argparse.Namespace) -> int:
    from beam_jobs.plan import size_on_paper
    from beam_jobs.settings import read_limits

    limits = read_limits(known)
    found = size_on_paper(known.hours, known.window_h, known.days, known.out, known.corpus, limits)
    say(found)
    return 0


def _list_skills(what: str) -> int:
    from beam_jobs.pair_report import skill_lines

    if what != "list":
        raise ConfigurationError(f"skills {what}: write af3 skills list, or options alone")
    say(skill_lines())
    return 0


def _evaluate(known: argparse.Namespace, beam_arguments: list[str]) -> int:
    from beam_jobs.evaluations.command import benchmark_lines, write_comparison

    if known.what == "list":
        say(benchmark_lines())
        return 0
    if known.what == "compare":
        say(write_comparison(known.out))
        return 0
    known.benchmark = known.corpus = known.what
    return _work(known, beam_arguments)


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
    from beam_jobs.browse.command import add_browse
    from beam_jobs.options import add_arguments
    from beam_jobs.search.command import add_search
    from beam_jobs.talk.command import add_talk

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
            optional: dict[str, Any] = {} if name == "discover" else {"nargs": "?"}
            text = "folder or gs://BUCKET/PREFIX of recordings"
            job.add_argument("source", metavar="SOURCE", help=text, **optional)
        else:
            job.set_defaults(source=None)
        if name == "plan":
            _add_sizing(job)
        if name == "evaluate":
            job.add_argument("what", metavar="BENCHMARK", help="its name; or list, or compare")
        if name == "skills":
            # no choices: the first look at a command line takes a value of Beam's for it
            job.add_argument("what", nargs="?", metavar="list", help="show the skills, make none")
        add_arguments(job)
    query = commands.add_parser(
        "query",
        help="SQL over the tables",
        description="Run SQL over the tables; without SQL, list tables and columns.",
    )
    query.add_argument("sql", nargs="?", metavar="SQL", help="DuckDB SQL over the views")
    query.add_argument("--out", default="out", metavar="DIR", help="folder or gs:// of a night")
    query.add_argument("--output", metavar="FILE", help="write a .csv or .parquet file instead")
    add_search(commands)
    add_talk(commands)
    add_browse(commands)
    return parser


def _add_sizing(plan: argparse.ArgumentParser) -> None:
    sizing = plan.add_argument_group(
        "on paper",
        "instead of SOURCE: what an archive of so many hours needs, at the rate that --out and"
        " --corpus were annotated with last, or else at --gpu-rate",
    )
    sizing.add_argument("--hours", type=float, metavar="H", help="hours of audio")
    sizing.add_argument(
        "--window-h",
        type=float,
        default=8.0,
        metavar="H",
        help="hours in which all is to be annotated (default: 8, a night)",
    )
    sizing.add_argument(
        "--days",
        type=int,
        default=1,
        metavar="N",
        help="archive days they lie in (default: 1)",
    )


if __name__ == "__main__":
    raise SystemExit(main())
