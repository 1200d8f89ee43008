"""The scripts: current, ready for a location, and refused where they could not run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from schemas.sql.__main__ import main
from schemas.sql.column_types import DIALECTS, Dialect
from schemas.sql.scripts import FOLDER, PLACEHOLDERS, script


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_committed_scripts_are_current(dialect: Dialect) -> None:
    committed = (FOLDER / f"{dialect}.sql").read_text("utf-8")
    assert committed == script(dialect), "python -m schemas.sql"
    assert all(line == line.rstrip() for line in committed.splitlines())


@pytest.mark.parametrize("dialect", ["bigquery", "trino", "athena"])
def test_the_head_says_that_it_was_parsed_and_not_run(dialect: Dialect) -> None:
    head = script(dialect).split("\n\n")[0].replace("\n-- ", " ")
    assert "Tested: parsed as" in head
    assert "Never run in" in head


@pytest.mark.parametrize(
    ("dialect", "location", "more"),
    [
        ("duckdb", "/media/annotated", []),
        ("bigquery", "gs://lake/annotated", []),
        ("trino", "gs://lake/annotated", []),
        ("athena", "s3://lake/annotated", ["--corpora", "radio,film", "--since", "2026-01-01"]),
    ],
)
def test_a_location_leaves_no_placeholder(dialect: Dialect, location: str, more: list[str]) -> None:
    command = [sys.executable, "-m", "schemas.sql", dialect, "--location", location + "/", *more]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"'{location}/tables/captions/" in printed or f"'{location}/tables/captions'" in printed
    for placeholder in (PLACEHOLDERS[dialect], "CORPORA", "BUCKET", "//tables"):
        assert placeholder not in printed
    if dialect == "athena":
        assert "'projection.corpus.values' = 'radio,film'" in printed
        assert "'projection.date.range' = '2026-01-01,NOW'" in printed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["bigquery"], "name a dialect and --location together, or neither"),
        (["--location", "gs://a"], "name a dialect and --location together, or neither"),
        (["bigquery", "--location", "/media"], "--location /media: bigquery reads gs:// only"),
        (["athena", "--location", "s3://a"], "name the corpora that it shows"),
        (["athena", "--location", "gs://a", "--corpora", "a"], "athena reads s3:// only"),
        (["athena", "--location", "s3://a", "--corpora", "a'b"], "name the corpora that it shows"),
        (["trino", "--location", "gs://a", "--corpora", "a"], "are Athena's alone"),
        (["duckdb", "--location", "/media/*"], "no pattern and no spaces"),
        (
            ["athena", "--location", "s3://a", "--corpora", "a", "--since", "May"],
            "--since May: write YYYY-MM-DD",
        ),
    ],
)
def test_what_could_not_run_is_refused(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
