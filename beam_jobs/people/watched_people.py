"""The people of a file that may change while a server runs."""

from __future__ import annotations

import hmac
from pathlib import Path

from af3core.errors import ConfigurationError
from af3core.messages import Level, tell
from beam_jobs.people.people_file import ListedPerson, file_bytes, people_of, sha256_of


class PeopleUnknown(ConfigurationError):
    """The file cannot be read now: nobody is known until it can."""


class WatchedPeople:
    """The people of a file as it is at each question: whoever was taken out is known no more.

    The file is read each time, and parsed when it holds something else: no change is missed for
    want of a later time of change.

    Args:
        path: of the file.

    Raises:
        ConfigurationError: it cannot be read, or is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = file_bytes(path)
        self._people = people_of(path, self._data)
        self._trouble = ""

    def with_token(self, token: str) -> ListedPerson | None:
        """Whose token it is; takes as long for each person, whoever it is.

        Raises:
            PeopleUnknown: the file cannot be read, or is wrong.
        """
        given = sha256_of(token)
        found = None
        for person in self.now():
            if hmac.compare_digest(given, person.token_sha256):
                found = person
        return found

    def named(self, name: str) -> ListedPerson | None:
        """The person of a name.

        Raises:
            PeopleUnknown: the file cannot be read, or is wrong.
        """
        return next((person for person in self.now() if person.name == name), None)

    def now(self) -> tuple[ListedPerson, ...]:
        """All people of the file as it is.

        Raises:
            PeopleUnknown: the file cannot be read, or is wrong; said on stderr once.
        """
        try:
            data = file_bytes(self._path)
            if data != self._data:
                self._people = people_of(self._path, data)
                self._data = data
        except ConfigurationError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                tell(f"nobody is signed in until this is mended: {error}", Level.ERROR)
            raise PeopleUnknown(
                "nobody is signed in: the file of people cannot be read; where af3 browse runs it"
                " says why"
            ) from error
        if self._trouble:
            self._trouble = ""
            tell(f"{self._path}: can be read again; people are signed in as before")
        return self._people
