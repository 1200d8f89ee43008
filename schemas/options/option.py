"""An option, declared once: a command's option, a corpus file's key and a template's parameter.

Standard library only: Airflow parses corpora with it, and `af3 --help` starts with it.
"""

from __future__ import annotations

import dataclasses
import math
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_METADATA = "option"

Rule = Callable[[Any], str | None]
"""What is wrong with a value, or None."""


class OptionError(ValueError):
    """The value of an option is wrong; the message names the option and what it takes.

    Attributes:
        in_file: the same message, by the option's key in a corpus file.
    """

    def __init__(self, known: Option, value: Any, wrong: str) -> None:
        shown = f"{value:g}" if isinstance(value, float) else value
        super().__init__(f"{known.flag} {shown}: {wrong}")
        self.in_file = f"{known.key} {shown}: {wrong}"


@dataclass(frozen=True)
class Declared:
    """What a field says beside its type and default.

    Attributes:
        help: one clause, lower case; `{default}` stands for the default.
        metavar: what the value is, often its unit: DIR, H, S, N.
        flag: the option's name without dashes, where it is not the field's.
        key: of a corpus file, where it is not the field's; empty where a corpus cannot set it.
        rule: what values are taken.
        positional: it is given without its name too.
        required: it has no default that makes sense.
        by_commas: several values in one, by commas; else such an option is repeated.
        on_templates: a Dataflow template has it; what is repeated or of this machine it has not.
        of_launchers: given to a job by the program that starts it: no help or completion shows
            it, and no file of settings has it.
        shown_default: what `{default}` says, where the default itself would not do.
        recorded_at_default: a plan records it at its default too. What came after 0.2.0 is not, so
            that the same options have the same identity.
    """

    help: str
    metavar: str | None = None
    flag: str | None = None
    key: str | None = None
    rule: Rule | None = None
    positional: bool = False
    required: bool = False
    by_commas: bool = False
    on_templates: bool = True
    of_launchers: bool = False
    shown_default: str | None = None
    recorded_at_default: bool = True


def option(default: Any, text: str, metavar: str | None = None, **more: Any) -> Any:
    """A field of an option group; `more` are the other attributes of `Declared`."""
    metadata = {_METADATA: Declared(text, metavar, **more)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def language_code(value: str) -> str | None:
    """The rule of options that take the language of a text, as the column `language` has it."""
    is_code = len(value) in (2, 3) and value.isascii() and value.isalpha() and value.islower()
    return None if is_code else "a code of ISO 639, such as en or yue"


_LANGUAGE_TAG = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}"  # language; no longer one is registered
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"  # script, region
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*"  # variants
    r"(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?"  # extensions, private use
    r"|x(?:-[a-z\d]{1,8})+",
    re.ASCII | re.IGNORECASE,
)


def language_tag(value: str) -> str | None:
    """The rule of options that take the language of a file: the form of BCP 47 (RFC 5646)."""
    if not value or _LANGUAGE_TAG.fullmatch(value):
        return None
    return "a language tag of BCP 47, such as en, pt-BR or zh-Hant"


def with_default(group: type[OptionGroup], name: str, default: Any) -> Any:
    """A field of a group that extends another: the same option at another default."""
    (known,) = (o for o in options_of(group) if o.name == name)
    return dataclasses.field(default=default, metadata={_METADATA: known.declared})


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """A group of options, as frozen data. Its first line of doc is its title in `--help`.

    Raises:
        OptionError: a value breaks its option's rule.
    """

    def __post_init__(self) -> None:
        for known in options_of(type(self)):
            known.check(getattr(self, known.name))


@dataclass(frozen=True)
class Option:
    """One option as its field declares it.

    Attributes:
        name: of the field.
        kind: of one value: str, int, float or bool.
        choices: the values that it takes, where they are few.
        words: texts that it takes beside numbers, such as `auto`.
        repeated: it has several values, as a tuple, or as a mapping where `is_mapping`.
    """

    name: str
    default: Any
    kind: type
    choices: tuple[str, ...]
    repeated: bool
    is_mapping: bool
    declared: Declared
    words: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """As on a command line: `--max-clip-s`."""
        return f"--{self.declared.flag or self.name.replace('_', '-')}"

    @property
    def key(self) -> str:
        """In a corpus file."""
        return self.name if self.declared.key is None else self.declared.key

    @property
    def help(self) -> str:
        """With its default."""
        shown = self.declared.shown_default
        if shown is None:
            value = self.default
            shown = f"{value:g}" if isinstance(value, float) else f"{value}"
        return self.declared.help.replace("{default}", shown)

    def check(self, value: Any) -> None:
        """Raise OptionError where the value breaks the option's rule."""
        rule = self.declared.rule
        if rule is None or value is None or (self.words and value in self.words):
            return
        for one in value if self.repeated and not self.is_mapping else [value]:
            wrong = rule(one)
            if wrong:
                raise OptionError(self, one, wrong)


def options_of(group: type[OptionGroup]) -> tuple[Option, ...]:
    """The options of a group, in their order; fields that are none are left out."""
    if group not in _DECLARED:
        kinds = get_type_hints(group)
        _DECLARED[group] = tuple(
            _option(field, kinds[field.name])
            for field in dataclasses.fields(group)
            if _METADATA in field.metadata
        )
    return _DECLARED[group]


_DECLARED: dict[type[OptionGroup], tuple[Option, ...]] = {}
"""Read once a process: type hints are looked up by name."""


def key_of(field: dataclasses.Field[Any]) -> str:
    """The key of a field in a YAML file; empty where a file cannot set it."""
    declared: Declared | None = field.metadata.get(_METADATA)
    return field.name if declared is None or declared.key is None else declared.key


def title_of(group: type[OptionGroup]) -> str:
    """The title of a group in `--help`."""
    return (group.__doc__ or "").strip().splitlines()[0].rstrip(".").lower()


def values_of(group: OptionGroup) -> Iterator[tuple[Option, Any]]:
    """Each option of a group with its value."""
    for known in options_of(type(group)):
        yield known, getattr(group, known.name)


def as_arguments(values: Mapping[str, Any], options: Iterable[Option]) -> list[str]:
    """Values by name as a command line has them; None and what is empty are left out. Pure."""
    arguments: list[str] = []
    for known in options:
        value = values.get(known.name)
        if value not in (None, "", (), {}):
            arguments += _arguments(known, value)
    return arguments


def _arguments(known: Option, value: Any) -> list[str]:
    if known.kind is bool:
        return [known.flag] if value else []
    if known.is_mapping:
        return [f"{known.flag}={name}={one}" for name, one in value.items()]
    if known.declared.by_commas:
        return [f"{known.flag}={','.join(value)}"]
    if known.repeated:
        return [f"{known.flag}={one}" for one in value]
    return [f"{known.flag}={value:g}" if isinstance(value, float) else f"{known.flag}={value}"]


def _option(field: dataclasses.Field[Any], wanted: Any) -> Option:
    default = field.default
    if default is dataclasses.MISSING:
        default = field.default_factory() if callable(field.default_factory) else None
    words: tuple[str, ...] = ()
    if get_origin(wanted) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(wanted) if kind is not type(None)]
        if len(kinds) > 1:
            words = tuple(
                w for kind in kinds if get_origin(kind) is Literal for w in get_args(kind)
            )
            kinds = [kind for kind in kinds if get_origin(kind) is not Literal]
        (wanted,) = kinds
    is_mapping = get_origin(wanted) is dict
    repeated = is_mapping or get_origin(wanted) is tuple
    if repeated:
        wanted = get_args(wanted)[1 if is_mapping else 0]
    choices: tuple[str, ...] = ()
    if get_origin(wanted) is Literal:
        choices, wanted = get_args(wanted), str
    declared: Declared = field.metadata[_METADATA]
    return Option(field.name, default, wanted, choices, repeated, is_mapping, declared, words)


def above_zero(value: float) -> str | None:
    """More than 0."""
    return None if math.isfinite(value) and value > 0 else "must be more than 0"


def not_negative(value: float) -> str | None:
    """0 or more."""
    return None if math.isfinite(value) and value >= 0 else "must be 0 or more"


def share(value: float) -> str | None:
    """From 0 to 1."""
    return None if 0 <= value <= 1 else "a share lies between 0 and 1"
