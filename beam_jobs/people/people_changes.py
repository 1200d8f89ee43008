"""Adding and revoking people: the file is replaced whole, and no change of another is lost."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean
from af3core.storage.file_lock import hold_file_lock
from af3core.storage.folder import UNFINISHED
from af3core.storage.os_errors import translate_os_errors
from beam_jobs.people.people_file import ListedPerson, file_text, read_people, sha256_of
from schemas.options.people import Role

_TOKEN_BYTES = 32
_OWNER_ONLY = 0o600

People = tuple[ListedPerson, ...]


def add_person(path: Path, name: str, role: Role, *, with_token: bool = True) -> str:
    """Add a person; gives the token, which is kept nowhere, or nothing without one.

    Raises:
        ConfigurationError: the person is there already, or the file is wrong.
        StorageError: it cannot be written.
    """
    token = secrets.token_urlsafe(_TOKEN_BYTES) if with_token else ""
    added = ListedPerson(name, role, sha256_of(token) if token else "")

    def change(people: People) -> People:
        for person in people:
            if person.name == name:
                raise ConfigurationError(
                    f"{name}: is there already, as {person.role}; revoke them first"
                )
        return (*people, added)

    _replace(path, change, may_begin=True)
    return token


def revoke_person(path: Path, name: str) -> None:
    """Take a person out; servers that run refuse them with the next request.

    Raises:
        ConfigurationError: nobody has the name, or the file is wrong.
        StorageError: it cannot be written.
    """

    def change(people: People) -> People:
        left = tuple(person for person in people if person.name != name)
        if len(left) == len(people):
            hint = did_you_mean(name, [person.name for person in people])
            raise ConfigurationError(f"{name}: nobody of {path}; {hint}see af3 people list")
        return left

    _replace(path, change, may_begin=False)


def _replace(path: Path, change: Callable[[People], People], may_begin: bool) -> None:
    path = Path(os.path.realpath(path))  # a link stays one
    if not path.parent.is_dir():
        raise ConfigurationError(f"--file {path}: its folder does not exist; make it")
    part = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    with (
        translate_os_errors(path),
        hold_file_lock(path.with_name(f"{UNFINISHED}{path.name}.lock")),
    ):
        begins = may_begin and not path.exists()
        changed = change(() if begins else read_people(path))
        mode = _OWNER_ONLY if begins else path.stat().st_mode & 0o777
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(file_text(changed))
                file.flush()
                os.fchmod(descriptor, mode)
                os.fsync(descriptor)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
