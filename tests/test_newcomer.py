"""The first hour with the command, wrong turns included: lines as they are typed, in this order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from af3core.nano.demo_archive import ARCHIVE
from tests.media import ffmpeg

RADIO = "--out out --corpus radio"
TOLERANT = "--max-failed-share 0.5 --max-flagged-share 1"


@dataclass(frozen=True)
class Typed:
    """A line, and what must come of it.

    Attributes:
        line: for a shell, in the folder of the archive `radio`.
        code: the exit code.
        out: a pattern that stdout holds.
        err: one that stderr holds; empty: nothing is said there.
    """

    line: str
    code: int = 0
    out: str = ""
    err: str = r"(?s).*"


def refused(line: str, err: str, code: int = 2) -> Typed:
    """A wrong turn: one line says what is wrong and what to do, and nothing else is printed."""
    return Typed(line, code, r"\A\Z", rf"\Aaf3: {err}[^\n]*\n\Z")


HOUR = (
    Typed("af3", 2, r"af3 annotate RECORDINGS --out NIGHT"),
    Typed("af3 --help", 0, r"af3 query --out NIGHT"),
    Typed("af3 --version", 0, r"\Aaf3-archive \d+\.\d+\.\d+\n\Z", r"\A\Z"),
    Typed("af3 annotate --help", 0, r"(?s)--max-gpu-hours.*--dry-run"),
    refused("af3 anotate radio", "anotate: no command; did you mean annotate"),
    refused("af3 annotate radio", r".*--out"),
    refused("af3 annotate radio --out out --corpsu radio", r".*--corpsu"),
    refused("af3 annotate radoi --out out", r"SOURCE radoi"),
    refused("af3 plan radio --out out --date 2026-13-01", r".*2026-13-01"),
    refused("af3 annotate radio --out radio", r"SOURCE .*/radio is --out too"),
    refused(f"af3 annotate radio {RADIO} --device cuda", r".*cuda"),
    refused(f"af3 annotate radio {RADIO} --model ./weights", r".*weights"),
    Typed(f"af3 doctor radio {RADIO.partition(' --corpus')[0]}", 0, r"(?m)^ok +ffmpeg"),
    Typed("af3 doctor --out out --device cuda --json", 1, r'"failed"'),
    Typed(f"af3 annotate radio {RADIO} --dry-run", 0, r"(?i)gpu"),
    Typed(
        f"af3 annotate radio {RADIO} --max-gpu-hours 0.0000001 < /dev/null",
        1,
        r"\A\Z",
        r"nothing was annotated: .* --yes goes on",
    ),
    Typed(
        f"af3 annotate radio {RADIO} --max-failed-share 0.01 --max-flagged-share 1",
        1,
        r"\A\Z",
        r"--max-failed-share",
    ),
    Typed("ls out/tables 2> /dev/null | wc -l", 0, r"\A0\n"),
    Typed(f"af3 annotate radio {RADIO} {TOLERANT} --json", 0, r'"exit_code": 0'),
    Typed(f"af3 annotate radio {RADIO} {TOLERANT} --quiet", 0, r"\A\Z", r"\A\Z"),
    Typed(f"af3 annotate . {RADIO} --dry-run", 0, r"output of af3"),
    Typed("af3 query --out out", 0, r"transcripts"),
    Typed(
        "af3 query --out out \"SELECT '[applause] hello [music] world' AS said\"",
        0,
        r"\Asaid\n\[applause\] hello \[music\] world\n\Z",
        r"\A\Z",
    ),
    Typed(
        'af3 query --out out "SELECT status, count(*) AS n FROM recordings GROUP BY ALL ORDER BY 1"'
        " --format json",
        0,
        r'"status": ?"annotated", ?"n": ?2',
        r"\A\Z",
    ),
    Typed("af3 query --out out 'FROM segments' --format markdown", 0, r"\A\| segment_id|\| "),
    Typed("af3 query --out out 'FROM segments' | head -n 1", 0, r"\A[a-z_,]+\n\Z"),
    refused("af3 query --out out \"COPY captions TO 'x.parquet'\"", r".*only one SELECT", 1),
    refused("af3 query --out out 'SELECT txet FROM captions'", r".*txet", 1),
    refused("af3 query --out oot 'SELECT 1'", r"--out oot: .*out"),
    refused("af3 segment --out out --corpus radoi", r"--corpus radoi: .*did you mean radio"),
    refused("af3 publish --out out --corpus radoi", r"--corpus radoi: .*did you mean radio"),
    refused("af3 export --out out --corpus radoi", r"--corpus radoi: .*did you mean radio"),
    refused("af3 report --out out --corpus radoi", r"--corpus radoi: .*did you mean radio"),
    refused("af3 clean --out oot", r"--out \S+/oot: no results there; did you mean \S+/out\?"),
    Typed("ls oot", 2),
    refused(f"af3 publish {RADIO} --date 2026-11-20", r".*2026-11-20"),
    refused("af3 search --out out weather", r".*af3 index --out out --corpus radio"),
    Typed(f"af3 index {RADIO}"),
    Typed("af3 search --out out --mode words the", 0, r"radio/2026-11-21/"),
    Typed(f"af3 events {RADIO}"),
    Typed(f"af3 export {RADIO}"),
    Typed(f"af3 report {RADIO}", 0, r"(?m)^failures +1 NotMedia"),
    Typed(f"af3 check {RADIO}"),
    refused(f"af3 retry --failed-by NotMedia {RADIO}", r".*each plan looks at again", 1),
    Typed("af3 clean --out out"),
    Typed("af3 completion bash", 0, r"complete "),
    Typed('printf \'[common]\\nout = "out"\\ncorpus = "radio"\\n\' > af3.toml'),
    Typed("af3 config publish", 0, r"out .*af3\.toml"),
    Typed("af3 publish"),
    Typed("printf '[common]\\noutt = \"out\"\\n' > af3.toml"),
    refused("af3 publish", r".*af3\.toml: \[common\] outt: .*did you mean out"),
    Typed("rm af3.toml; mkdir schemas; touch schemas/__init__.py"),
    refused("af3 query --out out", r".*schemas"),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the archive `radio`: two recordings, and notes that are none."""
    place = tmp_path_factory.mktemp("newcomer")
    day = place / "radio" / "2026-11-21"
    day.mkdir(parents=True)
    for name, seconds in (("morning_weather.mp3", "40"), ("history_evening.mp3", "30")):
        source = str(ARCHIVE / "2026-11-21" / name)
        ffmpeg("-i", source, "-t", seconds, "-c", "copy", str(day / name))
    (day / "notes.mp3").write_text("Tape 17 is at the lab.\n" * 100)
    return place


def test_the_first_hour(place: Path, tmp_path: Path) -> None:
    command = tmp_path / "af3"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m beam_jobs "$@"\n')
    command.chmod(0o755)
    # another test of this process may have set up an Airflow
    inherited = {name: v for name, v in os.environ.items() if not name.startswith("AIRFLOW")}
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    shell = shutil.which("bash") or "/bin/sh"
    wrong = []
    for typed in HOUR:
        done = subprocess.run(
            [shell, "-c", typed.line],
            cwd=place,
            env={**inherited, "PATH": path},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if not (
            done.returncode == typed.code
            and re.search(typed.out, done.stdout)
            and re.search(typed.err, done.stderr)
            and "Traceback" not in done.stderr
        ):
            wrong.append(f"$ {typed.line}\n{done.stdout}{done.stderr}exit code {done.returncode}\n")
    assert not wrong, "\n".join(wrong)
