"""Each command takes its own options alone, and names the command that has another's."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest

from af3core.errors import ConfigurationError
from beam_jobs.cli import command_names, command_parser, groups_of, main, owners_of, refuse_foreign
from beam_jobs.framework.beam_options import _beam_parser
from schemas.jobs import COMMANDS, job_named
from schemas.options.option import Option, options_of

OF_LAUNCHERS = ("--patience-s", "--watched-by")
HELP_LINES = {"audit": 26, "segment": 25, "publish": 25, "report": 25}


def options_taken(command: str) -> dict[str, Option]:
    return {o.flag: o for group in groups_of(command) for o in options_of(group)}


ALL = {flag: known for name in command_names() for flag, known in options_taken(name).items()}


@pytest.mark.parametrize("command", command_names())
def test_every_foreign_option_is_refused_by_name(command: str) -> None:
    own = options_taken(command)
    foreign = {flag: known for flag, known in ALL.items() if flag not in own}
    assert len(own) + len(foreign) == len(ALL)
    for flag, known in foreign.items():
        given = [flag] if known.kind is bool else [f"{flag}=1"]
        with pytest.raises(ConfigurationError) as caught:
            refuse_foreign(command, given)
        message = str(caught.value)
        owner = owners_of(flag)[0]
        assert message.startswith(f"{flag} is an option of af3 {owner}")
        assert f"not of af3 {command}; leave it out" in message
        assert "\n" not in message
    refuse_foreign(command, list(own))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["audit", "--voice", "nobody"],
            "af3: --voice is an option of af3 describe, af3 browse, af3 talk, not of af3 audit;"
            " leave it out, or see af3 audit --help\n",
        ),
        (
            ["segment", "--part", "3/4"],
            "af3: --part is an option of af3 annotate, not of af3 segment; leave it out, or see"
            " af3 segment --help\n",
        ),
        (
            ["query", "--judge=y"],
            "af3: --judge is an option of af3 evaluate, not of af3 query; leave it out, or see af3"
            " query --help\n",
        ),
        (
            ["annotate", "/archive", "--out", "o", "--part", "0/2"],
            "af3: --part is an option of af3 annotate without SOURCE; see af3 annotate --help\n",
        ),
        (
            ["annotate", "--out", "o", "--accepted-in", "g"],
            "af3: --accepted-in is an option of af3 annotate with SOURCE; see af3 annotate"
            " --help\n",
        ),
        (["anotate"], "af3: anotate: no command; did you mean annotate? see af3 --help\n"),
        (["segment", "--shards", "x"], None),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    arguments: list[str], line: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    if line is not None:
        assert error == line
    else:
        assert error == (
            "af3: argument --shards: x: write a whole number; see af3 segment --help\n"
        )


def test_no_option_of_ours_is_beams() -> None:
    beams = {flag for action in _beam_parser()._actions for flag in action.option_strings}
    assert len(beams) > 100
    assert beams & set(ALL) == set()


@pytest.mark.parametrize(("command", "lines"), HELP_LINES.items())
def test_the_help_of_a_job_behind_the_plan_fits_a_screen(
    command: str, lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = command_parser(job_named(command)).format_help()
    assert len(text.splitlines()) <= lines


@pytest.mark.parametrize("command", [job.name for job in COMMANDS])
def test_no_help_shows_what_a_launcher_alone_gives(command: str) -> None:
    parser = command_parser(job_named(command))
    given = parser.parse_args(["--watched-by", "w", "--patience-s", "60"])
    assert (given.watched_by, given.patience_s) == ("w", 60.0)
    shown = parser.format_help()
    assert "--report" in shown
    assert [flag for flag in OF_LAUNCHERS if flag in shown] == []


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_first_look_is_quick_and_loads_nothing_heavy(option: str) -> None:
    code = (
        "import sys\nfrom beam_jobs.cli import main\n"
        f"main([{option!r}])\n"
        "heavy = {'numpy', 'pyarrow', 'apache_beam', 'yaml', 'rich', 'duckdb', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stderr == "[]\n"
    # CPU seconds, the interpreter's own start included; 0.1 on a quiet machine
    used_s = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    assert used_s <= 0.5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_completions(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("annotate", "max-failed-share", "completion"):
        assert word in script
    for flag in OF_LAUNCHERS:
        assert flag.removeprefix("--") not in script


def test_a_completion_script_is_valid_bash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
