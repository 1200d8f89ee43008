"""Who asks, by a name and a role; a server without a file of people has readers only."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import Scope

from beam_jobs.browse.http.refusal import Refusal
from schemas.options.people import ROLES, Role

_KEY = "af3.person"


@dataclass(frozen=True)
class Person:
    """Who asks."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether what needs this role is allowed."""
        return ROLES.index(self.role) >= ROLES.index(role)


NOBODY = Person("", "reader")
"""Whoever reads where nobody signs in."""


def set_person(scope: Scope, person: Person) -> None:
    """Keep who asks, for the routes."""
    scope[_KEY] = person


def person_of(connection: HTTPConnection, role: Role = "reader") -> Person:
    """Who asks, where they may do what needs the role.

    Raises:
        Refusal: 403, they may not.
    """
    person: Person = connection.scope.get(_KEY, NOBODY)
    if not person.may(role):
        who = f"{person.name} is {person.role}" if person.name else "nobody is signed in"
        raise Refusal(403, f"this needs the role {role}; {who}")
    return person
