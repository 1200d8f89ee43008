"""Which voices of recordings are one person: new voices are matched against those known.

An identity stays: its name, and the voices that it has, never change when recordings come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from af3core.speakers.voice_vectors import VoiceVectors


@dataclass(frozen=True)
class IdentityLimits:
    """How alike voices of two recordings are that are one person's.

    Attributes:
        least_similarity: cosine of a new voice to an identity's vector.
        least_speech_ms: of a voice that founds an identity or joins one.
    """

    least_similarity: float = 0.6
    least_speech_ms: int = 3000


@dataclass(frozen=True, eq=False)
class RecordingVoice:
    """One voice of one recording.

    Attributes:
        recording: its id.
        number: of the voice in it.
        vector: `[dimensions]`, of length 1.
        speech_ms: of its turns.
    """

    recording: str
    number: int
    vector: VoiceVectors
    speech_ms: int


@dataclass(frozen=True, eq=False)
class KnownIdentity:
    """An identity of a corpus.

    Attributes:
        identity: its id, such as that of the voice that founded it.
        voices: that have it.
    """

    identity: str
    voices: tuple[RecordingVoice, ...]


@dataclass(frozen=True)
class VoiceMatch:
    """The identity of a new voice.

    Attributes:
        recording: of the voice.
        number: of the voice in it.
        identity: that it has; None where it has too little speech to say.
        similarity: to the identity's other voices; None where it founds the identity.
        is_new: the voice founds the identity.
    """

    recording: str
    number: int
    identity: str | None
    similarity: float | None
    is_new: bool


def match_voices(
    known: Sequence[KnownIdentity],
    new: Sequence[RecordingVoice],
    limits: IdentityLimits,
) -> tuple[VoiceMatch, ...]:
    """An identity for each new voice, in the order of `new`.

    Those that are known keep their names and voices. Two voices of one recording never get one
    identity. The answer does not depend on the order of either argument.
    """
    raise NotImplementedError
