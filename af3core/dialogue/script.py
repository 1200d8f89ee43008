"""Scripted conversations: a YAML file, read strictly.

first_impressions:
  sounds: [2026-11-21/cooking_show.opus@1:05, 850e3a9c41d2b7f600112233]
  turns:
    - What is heard in <sound-1>?
    - And in <sound-2>?
sirens:
  where: caption ILIKE '%siren%'
  limit: 50
  turns:
    - What may have happened?
    - Where was it recorded?
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from af3core.dialogue.chosen_sounds import MOST_SOUNDS
from af3core.errors import ConfigurationError
from af3core.model.decoding_limits import LEAST_TEMPERATURE
from af3core.storage.address import read_text_at
from af3core.strict_yaml import fill, parse_mapping
from af3core.tasks.task import MAX_NEW_TOKENS_LIMIT

MOST_SCRIPTED_TURNS = 20
LONGEST_LIMIT = 10_000

_MARKER = re.compile(r"<sound-(\d+)>")
_SPECIAL = re.compile(r"<sound>|<\|")
_TIMED = re.compile(r"(?P<object>.+)@(?:(?P<h>\d+):)?(?P<m>\d+):(?P<s>[0-5]\d(?:\.\d{1,3})?)")


@dataclass(frozen=True)
class Moment:
    """A time of the recording whose object's address ends in `object_name`."""

    object_name: str
    time_ms: int


@dataclass(frozen=True)
class Script:
    """A conversation to be held, once about its sounds or once about each segment that matches.

    Attributes:
        name: in the table.
        place: file and line, for errors.
        turns: the user's; `<sound-1>` plays the first sound. Where no turn plays any, all sounds
            stand before the first turn.
        sounds: segment ids, or `OBJECT@M:SS`: the segment of that recording at that time.
        where: SQL over the annotated segments of the interval, with their columns and
            `object_uri`, `caption` and `transcript`.
        limit: how many segments of `where` at most, in the order of dates and times.
        max_new_tokens, repetition_penalty, temperature: of each answer.
    """

    name: str
    place: str
    turns: tuple[str, ...]
    sounds: tuple[str, ...] = ()
    where: str = ""
    limit: int = 20
    max_new_tokens: int = 96
    repetition_penalty: float = 1.0
    temperature: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.sounds) == bool(self.where):
            raise self._error("name either sounds or where, which segments it is about")
        if len(self.sounds) > MOST_SOUNDS:
            raise self._error(f"{len(self.sounds)} sounds: at most {MOST_SOUNDS}")
        if not 1 <= len(self.turns) <= MOST_SCRIPTED_TURNS:
            raise self._error(f"{len(self.turns)} turns: from 1 to {MOST_SCRIPTED_TURNS}")
        if not 1 <= self.limit <= LONGEST_LIMIT:
            raise self._error(f"limit must lie between 1 and {LONGEST_LIMIT}")
        if not 1 <= self.max_new_tokens <= MAX_NEW_TOKENS_LIMIT:
            raise self._error(f"max_new_tokens must lie between 1 and {MAX_NEW_TOKENS_LIMIT}")
        if not 1.0 <= self.repetition_penalty < math.inf:
            raise self._error("repetition_penalty must be 1.0 (none) or more")
        if self.temperature and not LEAST_TEMPERATURE <= self.temperature < math.inf:
            raise self._error(
                f"temperature must be 0 (the likeliest words), or at least {LEAST_TEMPERATURE}"
            )
        self._check_turns()
        self._check_markers()

    def _check_turns(self) -> None:
        for number, turn in enumerate(self.turns, 1):
            if not _MARKER.sub("", turn).strip():
                raise self._error(f"turn {number} has no words")
            if _SPECIAL.search(turn):
                raise self._error(f"turn {number} holds a special token; write <sound-1>")

    def _check_markers(self) -> None:
        named = list(dict.fromkeys(int(n) for turn in self.turns for n in _MARKER.findall(turn)))
        count = len(self.sounds) or 1
        for number in named:
            if not 1 <= number <= count:
                raise self._error(f"<sound-{number}>: the conversation has {count} sounds")
        if named and named != list(range(1, count + 1)):
            raise self._error("play all sounds, and <sound-1> before <sound-2>, or none by name")

    def _error(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"conversation {self.name}: {message}")

    def played_by(self, turns: int) -> int:
        """How many sounds the first so many turns have played."""
        named = [int(n) for turn in self.turns[:turns] for n in _MARKER.findall(turn)]
        plays_by_name = any(_MARKER.search(turn) for turn in self.turns)
        return max(named, default=0) if plays_by_name else len(self.sounds) or 1


def read_scripts(address: str) -> tuple[Script, ...]:
    """The conversations of a file, or of an object of a bucket.

    Raises:
        ConfigurationError: it cannot be read, or a line of it is wrong.
    """
    return parse_scripts(read_text_at(address, "a file of conversations"), address)


def parse_scripts(text: str, file: str) -> tuple[Script, ...]:
    """The conversations of a YAML text; `file` is what errors call it.

    Raises:
        ConfigurationError: naming file and line.
    """
    remedy = "a file of conversations maps names to turns with their sounds"
    mapping = parse_mapping(text, file, remedy)
    return tuple(
        fill(
            Script,
            mapping.below(key, node, f"conversation {name}"),
            {"name": name, "place": f"{file}:{key.start_mark.line + 1}"},
        )
        for name, key, node in mapping.items()
    )


def moment_of(sound: str) -> Moment | None:
    """`a/b.mp3@1:02:03.5` as a time of a recording; None for a segment's id."""
    match = _TIMED.fullmatch(sound)
    if match is None:
        return None
    seconds = 3600 * int(match["h"] or 0) + 60 * int(match["m"]) + float(match["s"])
    return Moment(match["object"], round(1000 * seconds))
