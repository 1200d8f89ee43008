"""The stored form of records: JSON with a version, read by releases before and after its writer's.

What is stored names the version of its form. A reader ignores keys that it does not know and takes
the default of one that is missing; what it cannot read so is damaged, or needs a newer release.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Literal, Self, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from schemas.identity import canonical_json

RECORD_FORMAT = 2
"""Counts up where a reader of before cannot read a record: a required key that goes, or changes its
type. 0.1.0 wrote no version: its form is 1."""
FORMAT_RELEASE = "0.2.0"
"""The first release that reads this form."""

VERSION_KEY = "schema_version"
RELEASE_KEY = "schema_release"
FORM = {VERSION_KEY: RECORD_FORMAT, RELEASE_KEY: FORMAT_RELEASE}
"""What everything that is stored carries."""
_SCALARS: dict[Any, set[type]] = {
    str: {str},
    int: {int},
    float: {float, int},
    bool: {bool},
    type(None): {type(None)},
}
_MISSING = object()

Decode = Callable[[Any], Any]
Kind = TypeVar("Kind")


class RecordError(ValueError):
    """JSON that cannot be read as a record.

    Attributes:
        why: what is missing or wrong.
        needed_release: the release that reads it; empty where it is damaged.
    """

    def __init__(self, why: str, needed_release: str = "") -> None:
        self.why = why
        self.needed_release = needed_release
        super().__init__(
            f"written by a newer release ({why}); needs af3-archive >= {needed_release}"
            if needed_release
            else f"damaged ({why})"
        )


class Record:
    """Base of the frozen dataclasses that are stored as JSON."""

    def to_json(self) -> dict[str, Any]:
        """The record as plain dicts and lists, without a version: what identities are made of."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The record back from `to_json`'s or `stored_json`'s form, of this release or another.

        Raises:
            RecordError: a required key is missing or has a wrong type, here or in a record within.
        """
        return decoded(cls, value)

    @classmethod
    def from_bytes(cls, data: bytes | str) -> Self:
        """The record back from JSON.

        Raises:
            RecordError: as `from_json`, or it is no JSON.
        """
        return cls.from_json(parse_json(data))


def decoded(kind: type[Kind], value: Any) -> Kind:
    """A frozen dataclass, a record or none, from its fields as JSON holds them.

    Raises:
        RecordError: a required key is missing or has a wrong type, here or in a record within.
    """
    try:
        found: Kind = _decoder(cast(Hashable, kind))(value)
    except RecordError as error:
        raise RecordError(error.why, _needed_release(value)) from None
    return found


def stored_json(record: Record) -> dict[str, Any]:
    """A record as it is stored: with the version of its form."""
    return record.to_json() | FORM


def stored_bytes(record: Record) -> bytes:
    """The same as one line of JSON, equal for equal records."""
    return canonical_json(stored_json(record)).encode()


def parse_json(data: bytes | str) -> Any:
    """What JSON holds.

    Raises:
        RecordError: it is none.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordError("no JSON" if data else "no bytes") from error


def unknown_keys(kind: type[Record], value: Mapping[str, Any]) -> dict[str, Any]:
    """What a newer release stored beside the fields of this one; whoever writes the record back
    keeps it.
    """
    known = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    known |= {VERSION_KEY, RELEASE_KEY}
    return {name: held for name, held in value.items() if name not in known}


def _needed_release(value: Any) -> str:
    version = value.get(VERSION_KEY) if isinstance(value, dict) else None
    if type(version) is not int or version <= RECORD_FORMAT:
        return ""
    release = value.get(RELEASE_KEY)
    return release if isinstance(release, str) and release else f"the one of form {version}"


@functools.cache
def _decoder(kind: Hashable) -> Decode:
    """What makes a dataclass of a dict; its types are looked up once."""
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise TypeError(f"{kind} is no dataclass")
    hints = get_type_hints(kind)
    plan = [
        (field.name, *_checked(hints[field.name]), _default_of(field))
        for field in dataclasses.fields(kind)
    ]
    checks = hasattr(kind, "__post_init__")

    def decode(value: Any) -> Any:
        if type(value) is not dict:
            raise RecordError(f"{kind.__name__} is no object")
        # the generated __init__ of a frozen dataclass takes twice the time of all checks
        made: Any = object.__new__(kind)
        held = made.__dict__
        for name, exact, convert, default in plan:
            given = value.get(name, _MISSING)
            if type(given) in exact:
                held[name] = given
            elif given is _MISSING:
                if default is None:
                    raise RecordError(f"{kind.__name__}.{name} is missing")
                held[name] = default()
            elif convert is None:
                raise RecordError(f"{kind.__name__}.{name} is a {type(given).__name__}")
            else:
                held[name] = convert(given)
        if checks:
            made.__post_init__()
        return made

    return decode


def _default_of(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    if field.default is not dataclasses.MISSING:
        value = field.default
        return lambda: value
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    return None


def _checked(hint: Any) -> tuple[frozenset[type], Decode | None]:
    """The types that are taken as they are, and what makes others fit; None refuses them."""
    if hint is Any:
        return frozenset(), lambda given: given
    if hint in _SCALARS:
        return frozenset(_SCALARS[hint]), None
    if get_origin(hint) is Literal:
        return frozenset(type(value) for value in get_args(hint)), None
    if get_origin(hint) in (Union, types.UnionType):
        return _union(get_args(hint))
    return frozenset(), _converter(hint)


def _union(members: tuple[Any, ...]) -> tuple[frozenset[type], Decode | None]:
    checked = [_checked(member) for member in members]
    converts = [convert for _, convert in checked if convert]
    if len(converts) > 1:
        raise TypeError(f"records have no fields of {members}")
    exact: set[type] = {each for accepted, _ in checked for each in accepted}
    return frozenset(exact), converts[0] if converts else None


def _converter(hint: Any) -> Decode:
    """What checks lists and objects, and makes them the field's type."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _decoder(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is dict:
        return _dict_converter(arguments[1])
    if origin in (tuple, list):
        return _sequence_converter(origin, arguments[0])
    raise TypeError(f"records have no fields of {hint}")


def _dict_converter(hint: Any) -> Decode:
    convert = _each(hint)

    def decode(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise RecordError(f"a {type(value).__name__} stands for an object")
        return value if convert is None else {name: convert(each) for name, each in value.items()}

    return decode


def _sequence_converter(kind: type, hint: Any) -> Decode:
    convert = _each(hint)

    def decode(value: Any) -> Any:
        if type(value) not in (list, tuple):
            raise RecordError(f"a {type(value).__name__} stands for a list")
        return kind(value if convert is None else [convert(each) for each in value])

    return decode


def _each(hint: Any) -> Decode | None:
    """What checks one of many; None where anything is taken."""
    if hint is Any:
        return None
    exact, convert = _checked(hint)

    def decode(value: Any) -> Any:
        if type(value) in exact:
            return value
        if convert is None:
            raise RecordError(f"a list or object holds a {type(value).__name__}")
        return convert(value)

    return decode if exact else convert
