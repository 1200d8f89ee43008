"""The `af3` command: one subcommand a job (`schemas.jobs`), and those of readers."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from af3core import __version__
from af3core.errors import ConfigurationError
from af3core.messages import Level, Telling, as_told, tell, telling
from af3core.near_names import did_you_mean
from beam_jobs.framework.beam_options import parse_with_beam
from beam_jobs.framework.command_line import (
    BEAM_EPILOG,
    MESSAGES_EPILOG,
    PLANNED,
    OneLineParser,
    add_groups,
    add_option,
    check_messages,
    flags_in,
    given_value,
    make_parser,
    read_group,
    with_defaults,
)
from beam_jobs.framework.missing_packages import extras_named
from beam_jobs.framework.process import exit_code_of, say
from beam_jobs.framework.settings_file import (
    CONFIG,
    CONFIG_EPILOG,
    SettingsFile,
    arguments_of,
    settings_file,
    split_config,
)
from beam_jobs.output.next_command import Place, working_at
from schemas.jobs import COMMANDS, SAID_BY_ALL, Groups, Job, JobName, job_named
from schemas.options import (
    archive,
    correcting,
    derive,
    doctor,
    evaluation,
    messages,
    night,
    people,
    reading,
)
from schemas.options.archive import Results, Source
from schemas.options.option import Option, options_of

_USAGE = """\
usage: af3 COMMAND [OPTIONS]

Annotate media archives with Audio Flamingo 3: recordings in, queryable Parquet out.

  af3 annotate RECORDINGS --out NIGHT      run all jobs over a folder of recordings
  af3 query --out NIGHT                    list the tables and their columns
  af3 query --out NIGHT "SELECT text FROM transcripts"
  af3 correct FIXES.csv --by NAME --out NIGHT    what people know better, kept through every run
  af3 status --out NIGHT                   which days lack something
  af3 index --out NIGHT; af3 search --out NIGHT "storm"
  af3 browse --out NIGHT                   search, listen and ask in a browser

The jobs of a night also run alone; plan records the options, and the others read them there:
  af3 plan RECORDINGS --out NIGHT; af3 segment --out NIGHT; af3 annotate --out NIGHT;
  af3 audit --out NIGHT; af3 publish --out NIGHT; af3 report --out NIGHT

What is made of a night, for training and for long recordings:
  af3 events --out NIGHT; af3 embed --out NIGHT
  af3 align --out NIGHT; af3 subtitles RECORDING --out NIGHT --output FILE.vtt
  af3 speakers --out NIGHT --across corpus
  af3 skills --out NIGHT; af3 dialogues --out NIGHT; af3 export --out NIGHT
  af3 summarise --question "Who mended the lighthouse?" --out NIGHT

Before the first night, and where something does not work:
  af3 doctor RECORDINGS --out NIGHT        look at machine, packages, model and storage

Before a model is trusted:
  af3 evaluate list                        the benchmarks, and what their data must hold
  af3 evaluate mmau-test-mini --data MMAU --model nvidia/audio-flamingo-3-hf --out EVALUATED
  af3 evaluate compare --out EVALUATED     all evaluations against the paper's figures
  af3 accept --benchmarks mmau-test-mini --model nvidia/audio-flamingo-3-hf --out EVALUATED
"""


_CONFIG_COMMAND = "config"
_NAMED_OWNERS = 3
"""Of the commands that have an option, as many as a line holds."""


@dataclass(frozen=True)
class Reader:
    """A command of a person, and no job: it leaves no report, and takes no options of Beam's."""

    name: str
    summary: str
    groups: Groups
    module: str
    function: str


READERS = (
    Reader(
        "query",
        "SQL over the tables",
        (reading.Query, reading.Tables, reading.RowsOut, messages.Messages),
        "beam_jobs.query.query_command",
        "query_command",
    ),
    Reader(
        "correct",
        "say what the model got wrong or right; it is shown, and outlasts every run",
        (correcting.Correcting, reading.Tables, reading.RowsOut, messages.Messages),
        "beam_jobs.corrections.correct_command",
        "run_correct",
    ),
    Reader(
        "status",
        "what the archive holds against what is published, day by day",
        (
            reading.Status,
            reading.Tables,
            archive.Interval,
            reading.RowsOut,
            messages.Messages,
        ),
        "beam_jobs.night_status.status_command",
        "run_status",
    ),
    Reader(
        "search",
        "find places by words, by meaning, or by sound",
        (
            reading.Search,
            reading.Tables,
            reading.SearchFilter,
            reading.SearchPage,
            reading.RowsOut,
            derive.TextModel,
            messages.Messages,
        ),
        "beam_jobs.search.search_command",
        "run_search",
    ),
    Reader(
        "subtitles",
        "write the transcripts of recordings as subtitles",
        (reading.Subtitles, reading.Tables, messages.Messages),
        "beam_jobs.subtitles.subtitles_command",
        "run_subtitles",
    ),
    Reader(
        "browse",
        "search, listen and ask in a browser",
        (
            reading.Tables,
            reading.Listening,
            people.SigningIn,
            derive.TextModel,
            reading.AnsweringIfNamed,
            messages.Messages,
        ),
        "beam_jobs.browse.browse_command",
        "run_browse",
    ),
    Reader(
        "people",
        "say who may sign in at the archive page, and what each may do",
        (people.People, messages.Messages),
        "beam_jobs.people.people_command",
        "run_people",
    ),
    Reader(
        "talk",
        "ask by voice or in writing about a sound; the answer is written and spoken as it comes",
        (reading.Talk, reading.Tables, reading.Devices, reading.Answering, messages.Messages),
        "beam_jobs.talk.talk_command",
        "run_talk",
    ),
    Reader(
        "doctor",
        "look whether this machine, its packages, the model and the storage are fit for a night",
        (
            doctor.Examined,
            night.Model,
            night.Endpoint,
            night.Compute,
            evaluation.Accepted,
            doctor.Findings,
        ),
        "beam_jobs.doctor.doctor_command",
        "run_doctor",
    ),
    Reader(
        "config",
        "show a command's options: their values, and where each comes from",
        (reading.Config,),
        "beam_jobs.config_command",
        "run_config",
    ),
    Reader(
        "completion",
        "print the completion script of a shell",
        (reading.Completion,),
        "beam_jobs.completion",
        "run_completion",
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point.

    Exit codes: 0 done, 1 failed, 2 a wrong option, 3 done but for pieces that wait, 130
    interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    told, place = _told_before(given)
    with as_told(told), working_at(place):
        return exit_code_of(lambda: _run(given))


def _told_before(arguments: Sequence[str]) -> tuple[Telling, Place]:
    """How the command tells, and where it works: needed where its other options are wrong."""
    groups: Groups = (messages.Messages, reading.Tables, archive.Results)
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    known = {o.flag: o for group in groups for o in options_of(group)}
    for option in known.values():
        add_option(parser, option)
    try:
        given, _ = parser.parse_known_args(list(arguments))
    except (argparse.ArgumentError, ConfigurationError):
        return Telling(), Place()
    least = Level.ERROR if given.quiet else Level.DETAIL if given.verbose else Level.NOTICE
    readers = [reader.name for reader in READERS if reading.Tables in reader.groups]
    out = given.out or (reading.Tables().out if arguments[:1] and arguments[0] in readers else "")
    return Telling(least, given.log_format or "text"), Place(out, given.corpus or "")


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        say(_help_lines())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        say([f"af3-archive {__version__}"])
        return 0
    name, *rest = arguments
    if name == _CONFIG_COMMAND and rest and not rest[0].startswith("-"):
        return _show_config(rest)
    with extras_named(name):
        for reader in READERS:
            if reader.name == name:
                return _read(reader, rest)
        for job in COMMANDS:
            if job.name == name:
                return run_command(job, rest)
    hint = did_you_mean(name, command_names())
    raise ConfigurationError(f"{name}: no command; {hint}see af3 --help")


def command_names() -> list[str]:
    """All commands, those of readers last."""
    return [job.name for job in COMMANDS] + [reader.name for reader in READERS]


def groups_of(command: str) -> Groups:
    """The option groups that a command takes, those that `plan` recorded among them."""
    for reader in READERS:
        if reader.name == command:
            return reader.groups
    job = job_named(command)
    more = job_named(job.with_source).options if job.with_source else ()
    return tuple(dict.fromkeys((*more, *job.accepted)))


def run_command(job: Job, arguments: Sequence[str]) -> int:
    """Run a job by its command line.

    Raises:
        Af3Error: the job failed, or an option is wrong.
    """
    named, arguments = split_config(arguments)
    chosen = _chosen(job, arguments)
    parser = command_parser(job)

    def parse() -> tuple[argparse.Namespace, Sequence[str]]:
        refuse_foreign(job.name, arguments)
        file = _file(named, arguments)
        told = arguments_of(file, job.name, _own_options(chosen.options), arguments) if file else []
        namespace, beam_arguments = parse_with_beam(parser, [*told, *arguments])
        _refuse_other_form(job, chosen, namespace)
        check_messages(namespace)
        return namespace, beam_arguments

    if "-h" in arguments or "--help" in arguments:
        parser.parse_args(["--help"])
    lines = _lines_instead(job, parse)
    if lines is not None:
        say(lines)
        return 0
    from beam_jobs.framework.job import run_job
    from beam_jobs.framework.waiting import waiting_line

    outcome = run_job(chosen, arguments, parse)
    if not telling().is_quiet and "--json" not in arguments:
        say(outcome.lines)
    if outcome.waiting:
        tell(waiting_line(job.name, outcome.waiting), Level.ERROR)
    return outcome.exit_code


def _lines_instead(
    job: Job, parse: Callable[[], tuple[argparse.Namespace, Sequence[str]]]
) -> Sequence[str] | None:
    """What a command prints where it is asked for something else than its job."""
    instead = _INSTEAD.get(job.name)
    if instead is None:
        return None
    try:
        namespace, _ = parse()
    except ConfigurationError:
        return None  # the job says it again, and its report too
    lines = instead(namespace)
    if lines is not None and namespace.json:
        raise ConfigurationError(f"--json: af3 {job.name} runs no job here; leave it out")
    return lines


def command_parser(job: Job) -> OneLineParser:
    """The parser of a job's command."""
    shown = job.options
    if job.with_source:
        shown = tuple(dict.fromkeys((*job_named(job.with_source).options, *job.options)))
    shown = tuple(group for group in shown if group not in SAID_BY_ALL)
    hidden = [group for group in job.accepted if group not in shown]
    is_planned = set(hidden) - set(SAID_BY_ALL)
    return make_parser(
        f"af3 {job.name}",
        f"{job.summary[0].upper()}{job.summary[1:]}.",
        shown,
        hidden,
        "\n".join(
            [*([PLANNED] if is_planned else []), MESSAGES_EPILOG, BEAM_EPILOG, CONFIG_EPILOG]
        ),
    )


def refuse_foreign(command: str, arguments: Sequence[str]) -> None:
    """Raise where an option is another command's: it would do nothing here.

    Raises:
        ConfigurationError: names the option and the commands that have it.
    """
    own = {known.flag for group in groups_of(command) for known in options_of(group)}
    for flag in flags_in(arguments):
        owners = [] if flag in own else owners_of(flag)
        if owners:
            named = ", ".join(f"af3 {owner}" for owner in owners[:_NAMED_OWNERS])
            more = len(owners) - _NAMED_OWNERS
            others = f" and {more} more" if more > 0 else ""
            raise ConfigurationError(
                f"{flag} is an option of {named}{others}, not of af3 {command}; leave it out, or"
                f" see af3 {command} --help"
            )


def owners_of(flag: str) -> list[str]:
    """The commands that have an option of their own, and not by the plan alone."""
    owners: dict[str, Groups] = {
        job.name: (*job.options, *(job_named(job.with_source).options if job.with_source else ()))
        for job in COMMANDS
    }
    owners |= {reader.name: reader.groups for reader in READERS}
    return [
        name
        for name, groups in owners.items()
        if any(known.flag == flag for group in groups for known in options_of(group))
    ]


def completion_parser() -> argparse.ArgumentParser:
    """All commands in one parser, as completion scripts are made of."""
    parser = argparse.ArgumentParser(prog="af3", allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    summaries = {job.name: job.summary for job in COMMANDS} | {r.name: r.summary for r in READERS}
    for name, summary in summaries.items():
        command = commands.add_parser(name, help=summary)
        add_groups(command, groups_of(name))
        command.add_argument(CONFIG, metavar="FILE", help="options from this file")
    return parser


def _read(reader: Reader, arguments: Sequence[str]) -> int:
    module = importlib.import_module(reader.module)
    description = getattr(
        module, "DESCRIPTION", f"{reader.summary[0].upper()}{reader.summary[1:]}."
    )
    parser = make_parser(f"af3 {reader.name}", description, reader.groups, epilog=CONFIG_EPILOG)
    named, arguments = split_config(arguments)
    refuse_foreign(reader.name, arguments)
    if "-h" in arguments or "--help" in arguments:
        parser.parse_args(["--help"])
    file = _file(named, arguments)
    told = arguments_of(file, reader.name, _own_options(reader.groups), arguments) if file else []
    namespace, unknown = parser.parse_known_args([*told, *arguments])
    if unknown:
        raise ConfigurationError(f"unknown option {unknown[0]}; see af3 {reader.name} --help")
    _check_required(reader, namespace)
    check_messages(namespace)
    run: Callable[[argparse.Namespace], int] = getattr(module, reader.function)
    return run(with_defaults(namespace, reader.groups))


def _show_config(arguments: Sequence[str]) -> int:
    """`af3 config COMMAND [OPTIONS]`.

    Raises:
        ConfigurationError: there is no such command, or an option or the file is wrong.
    """
    from beam_jobs.config_command import config_lines

    command, *given = arguments
    if command not in command_names():
        hint = did_you_mean(command, command_names())
        raise ConfigurationError(f"config {command}: no command; {hint}see af3 --help")
    named, given = split_config(given)
    refuse_foreign(command, given)
    parser = make_parser(f"af3 config {command}", "", groups_of(command))
    namespace, unknown = parser.parse_known_args(given)
    if unknown:
        raise ConfigurationError(f"unknown option {unknown[0]}; see af3 {command} --help")
    options = _options_by_command()[command]
    say(list(config_lines(command, options, namespace, _file(named, given))))
    return 0


def _file(named: str | None, arguments: Sequence[str]) -> SettingsFile | None:
    """The file of settings that counts: a scheduled job, which somebody watches, looks for none."""
    finds = "--watched-by" not in flags_in(arguments)
    return settings_file(named, _options_by_command(), finds)


def _options_by_command() -> dict[str, list[Option]]:
    """The options of all commands, those that `plan` recorded left out."""
    groups: dict[str, Groups] = {reader.name: reader.groups for reader in READERS}
    for job in COMMANDS:
        more = job_named(job.with_source).options if job.with_source else ()
        groups[job.name] = tuple(dict.fromkeys((*more, *job.options)))
    return {name: _own_options(held) for name, held in groups.items()}


def _own_options(groups: Groups) -> list[Option]:
    return [known for group in groups for known in options_of(group)]


def _chosen(job: Job, arguments: Sequence[str]) -> Job:
    """The job that a command runs."""
    is_other = job.with_source is not None and _has_source(job, arguments)
    return job_named(job.with_source) if job.with_source and is_other else job


def _check_required(reader: Reader, namespace: argparse.Namespace) -> None:
    if getattr(namespace, "devices", None):
        return
    for known in (known for group in reader.groups for known in options_of(group)):
        if known.declared.required and given_value(known, namespace) is None:
            raise ConfigurationError(f"{known.flag} is missing; see af3 {reader.name} --help")


def _has_source(job: Job, arguments: Sequence[str]) -> bool:
    """Whether SOURCE is given, as far as can be told before the options are checked."""
    parser = command_parser(job)
    try:
        namespace, _ = parse_with_beam(parser, arguments)
    except ConfigurationError:
        return False  # said again where it is reported
    return bool(read_group(Source, namespace).source)


def _refuse_other_form(job: Job, chosen: Job, namespace: argparse.Namespace) -> None:
    """Of a command that runs two jobs, the one refuses the other's options."""
    taken = {known.name for group in chosen.accepted for known in options_of(group)}
    for group in groups_of(job.name):
        for known in options_of(group):
            if known.name not in taken and given_value(known, namespace) is not None:
                form = "without SOURCE" if chosen is not job else "with SOURCE"
                raise ConfigurationError(
                    f"{known.flag} is an option of af3 {job.name} {form}; see af3 {job.name} --help"
                )


def _size(namespace: argparse.Namespace) -> Sequence[str] | None:
    """What an archive of so many hours needs, where `plan` is asked on paper."""
    sizing = read_group(night.Sizing, namespace)
    if sizing.hours is None:
        return None
    from beam_jobs.night.plan import size_on_paper

    results, budget = read_group(Results, namespace), read_group(night.Budget, namespace)
    return list(size_on_paper(sizing, results, budget))


def _list_skills(namespace: argparse.Namespace) -> Sequence[str] | None:
    what = read_group(derive.SkillsList, namespace).what
    if not what:
        return None
    from beam_jobs.derive.skills.pair_report import skill_lines

    if what != "list":
        raise ConfigurationError(f"skills {what}: write af3 skills list, or options alone")
    return list(skill_lines())


def _evaluations(namespace: argparse.Namespace) -> Sequence[str] | None:
    what = read_group(evaluation.BenchmarkChoice, namespace).benchmark
    from beam_jobs.evaluation.evaluate_command import benchmark_lines, write_comparison

    if what == "list":
        return list(benchmark_lines())
    if what == "compare":
        out = read_group(Results, namespace).out
        if not out:
            raise ConfigurationError("--out is missing: name the folder for the tables")
        return list(write_comparison(out))
    return None


_INSTEAD: dict[JobName, Callable[[argparse.Namespace], Sequence[str] | None]] = {
    "plan": _size,
    "skills": _list_skills,
    "evaluate": _evaluations,
}
"""What a command does where it is asked for something else than its job; None runs the job."""


def _help_lines() -> list[str]:
    width = max(len(name) for name in command_names())
    summaries: dict[str, str] = {job.name: job.summary for job in COMMANDS}
    summaries |= {reader.name: reader.summary for reader in READERS}
    return [
        _USAGE,
        "commands:",
        *(f"  {name:<{width}}  {text}" for name, text in summaries.items()),
        "",
        "af3 COMMAND --help shows a command's options; af3 --version the version.",
        "af3.toml, from this folder up, holds options; af3 config COMMAND shows them.",
    ]
