"""The options of spoken descriptions."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

from af3core.errors import ConfigurationError
from af3core.voice.espeak_voice import DEFAULT_SPEAKER, ESPEAK
from af3core.voice.voice import FASTEST, SLOWEST, VoiceSettings


@dataclass(frozen=True)
class Describing:
    """What `describe` is told.

    Attributes:
        voice: `espeak`, or a folder or hub id of a VITS/MMS or Pocket TTS checkpoint.
        speaking: as whom the voice speaks, and how fast.
        recordings: file names, objects or identifiers of the chosen ones; none means all.
    """

    voice: str = ESPEAK
    speaking: VoiceSettings = field(default_factory=VoiceSettings)
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
        "--speaker",
        default="",
        metavar="NAME",
        help="as whom: an espeak-ng voice such as en-us+f3, the number of a speaker of VITS, a"
        f" recording of one for Pocket TTS (default: {DEFAULT_SPEAKER}, the first, its own)",
    )
    group.add_argument(
        "--speed",
        type=float,
        default=1.0,
        metavar="X",
        help=f"2 is twice as fast as the voice's own, {SLOWEST:g} to {FASTEST:g} where the voice"
        " can (default: 1)",
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
        ConfigurationError: a name is empty, or no voice speaks so fast.
    """
    recordings = tuple(dict.fromkeys(arguments.recording or ()))
    if not arguments.voice or not all(recordings):
        raise ConfigurationError("--voice and --recording need a name")
    try:
        speaking = VoiceSettings(arguments.speaker, arguments.speed)
    except ConfigurationError as error:
        raise ConfigurationError(f"--{error}") from error
    return Describing(arguments.voice, speaking, recordings)
