"""The options of spoken descriptions."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.voice.espeak_voice import ESPEAK


@dataclass(frozen=True)
class Describing:
    """What `describe` is told.

    Attributes:
        voice: `espeak`, or a folder or hub id of a VITS/MMS or Pocket TTS checkpoint.
        recordings: file names, objects or identifiers of the chosen ones; none means all.
    """

    voice: str = ESPEAK
    recordings: tuple[str, ...] = ()


def add_describing(parser: argparse.ArgumentParser) -> None:
    """Add the options as a group."""
    group = parser.add_argument_group("describing (describe)")
    group.add_argument(
        "--voice",
        default=ESPEAK,
        metavar="NAME",
        help=f"who speaks: {ESPEAK}, or a folder or hub id of a VITS/MMS or Pocket TTS checkpoint"
        f" (default: {ESPEAK})",
    )
    group.add_argument(
        "--recording",
        action="append",
        metavar="NAME",
        help="only this recording, by file name, object or identifier; repeatable. The others keep"
        " their descriptions (default: all)",
    )


def read_describing(arguments: argparse.Namespace) -> Describing:
    """The options, checked.

    Raises:
        ConfigurationError: a name is empty.
    """
    recordings = tuple(dict.fromkeys(arguments.recording or ()))
    if not arguments.voice or not all(recordings):
        raise ConfigurationError("--voice and --recording need a name")
    return Describing(arguments.voice, recordings)
