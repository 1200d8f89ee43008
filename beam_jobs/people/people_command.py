"""`af3 people`: who may sign in at the archive page."""

from __future__ import annotations

import argparse
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.messages import tell
from beam_jobs.framework.process import say
from beam_jobs.output.terminal_rows import rows_text
from beam_jobs.people.people_changes import add_person, revoke_person
from beam_jobs.people.people_file import read_people
from schemas.options.people import ROLES

DESCRIPTION = """\
Say who may sign in at the archive page, in a file that holds no token but its SHA-256.

  af3 people add Ada --role editor --file people.toml     prints Ada's token, this once
  af3 browse --out NIGHT --people people.toml
  af3 people revoke Ada --file people.toml                at once, also where the page runs
  af3 people list --file people.toml

A reader looks; an editor corrects and reviews too; a keeper withdraws and restores too."""


def run_people(known: argparse.Namespace) -> int:
    """Add, revoke or list people.

    Raises:
        ConfigurationError: the options or the file are wrong, or the person is none of it.
        StorageError: the file cannot be written.
    """
    path = Path(known.file)
    if known.what in ("", "list"):
        _refuse(known, "list", name=known.name, role=known.role, no_token=known.no_token)
        say([_listed(path)])
        return 0
    if not known.name:
        raise ConfigurationError(f"people {known.what}: name whom, such as Ada")
    if known.what == "revoke":
        _refuse(known, "revoke", role=known.role, no_token=known.no_token)
        revoke_person(path, known.name)
        tell(f"{known.name} is signed in no more, and cannot sign in again")
        return 0
    if known.role is None:
        raise ConfigurationError(f"people add: --role is missing: {', '.join(ROLES)}")
    token = add_person(path, known.name, known.role, with_token=not known.no_token)
    if token:
        say([token])
        tell(
            f"{known.name} is {known.role}: the token on stdout is shown this once; it is entered"
            " on the archive page, or stands behind its address as ?token=…"
        )
    else:
        tell(f"{known.name} is {known.role}, and signs in by the reverse proxy alone")
    return 0


def _refuse(known: argparse.Namespace, what: str, **given: object) -> None:
    for name, value in given.items():
        if value:
            shown = "NAME" if name == "name" else f"--{name.replace('_', '-')}"
            raise ConfigurationError(f"people {what} takes no {shown}; leave it out")


def _listed(path: Path) -> str:
    rows = [
        (person.name, person.role, "token" if person.token_sha256 else "proxy")
        for person in read_people(path)
    ]
    return rows_text(("name", "role", "signs_in_by"), rows, None)
