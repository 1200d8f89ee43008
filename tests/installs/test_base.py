"""`pip install .` alone: small, and enough to query, search by words and browse."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.installs.environment import ROOT, Environment, environment
from tests.pages import blocks

MOST_BYTES = 400e6
NIGHT = ROOT / "tests/data/night_of_0_1/out"
ADDRESS = re.compile(r"http://\S+")


@pytest.fixture(scope="module")
def base() -> Environment:
    return environment()


def test_it_is_small(base: Environment) -> None:
    assert base.size_bytes < MOST_BYTES


def test_the_commands_that_analysts_read_first(base: Environment, tmp_path: Path) -> None:
    block, forms = [b for b in blocks("docs/analyst.md", "") if b.startswith("af3 query")]
    said = []
    for line in block.replace("\\\n", " ").splitlines():
        command = shlex.split(line.replace("/media/annotated", str(NIGHT)), comments=True)
        assert command[0] == "af3"
        done = base.af3(*command[1:], folder=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), line
        said.append(done.stdout)
    assert "transcripts" in said[0]
    assert (tmp_path / "result.csv").read_text().splitlines()[0] == "date,text"
    typed = forms.replace("/media/annotated", str(NIGHT))
    for line in typed.splitlines():
        as_command = f'af3() {{ "{base.python}" -m beam_jobs "$@"; }}; {line}'
        subprocess.run(["bash", "-ec", as_command], env=base.variables(), cwd=tmp_path, check=True)
    first = json.loads((tmp_path / "captions.jsonl").read_text().splitlines()[0])
    assert {"text", "date"} <= first.keys()
    assert (tmp_path / "captions.parquet").read_bytes()[:4] == b"PAR1"


def test_the_first_questions(base: Environment) -> None:
    questions = blocks("docs/analyst.md", "sql")
    assert len(questions) == 5
    for sql in questions:
        done = base.af3("query", "--out", NIGHT, sql)
        assert (done.returncode, done.stderr) == (0, "")


def test_every_table_is_printed_with_all_its_columns(base: Environment) -> None:
    for table in ("recordings", "segments", "transcripts", "runs", "failures"):
        done = base.af3("query", "--out", NIGHT, f"FROM {table}")
        assert (done.returncode, done.stderr) == (0, ""), table


def test_words_are_found_without_an_index(base: Environment) -> None:
    done = base.af3("search", "--out", NIGHT, "--mode", "words", "--json", "weather -history")
    assert (done.returncode, done.stderr) == (0, "")
    hits = [json.loads(line) for line in done.stdout.splitlines()]
    assert {Path(hit["object_uri"]).name for hit in hits} == {"storm.flac"}
    plain = base.af3("search", "--out", NIGHT, "weather")
    assert plain.returncode == 0
    assert plain.stderr.startswith("af3: only words are searched: meaning needs the index")
    assert base.af3("search", "--out", NIGHT, "--mode", "meaning", "weather").returncode == 1


@pytest.fixture(scope="module")
def page(base: Environment) -> Iterator[str]:
    """The address of the archive page, as `af3 browse` prints it."""
    command = [base.python, "-m", "beam_jobs", "browse", "--out", NIGHT, "--port", "0"]
    serving = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=base.variables(), cwd=ROOT
    )
    try:
        assert serving.stdout is not None
        found = ADDRESS.search(serving.stdout.readline())
        assert found
        yield found[0].rstrip("/")
    finally:
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(60) == 0


def fetched(url: str) -> bytes:
    with urlopen(url, timeout=60) as response:
        data: bytes = response.read()
    return data


def test_the_page_shows_the_archive(page: str) -> None:
    assert b"<html" in fetched(page)
    about = json.loads(fetched(f"{page}/api/about"))
    assert [corpus["name"] for corpus in about["corpora"]] == ["radio"]
    found = json.loads(fetched(f"{page}/api/search?q=weather&mode=words"))
    assert found["hits"]
    assert json.loads(fetched(f"{page}/api/search"))["hits"]
    corpus = json.loads(fetched(f"{page}/api/corpus/radio"))
    assert corpus["charts"] == []


def test_a_job_names_the_extra_that_it_needs(base: Environment, tmp_path: Path) -> None:
    given = (ROOT / "af3core/nano/demo_archive", "--out", tmp_path / "out")
    for command in ("plan", "annotate"):
        done = base.af3(command, *given)
        assert done.returncode == 2
        assert done.stderr.startswith("af3: ")
        assert done.stderr.endswith(": uv pip install '.[jobs]'\n")
        assert done.stderr.count("\n") == 1
    for help_of in ("annotate", "index", "talk", "evaluate"):
        assert base.af3(help_of, "--help").returncode == 0


def test_the_schemas_as_sql(base: Environment) -> None:
    command = [base.python, "-m", "schemas.sql", "duckdb", "--location", NIGHT]
    done = subprocess.run(command, capture_output=True, text=True, env=base.variables(), cwd=ROOT)
    assert done.returncode == 0
    assert "CREATE" in done.stdout
