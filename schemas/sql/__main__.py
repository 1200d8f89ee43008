"""`python -m schemas.sql` writes the scripts anew; with a dialect, prints statements to run."""

from __future__ import annotations

import argparse
import datetime
import re
import sys

from schemas.sql.column_types import DIALECTS
from schemas.sql.definitions import Lake
from schemas.sql.scripts import FOLDER, script, write_all

_SCHEMES = {"bigquery": "gs://", "athena": "s3://"}
_CORPORA = re.compile(r"[\w.-]+(,[\w.-]+)*")


def main(arguments: list[str] | None = None) -> int:
    """Write or print; 2 for wrong options."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas.sql",
        description="Without a dialect: write the scripts of all dialects anew. With one: print its"
        " statements for the tables at --location.",
    )
    parser.add_argument("dialect", nargs="?", choices=DIALECTS)
    parser.add_argument("--location", metavar="ADDRESS", help="what --out of af3 was")
    parser.add_argument("--corpora", help="Athena: the corpora that it shows, with commas")
    parser.add_argument(
        "--since", metavar="DATE", help="Athena: first archive day that it looks for (2000-01-01)"
    )
    given = parser.parse_args(arguments)
    wrong = _wrong(given)
    if wrong:
        parser.error(wrong)
    if given.dialect is None:
        write_all(FOLDER)
        return 0
    lake = Lake(given.location.rstrip("/"))
    if given.dialect == "athena":
        lake = Lake(lake.location, given.corpora, given.since or lake.since)
    sys.stdout.write(script(given.dialect, lake))
    return 0


def _wrong(given: argparse.Namespace) -> str | None:
    """What is wrong with the options, and what to do."""
    if (given.dialect is None) != (given.location is None):
        return "name a dialect and --location together, or neither"
    if given.dialect == "athena" and not _CORPORA.fullmatch(given.corpora or ""):
        return "athena: name the corpora that it shows, such as --corpora radio,film"
    if given.dialect != "athena" and (given.corpora or given.since):
        return "--corpora and --since are Athena's alone"
    if given.location and re.search(r"[*?\[\]\s]", given.location):
        return f"--location {given.location}: no pattern and no spaces, please"
    scheme = _SCHEMES.get(given.dialect, "")
    if given.location and not given.location.startswith(scheme):
        return f"--location {given.location}: {given.dialect} reads {scheme} only"
    return _wrong_day(given.since)


def _wrong_day(since: str | None) -> str | None:
    try:
        datetime.date.fromisoformat(since or "2000-01-01")
    except ValueError:
        return f"--since {since}: write YYYY-MM-DD"
    return None


if __name__ == "__main__":
    raise SystemExit(main())
