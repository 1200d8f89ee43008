"""Records of what is known of a whole corpus: where recordings stand among all, and who speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.record_format import Record


@dataclass(frozen=True)
class CorpusMember(Record):
    """What a piece of work of a recording came to among all that the corpus had by then.

    Attributes:
        date: of the recording, when it was placed.
        piece: identity of the piece.
        space: what pieces are compared in, such as a model's vectors; others are never compared.
        value: the stage's own.
    """

    recording_id: str
    date: str
    piece: str
    space: str
    value: dict[str, Any]


@dataclass(frozen=True)
class CorpusEntry(Record):
    """An entry of a corpus's log: pieces that were placed together, in order.

    Entries are numbered without gaps. None is ever changed, but to take out what is forgotten.
    """

    stage: str
    corpus: str
    run_id: str
    generated_at: str
    members: tuple[CorpusMember, ...]


@dataclass(frozen=True)
class SpeechSpan(Record):
    """A stretch of a recording."""

    recording_id: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class SpeakerName(Record):
    """The name that a person gave a voice.

    Attributes:
        speaker: the identity that the voice had then.
        example: where it is heard, by which it is found under another encoder.
        run_id: of the run that took the name.
    """

    speaker: str
    name: str
    example: SpeechSpan
    run_id: str


@dataclass(frozen=True)
class CorpusSpeakers(Record):
    """What people said of the voices of a corpus.

    Attributes:
        names: by the time at which they were given.
        forgotten_recordings: of which no turn or vector is made.
        forgotten_sounds: theirs, of which none is made either, in whatever recording they come.
        forgotten_speech: of voices that get no identity.
    """

    names: tuple[SpeakerName, ...] = ()
    forgotten_recordings: tuple[str, ...] = ()
    forgotten_sounds: tuple[str, ...] = ()
    forgotten_speech: tuple[SpeechSpan, ...] = ()
