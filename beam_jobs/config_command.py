"""`af3 config COMMAND [OPTIONS]`: a command's options, their values, and where each comes from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from af3core.errors import ConfigurationError
from af3core.plain_text import printable
from beam_jobs.framework.command_line import given_value
from beam_jobs.framework.settings_file import FILE_NAME, SettingsFile, key_of, settable
from schemas.options.option import Option

DESCRIPTION = """\
Show the options of a command, their values, and where each comes from: the command line, af3.toml,
or the default. Options behind COMMAND are taken as its own.

  af3 config annotate --max-clip-s 300"""


def config_lines(
    command: str,
    options: Sequence[Option],
    namespace: argparse.Namespace,
    file: SettingsFile | None,
) -> Iterator[str]:
    """A line for each option that a file may set.

    Args:
        command: its name.
        options: of the command.
        namespace: what is given on the command line.
        file: where there is one.
    """
    held = {s.option.name: s for s in file.settings(command, options)} if file else {}
    rows = []
    for known in settable(options):
        value, source = known.default, "default"
        if known.name in held:
            value, source = held[known.name].value, f"{FILE_NAME} [{held[known.name].table}]"
        if (given := given_value(known, namespace)) is not None:
            value, source = given, "command line"
        rows.append((key_of(known), printable(_shown(value)), source))
    yield f"file: {file.path if file else 'none'}"
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for key, value, source in rows:
        yield f"{key:<{widths[0]}}  {value:<{widths[1]}}  {source}"


def run_config(known: argparse.Namespace) -> int:
    """Without a command there is nothing to show.

    Raises:
        ConfigurationError: always.
    """
    raise ConfigurationError("config: name a command, such as annotate")


def _shown(value: object) -> str:
    if value in (None, "", (), {}):
        return "-"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}={one}" for name, one in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
