"""An export in AF3's form (`af3 export`), read for training: conversations, and the sounds in them.

Text and marks are taken as the product puts them to the model: `<sound>` before a line's words
stands right before them, `<sound-2>` where it is, and sounds that no turn names come first.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.errors import ConfigurationError
from af3core.model.audio_limits import WINDOW_SAMPLES, audio_tokens, mel_frames
from af3core.nano.training_data import Mel, log_mel

_MARK = re.compile(r"<sound>\n?|<sound-(\d+)>")
_SPECIAL = re.compile(r"<\|[a-z_]+\|>|<sound")
_REMEDY = "give the folder that af3 export --format af3 has written"


@dataclass(frozen=True)
class SoundFile:
    """A FLAC or WAV file at 16 kHz, mono."""

    path: Path
    sample_count: int

    @property
    def token_count(self) -> int:
        """What the decoder hears of it."""
        return sum(audio_tokens(count) for count in self._windows())

    @property
    def frame_count(self) -> int:
        """Of its log-mel, 100 a second."""
        return mel_frames(self.sample_count)

    def _windows(self) -> list[int]:
        whole, rest = divmod(self.sample_count, WINDOW_SAMPLES)
        return [WINDOW_SAMPLES] * whole + ([rest] if rest else [])

    def windows(self) -> list[Mel]:
        """Log-mels of its stretches of 30 s."""
        import soundfile

        samples, _ = soundfile.read(self.path, dtype="float32")
        starts = range(0, len(samples), WINDOW_SAMPLES)
        return [log_mel(np.asarray(samples[s : s + WINDOW_SAMPLES])) for s in starts]


Part = SoundFile | str


@dataclass(frozen=True)
class Exchange:
    """What one side says, sounds in their places, and what the other answers."""

    asked: tuple[Part, ...]
    answer: str


@dataclass(frozen=True)
class Conversation:
    """Exchanges that follow each other; `lead` are the sounds before all words."""

    lead: tuple[SoundFile, ...]
    exchanges: tuple[Exchange, ...]


class Skipped(Exception):
    """Why a record is not trained on."""


@dataclass(frozen=True)
class ExportData:
    """All that can be trained on, and how many records were skipped for which reason."""

    conversations: tuple[Conversation, ...]
    skipped: Counter[str]


def read_export(folder: Path, split: str = "train") -> ExportData:
    """The conversations of a split.

    Raises:
        ConfigurationError: it is no export, has no conversation, or a sound is missing.
    """
    lists = sorted(folder.glob(f"{split}-*.json"))
    if not lists:
        raise ConfigurationError(f"{folder}: no {split}-*.json in it; {_REMEDY}")
    sounds: dict[str, SoundFile] = {}
    skipped: Counter[str] = Counter()
    conversations = []
    for path in lists:
        for record in _records(path):
            try:
                conversations.append(_conversation(record, folder, sounds))
            except Skipped as reason:
                skipped[str(reason)] += 1
    if not conversations:
        raise ConfigurationError(
            f"{folder}: no conversation to train on ({skipped.total()} records skipped); export"
            " more days, or with fewer filters"
        )
    return ExportData(tuple(conversations), skipped)


def _records(path: Path) -> list[dict[str, Any]]:
    try:
        records = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{path}: no JSON; {_REMEDY}") from error
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise ConfigurationError(f"{path}: no list of records; {_REMEDY}")
    return records


def _conversation(
    record: dict[str, Any], folder: Path, known: dict[str, SoundFile]
) -> Conversation:
    named = record.get("sound") or []
    names = [named] if isinstance(named, str) else named
    sounds = [_sound(folder, name, known) for name in names]
    if any(sound.token_count == 0 for sound in sounds):
        raise Skipped("a sound too short to be heard")
    turns = record.get("conversations") or []
    speakers = [turn.get("from") for turn in turns]
    if not turns or speakers != ["human", "gpt"] * (len(turns) // 2):
        raise Skipped("turns are not human's and gpt's in turn")
    texts = [str(turn.get("value", "")) for turn in turns]
    asked = [_parts(text, sounds) for text in texts[::2]]
    heard = {part for parts in asked for part in parts if isinstance(part, SoundFile)}
    unnamed = [sound for sound in sounds if sound not in heard]
    first = (*unnamed, *asked[0])
    words = next((n for n, part in enumerate(first) if isinstance(part, str)), len(first))
    exchanges = zip([first[words:], *asked[1:]], texts[1::2], strict=True)
    if any(_SPECIAL.search(text) for text in texts[1::2]):
        raise Skipped("a mark or a special token in an answer")
    return Conversation(
        tuple(part for part in first[:words] if isinstance(part, SoundFile)),
        tuple(Exchange(parts, answer) for parts, answer in exchanges),
    )


def _parts(text: str, sounds: list[SoundFile]) -> tuple[Part, ...]:
    """A turn as words and sounds."""
    parts: list[Part] = []
    end = 0
    for match in _MARK.finditer(text):
        number = int(match[1] or 1)
        if not 1 <= number <= len(sounds):
            raise Skipped("a mark without a sound")
        parts += [text[end : match.start()], sounds[number - 1]]
        end = match.end()
    parts.append(text[end:])
    if any(isinstance(part, str) and _SPECIAL.search(part) for part in parts):
        raise Skipped("a special token in a question")
    return tuple(part for part in parts if part)


def _sound(folder: Path, name: str, known: dict[str, SoundFile]) -> SoundFile:
    """The file of a name; its head is read once.

    Raises:
        ConfigurationError: it is missing, or no 16 kHz mono audio.
    """
    import soundfile

    if name not in known:
        path = folder / name
        try:
            head = soundfile.info(path)
        except soundfile.LibsndfileError as error:
            what = "damaged" if path.is_file() else "missing"
            raise ConfigurationError(f"{path}: this sound is {what}; export again") from error
        if head.samplerate != SAMPLE_RATE_HZ or head.channels != 1:
            raise ConfigurationError(f"{path}: not 16 kHz mono; {_REMEDY}")
        known[name] = SoundFile(path, head.frames)
    return known[name]
