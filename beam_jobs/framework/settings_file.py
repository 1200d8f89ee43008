"""`af3.toml`: options of all commands as keys, so that they need not be typed each time.

command line, else the file's table of the command, else its table `common`, else the default

A person's commands find the file from the working folder up; a scheduled job takes the one that
`--config` names, and no other: a file that lies about changes no night.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from af3core.errors import ConfigurationError
from af3core.near_names import nearest
from beam_jobs.framework.command_line import flags_in
from schemas.options.option import Option, as_arguments

FILE_NAME = "af3.toml"
COMMON = "common"
CONFIG = "--config"
CONFIG_EPILOG = f"{CONFIG} FILE takes options from that file, and not from the next {FILE_NAME}."
OF_A_RUN = (
    "json",
    "log_format",
    "quiet",
    "report",
    "run_id",
    "verbose",
    "yes",
)
"""Options that are given for one run alone, or looked at before the file is."""
_PATHS = ("DIR", "FILE")

Commands = Mapping[str, Sequence[Option]]
"""The options of all commands, by command."""


class Setting(NamedTuple):
    """A value that the file has for an option, and the table that has it."""

    option: Option
    value: Any
    table: str


@dataclass(frozen=True)
class SettingsFile:
    """A file whose keys and values were checked: values by key, by table."""

    path: Path
    tables: Mapping[str, Mapping[str, Any]]

    def settings(self, command: str, options: Sequence[Option]) -> Iterator[Setting]:
        """What it has for a command: of the command's own table, else of `common`."""
        for known in settable(options):
            for table in (command, COMMON):
                if key_of(known) in self.tables.get(table, {}):
                    value = self.tables[table][key_of(known)]
                    yield Setting(known, self._placed(known, value), table)
                    break

    def _placed(self, known: Option, value: Any) -> Any:
        """A relative path counts from the file's folder, wherever the command is typed."""
        is_path = known.declared.metavar in _PATHS and isinstance(value, str)
        if not is_path or not value or "://" in value:
            return value
        return str(self.path.absolute().parent / value)


def split_config(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """The file that `--config` names, and the other arguments.

    Raises:
        ConfigurationError: it names none.
    """
    named, rest, given = None, [], iter(arguments)
    for argument in given:
        flag, equals, value = argument.partition("=")
        if flag != CONFIG:
            rest.append(argument)
            continue
        named = value if equals else next(given, "")
        if not named:
            raise ConfigurationError(f"{CONFIG} needs a file, such as {FILE_NAME}")
    return named, rest


def settings_file(named: str | None, commands: Commands, finds: bool) -> SettingsFile | None:
    """The file that is named, else the one that is found, where that is looked for; None without.

    Raises:
        ConfigurationError: it cannot be read, or a key or value of it is wrong.
    """
    path = Path(named) if named else find_file(Path.cwd()) if finds else None
    return read_file(path, commands) if path else None


def find_file(folder: Path) -> Path | None:
    """The first file of the name from a folder up that is this user's or the administrator's:
    whoever else may write above decides nothing here.
    """
    for place in (folder, *folder.parents):
        path = place / FILE_NAME
        try:
            if path.is_file() and path.stat().st_uid in (os.getuid(), 0):
                return path
        except OSError:
            continue
    return None


def read_file(path: Path, commands: Commands) -> SettingsFile:
    """A file whose every key and value is an option's.

    Raises:
        ConfigurationError: one line that names the file, the key and the remedy.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: no TOML: {error}") from error
    for name, table in tables.items():
        if not isinstance(table, dict) or name not in (COMMON, *commands):
            hint = _did_you_mean(name, [COMMON, *commands])
            raise ConfigurationError(
                f"{path}: {name}: no command's table; write keys below [{COMMON}] or below a"
                f" command such as [annotate]{hint}"
            )
        every = [known for options in commands.values() for known in options]
        _check(path, name, table, every if name == COMMON else commands[name])
    return SettingsFile(path, tables)


def arguments_of(
    file: SettingsFile, command: str, options: Sequence[Option], arguments: Sequence[str]
) -> list[str]:
    """What the file has for a command as its command line would have it, but for what is given."""
    given = set(flags_in(arguments))
    found = [s for s in file.settings(command, options) if s.option.flag not in given]
    values = {setting.option.name: setting.value for setting in found}
    return as_arguments(values, [setting.option for setting in found])


def settable(options: Sequence[Option]) -> list[Option]:
    """The options that a file may have."""
    return [
        known
        for known in options
        if known.name not in OF_A_RUN
        and not (known.declared.positional or known.declared.of_launchers)
    ]


def key_of(known: Option) -> str:
    """The key of an option: its name on the command line, with _ for -."""
    return known.flag.removeprefix("--").replace("-", "_")


def _check(path: Path, table: str, values: Mapping[str, Any], options: Sequence[Option]) -> None:
    by_key: dict[str, list[Option]] = {}
    for known in settable(options):
        by_key.setdefault(key_of(known), []).append(known)
    for key, value in values.items():
        where = f"{path}: [{table}] {key}"
        if key not in by_key:
            of_whom = "any command" if table == COMMON else f"af3 {table}"
            hint = _did_you_mean(key, by_key)
            raise ConfigurationError(f"{where}: no option of {of_whom} that a file sets{hint}")
        wrongs = [_wrong(known, value) for known in by_key[key]]
        # one name may be two commands' options: one of them takes the value
        if all(wrongs):
            raise ConfigurationError(f"{where}: {wrongs[0]}")


def _did_you_mean(name: str, known: Mapping[str, Any] | Sequence[str]) -> str:
    near = nearest(name.replace("-", "_"), known)
    return f"; did you mean {near}?" if near else ""


_KINDS = {str: "a text in quotes", int: "a whole number", float: "a number", bool: "true or false"}


def _wrong(known: Option, value: Any) -> str | None:
    """What is wrong with a value, or None."""
    if known.is_mapping:
        is_table = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
        return None if is_table else 'must be a table of texts, such as {mood = "Is it sad?"}'
    if known.repeated:
        if not isinstance(value, list):
            return f"must be a list, each {_KINDS[known.kind]}"
        return next(filter(None, (_wrong_one(known, one) for one in value)), None)
    return _wrong_one(known, value)


def _wrong_one(known: Option, value: Any) -> str | None:
    if isinstance(value, str) and value in known.words:
        return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    fits = is_number if known.kind is float else type(value) is known.kind
    if not fits:
        return f"{value!r} must be {' or '.join([_KINDS[known.kind], *map(repr, known.words)])}"
    if known.choices and value not in known.choices:
        return f"{value!r} must be one of {', '.join(known.choices)}"
    rule = known.declared.rule
    wrong = rule(value) if rule else None
    return f"{value}: {wrong}" if wrong else None
