"""The README's Python runs as it stands, and its commands' options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beam_jobs.beam_options import _beam_parser
from beam_jobs.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code, {})
    assert re.fullmatch(r".+ -\d+\.\d+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "command",
    [
        "annotate",
        "plan",
        "segment",
        "publish",
        "query",
        "search",
        "index",
        "browse",
        "report",
        "quality",
        "events",
        "embed",
        "skills",
        "dialogues",
        "summarise",
        "chat",
        "export",
        "evaluate",
        "accept",
        "describe",
        "talk",
    ],
)
def test_every_option_of_its_commands_is_known(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    joined = README.replace("\\\n", " ")
    used = {
        option
        for line in re.findall(rf"^.*\baf3 {command} .*$", joined, re.MULTILINE)
        for option in re.findall(r" (--[a-z][a-z_-]*)", line)
    }
    with pytest.raises(SystemExit):
        main([command, "--help"])
    known = capsys.readouterr().out + _beam_parser().format_help()
    assert {option for option in used if option not in known} <= {"--help"}
