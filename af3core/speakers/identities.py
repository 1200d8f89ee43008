"""Which voices of recordings are one person: new voices are matched against those known.

An identity stays: its name, and the voices that it has, never change when recordings come. Two that
turn out to be one person are not joined here: that is a person's to say.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from af3core.speakers.voice_vectors import VoiceVectors

_HASH_DIGITS = 16


@dataclass(frozen=True)
class IdentityLimits:
    """How alike voices of two recordings are that are one person's.

    Attributes:
        least_similarity: mean cosine of a new voice to an identity's voices, by their speech.
        least_speech_ms: of a voice that founds an identity or joins one.
    """

    least_similarity: float = 0.7
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
        similarity: mean cosine to the identity's other voices; None where it founds the identity.
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

    Recording by recording, those with the longest voices first: of all pairs of a voice and an
    identity that are alike enough, those together that are most alike; a voice that finds none
    founds one. Those that are known keep their names and voices. Two voices of one recording never
    get one identity. The answer does not depend on the order of either argument.

    Raises:
        ValueError: a voice is there twice, or has a vector of other dimensions.
    """
    _check(known, new)
    names = {identity.identity for identity in known}
    people = [
        _Person.of(identity)
        for identity in sorted(known, key=lambda each: each.identity)
        if identity.voices
    ]
    matches: dict[tuple[str, int], VoiceMatch] = {}
    for voices in _by_recording(new):
        able = [voice for voice in voices if voice.speech_ms >= limits.least_speech_ms]
        pairs = _pairs(able, people, limits.least_similarity)
        for place, voice in enumerate(able):
            person, similarity = pairs.get(place, (None, None))
            is_new = person is None
            if person is None:
                person = _Person(_new_name(voice, names), np.zeros(len(voice.vector)))
                people.append(person)
                names.add(person.identity)
            person.add(voice)
            matches[voice.recording, voice.number] = VoiceMatch(
                voice.recording, voice.number, person.identity, similarity, is_new
            )
    return tuple(
        matches.get(
            (voice.recording, voice.number),
            VoiceMatch(voice.recording, voice.number, None, None, False),
        )
        for voice in new
    )


@dataclass
class _Person:
    """An identity with the sum of its voices' vectors, by their speech.

    Their mean is shorter than 1 where the voices are unlike: a product with it is the mean of the
    cosines to them.
    """

    identity: str
    total: npt.NDArray[np.float64]
    speech_ms: int = 0
    recordings: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, known: KnownIdentity) -> _Person:
        person = cls(known.identity, np.zeros(len(known.voices[0].vector)))
        for voice in sorted(known.voices, key=lambda each: (each.recording, each.number)):
            person.add(voice)
        return person

    def add(self, voice: RecordingVoice) -> None:
        self.recordings.add(voice.recording)
        speech_ms = max(1, voice.speech_ms)
        self.total = self.total + np.asarray(voice.vector, np.float64) * speech_ms
        self.speech_ms += speech_ms

    @property
    def mean(self) -> npt.NDArray[np.float64]:
        """Of its voices' vectors."""
        return self.total / self.speech_ms


def _check(known: Sequence[KnownIdentity], new: Sequence[RecordingVoice]) -> None:
    every = [*new, *(voice for identity in known for voice in identity.voices)]
    if len({(voice.recording, voice.number) for voice in every}) < len(every):
        raise ValueError("a voice is there twice")
    if len({voice.vector.shape for voice in every}) > 1:
        raise ValueError("voices have vectors of unlike dimensions: they are of two encoders")


def _by_recording(new: Sequence[RecordingVoice]) -> list[list[RecordingVoice]]:
    ordered = sorted(new, key=lambda voice: (voice.recording, voice.number))
    groups = [list(voices) for _, voices in itertools.groupby(ordered, lambda v: v.recording)]
    return sorted(groups, key=lambda voices: -max(voice.speech_ms for voice in voices))


def _pairs(
    voices: Sequence[RecordingVoice], people: Sequence[_Person], least_similarity: float
) -> dict[int, tuple[_Person, float]]:
    """Of voices of one recording, by their places: who they are, and how alike they sound."""
    from scipy.optimize import linear_sum_assignment

    if not voices or not people:
        return {}
    recording = voices[0].recording
    heard = np.array([voice.vector for voice in voices], np.float64)
    means = np.array([person.mean for person in people])
    likeness = heard @ means.T
    possible = likeness >= least_similarity
    possible[:, [recording in person.recordings for person in people]] = False
    gains = np.where(possible, likeness, 0.0)
    rows, columns = linear_sum_assignment(gains, maximize=True)
    return {
        int(row): (people[column], round(float(likeness[row, column]), 4))
        for row, column in zip(rows, columns, strict=True)
        if possible[row, column]
    }


def _new_name(voice: RecordingVoice, taken: Collection[str]) -> str:
    """By the voice that founds it, so that it is the same wherever it is founded again."""
    for attempt in itertools.count():
        text = f"{voice.recording}\0{voice.number}" + (f"\0{attempt}" if attempt else "")
        name = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
        if name not in taken:
            return name
    raise AssertionError("never reached")
