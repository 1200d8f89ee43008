"""What a command says on stderr, for people and for programs."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings

import pytest

from af3core.messages import Level, Telling, as_told, tell

HOSTILE = "a\x1b[31m\u202e\nb"


def told(capsys: pytest.CaptureFixture[str], telling: Telling) -> str:
    with as_told(telling):
        tell("a detail", Level.DETAIL)
        tell(HOSTILE, job="plan")
        logging.getLogger("beam").warning("a warning of %s", "Beam")
        warnings.warn("an old option", stacklevel=1)
        tell("an error", Level.ERROR)
    return capsys.readouterr().err


def test_people_read_lines_that_move_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with as_told(Telling()):
        tell("a detail", Level.DETAIL)
        tell(HOSTILE)
    assert capsys.readouterr().err == "af3: a\\x1b[31m\\u202e\nb\n"


def test_quiet_says_errors_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, Telling(Level.ERROR)) == "af3: an error\n"


def test_verbose_says_details(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, Telling(Level.DETAIL)).startswith("af3: a detail\naf3: a\\x1b")


def test_json_is_an_object_a_line_whoever_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in told(capsys, Telling(log_format="json")).splitlines()]
    assert [line.pop("time")[-6:] for line in lines] == ["+00:00"] * 4
    assert lines[0] == {"level": "notice", "message": HOSTILE, "job": "plan"}
    assert lines[1] == {"level": "notice", "message": "a warning of Beam", "logger": "beam"}
    assert lines[2]["logger"] == "py.warnings"
    assert lines[3] == {"level": "error", "message": "an error"}


def test_a_worker_says_as_much_as_the_process_that_started_it() -> None:
    code = "from af3core.messages import tell, Level; tell('a'); tell('b', Level.ERROR)"
    with as_told(Telling(Level.ERROR, "json")):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    [line] = done.stderr.splitlines()
    assert json.loads(line)["message"] == "b"
