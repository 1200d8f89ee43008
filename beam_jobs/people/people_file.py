"""The file of people: TOML, a table for each person, with the hash of a token and never the token.

[[person]]
name = "Ada"
role = "editor"
token_sha256 = "…"   (left out where a reverse proxy says who it is)

A file that cannot be read, or is wrong in any place, names nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean
from schemas.options.correcting import person_name
from schemas.options.people import ROLES, Role

_MOST_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEAD = """\
# Who may sign in at the archive page. af3 people writes this file: comments of yours are not kept.
"""


@dataclass(frozen=True)
class ListedPerson:
    """A person as the file has them.

    Attributes:
        token_sha256: of the token's bytes, in hexadecimal; empty: no token signs them in.
    """

    name: str
    role: Role
    token_sha256: str = ""


def sha256_of(token: str) -> str:
    """The hash by which a token is known, in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def read_people(path: Path) -> tuple[ListedPerson, ...]:
    """All people of a file.

    Raises:
        ConfigurationError: as `file_bytes` and `people_of`.
    """
    return people_of(path, file_bytes(path))


def file_bytes(path: Path) -> bytes:
    """What the file holds, read at once.

    Raises:
        ConfigurationError: it is gone, cannot be read, is no file, is too large, or everybody on
            this machine may write it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigurationError(f"{path}: no file; name one that af3 people wrote")
            if mode & stat.S_IWOTH:
                raise ConfigurationError(
                    f"{path}: everybody on this machine may write it; run chmod o-w"
                )
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: {error.strerror}; make it with af3 people add"
        ) from error
    if len(data) > _MOST_BYTES:
        raise ConfigurationError(f"{path}: more than {_MOST_BYTES >> 20} MiB; no file of people")
    return data


def people_of(path: Path, data: bytes) -> tuple[ListedPerson, ...]:
    """The people that a file's bytes name. Pure.

    Raises:
        ConfigurationError: it is no TOML, a person or a key of one is wrong, or two have the same
            name or token.
    """
    try:
        held = tomllib.loads(data.decode())
    except ValueError as error:
        raise ConfigurationError(f"{path}: no TOML: {' '.join(str(error).split())}") from error
    entries = held.pop("person", [])
    if held:
        raise ConfigurationError(f"{path}: {next(iter(held))}: no key of it; write [[person]]")
    if not isinstance(entries, list):
        raise ConfigurationError(f"{path}: person: write [[person]], with two brackets")
    people = tuple(_person(f"{path}: person {n}", entry) for n, entry in enumerate(entries, 1))
    for what, values in (
        ("the name {}", [person.name for person in people]),
        ("the token of {}", [person.token_sha256 for person in people]),
    ):
        for place, value in enumerate(values):
            if value and value in values[:place]:
                said = what.format(people[place].name)
                raise ConfigurationError(f"{path}: {said} stands there twice; leave one out")
    return people


def _person(where: str, entry: Any) -> ListedPerson:
    if not isinstance(entry, Mapping) or not all(isinstance(v, str) for v in entry.values()):
        raise ConfigurationError(f"{where}: write name, role and token_sha256 as texts")
    known = ListedPerson.__dataclass_fields__
    for key in entry:
        if key not in known:
            hint = did_you_mean(key, known)
            raise ConfigurationError(f"{where}: {key}: no key; {hint}they are {', '.join(known)}")
    name, role = entry.get("name", ""), entry.get("role", "")
    wrong = person_name(name)
    if wrong:
        raise ConfigurationError(f"{where}: name {name!r}: {wrong}")
    if role not in ROLES:
        raise ConfigurationError(f"{where}: role {role!r}: write {', '.join(ROLES)}")
    token = entry.get("token_sha256", "")
    if token and not _SHA256.fullmatch(token):
        raise ConfigurationError(
            f"{where}: token_sha256: no SHA-256 in hexadecimal (64 of 0-9 and a-f)"
        )
    return ListedPerson(name, role, token)


def file_text(people: Sequence[ListedPerson]) -> str:
    """The file of people, from which `people_of` gives the same ones. Pure."""
    return "\n".join([_HEAD, *map(_entry_text, people)])


def _entry_text(person: ListedPerson) -> str:
    # a text of JSON is one of TOML where nothing in it is a control character
    fields = {"name": person.name, "role": person.role, "token_sha256": person.token_sha256}
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items() if value
    ]
    return "\n".join(["[[person]]", *lines, ""])
