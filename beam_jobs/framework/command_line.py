"""Option groups as a command line: a parser made of them, and the groups read back, checked."""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, TypeVar

from af3core.errors import ConfigurationError
from schemas.options.option import Option, OptionError, OptionGroup, options_of, title_of

PLANNED = "What af3 plan recorded of these days counts, and may be repeated here."
MESSAGES_EPILOG = (
    "Every job takes --json (how it ended, on stdout), --quiet, --verbose, --log-format json."
)
BEAM_EPILOG = "Options not named here go to Beam, such as --runner."

Group = TypeVar("Group", bound=OptionGroup)

_NAMED = "_named"
"""Ends the place of a positional argument that was given by its name."""
_PAIR = re.compile(r"([a-z][a-z0-9_]*)=(.+)", re.DOTALL)


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, with where to look."""

    def error(self, message: str) -> NoReturn:
        """Raise the error as any other.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(f"{message}; see {self.prog} --help")


def make_parser(
    prog: str,
    description: str,
    groups: Iterable[type[OptionGroup]],
    hidden: Iterable[type[OptionGroup]] = (),
    epilog: str | None = None,
) -> OneLineParser:
    """The parser of a command.

    Args:
        prog, description, epilog: for `--help`.
        groups: its options, by groups in `--help`.
        hidden: more that it takes, without a line in `--help`.
    """
    groups = tuple(groups)
    arguments = [o for group in groups for o in options_of(group) if o.declared.positional]
    parser = OneLineParser(
        prog=prog,
        usage=" ".join([prog, *(f"[{o.declared.metavar}]" for o in arguments), "[OPTIONS]"]),
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        add_help=False,
        formatter_class=functools.partial(
            argparse.RawDescriptionHelpFormatter, max_help_position=30
        ),
    )
    add_groups(parser, groups)
    parser.add_argument("-h", "--help", action="help", help=argparse.SUPPRESS)
    for group in hidden:
        for known in options_of(group):
            add_option(parser, known, hidden=True)
    return parser


def add_groups(parser: argparse.ArgumentParser, groups: Iterable[type[OptionGroup]]) -> None:
    """Add options by groups. No option has a default here: what was given is told apart."""
    sections: dict[str, argparse._ArgumentGroup] = {}
    for group in groups:
        title = title_of(group)
        section = sections.setdefault(title, parser.add_argument_group(title))
        for known in options_of(group):
            add_option(section, known)


def with_defaults(
    namespace: argparse.Namespace, groups: Iterable[type[OptionGroup]]
) -> argparse.Namespace:
    """The values of all options of the groups, given or not.

    Raises:
        ConfigurationError: a value is none that its option takes.
    """
    values = {}
    for group in groups:
        values.update(vars(read_group(group, namespace)))
    return argparse.Namespace(**values)


def read_group(group: type[Group], namespace: argparse.Namespace) -> Group:
    """A group as it was given, or at its defaults.

    Raises:
        ConfigurationError: a value is none that its option takes.
    """
    values = {}
    for known in options_of(group):
        given = given_value(known, namespace)
        values[known.name] = known.default if given is None else given
    try:
        return group(**values)
    except OptionError as error:
        raise ConfigurationError(str(error)) from error


def given_value(known: Option, namespace: argparse.Namespace) -> Any:
    """The value of an option, of its field's type; None where it was not given.

    Raises:
        ConfigurationError: it stands in two ways, or is no pair where pairs are taken.
    """
    value = getattr(namespace, known.name, None)
    if value == []:  # a positional of several that nobody gave
        value = None
    named = getattr(namespace, f"{known.name}{_NAMED}", None)
    if value is not None and named is not None:
        raise ConfigurationError(f"{known.flag} {named}: {value} stands there already; take one")
    value = named if value is None else value
    if value is None:
        return None
    if known.is_mapping:
        return _pairs(known, value)
    if known.declared.by_commas:
        return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
    return tuple(dict.fromkeys(value)) if known.repeated else value


def check_messages(namespace: argparse.Namespace) -> None:
    """Refuse to say less and more at once.

    Raises:
        ConfigurationError: both are given.
    """
    if getattr(namespace, "quiet", None) and getattr(namespace, "verbose", None):
        raise ConfigurationError("--quiet and --verbose: one says less, the other more; take one")


def flags_in(arguments: Sequence[str]) -> list[str]:
    """The options of a command line, without their values."""
    return [argument.partition("=")[0] for argument in arguments if argument.startswith("--")]


def _pairs(known: Option, given: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for one in given:
        match = _PAIR.fullmatch(one)
        if not match:
            raise ConfigurationError(
                f'{known.flag} {one!r}: write {known.declared.metavar}, as in mood="Is it sad?"'
            )
        if match[1] in pairs:
            raise ConfigurationError(f"{known.flag} {match[1]}: this name stands twice")
        pairs[match[1]] = match[2].strip()
    return pairs


def add_option(target: argparse._ActionsContainer, known: Option, hidden: bool = False) -> None:
    """Add one option, without a default: what was given is told apart."""
    is_hidden = hidden or known.declared.of_launchers
    text = argparse.SUPPRESS if is_hidden else known.help.replace("%", "%%")
    form = _form(known)
    if known.declared.positional:
        if not hidden:
            nargs: Any = "*" if known.repeated else "?"
            target.add_argument(known.name, nargs=nargs, metavar=known.declared.metavar, help=text)
        target.add_argument(
            known.flag, dest=f"{known.name}{_NAMED}", help=argparse.SUPPRESS, **form
        )
        return
    target.add_argument(known.flag, dest=known.name, help=text, **form)


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text}: write a whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        if text.isascii() and "_" not in text:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text}: write a number")


_READ = {int: _whole_number, float: _number}
"""Python's own readers take digits of other scripts and underscores too."""


def _word_or_number(known: Option, text: str) -> float | str:
    if text in known.words:
        return text
    try:
        return _READ[known.kind](text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error} or {', '.join(known.words)}") from error


def _form(known: Option) -> dict[str, Any]:
    if known.kind is bool:
        return {"action": "store_true", "default": None}
    form: dict[str, Any] = {"default": None}
    if known.choices:
        form["choices"] = known.choices
    else:
        form["metavar"] = known.declared.metavar
    if known.kind in _READ:
        form["type"] = (
            functools.partial(_word_or_number, known) if known.words else _READ[known.kind]
        )
    if known.repeated and not known.declared.by_commas:
        form["action"] = "append"
    return form
