"""The Python of README and pages runs as it stands, and their commands' options exist."""

from __future__ import annotations

import re

import pytest

from beam_jobs.cli import main
from beam_jobs.framework.beam_options import _beam_parser
from tests.pages import PAGES

TEXT = "\n".join(page.read_text("utf-8") for page in PAGES)
COMMANDS = (
    "annotate",
    "plan",
    "segment",
    "publish",
    "query",
    "correct",
    "status",
    "search",
    "index",
    "browse",
    "report",
    "quality",
    "events",
    "align",
    "speakers",
    "subtitles",
    "embed",
    "skills",
    "think",
    "dialogues",
    "summarise",
    "chat",
    "export",
    "evaluate",
    "accept",
    "tune",
    "describe",
    "talk",
    "audit",
    "retry",
    "check",
    "clean",
    "retain",
    "withdraw",
    "restore",
    "config",
    "doctor",
    "people",
    "audit-log",
    "completion",
)


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(code, {})
    assert re.fullmatch(r".+ -\d+\.\d+\n", capsys.readouterr().out)


def test_no_other_command_is_shown() -> None:
    shown = set(re.findall(r"(?:^|`|/)af3 ([a-z]+(?:-[a-z]+)*)\b", TEXT, re.MULTILINE))
    assert shown == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_its_commands_is_known(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    joined = TEXT.replace("\\\n", " ")
    used = {
        option
        for line in re.findall(rf"^.*\baf3 {command} .*$", joined, re.MULTILINE)
        for option in re.findall(r" (--[a-z][a-z_-]*)", line)
    }
    with pytest.raises(SystemExit):
        main([command, "--help"])
    known = capsys.readouterr().out + _beam_parser().format_help()
    assert {option for option in used if option not in known} <= {"--help"}
