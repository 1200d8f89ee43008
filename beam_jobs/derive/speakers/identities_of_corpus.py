"""Identities of a corpus: each voice of a recording is one that is known, or founds a new one.

What a recording's voices came to is in the corpus's log (`beam_jobs.framework.corpus_derivation`);
their vectors are in the ledger beside their turns, and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from af3core.speakers.identities import (
    IdentityLimits,
    KnownIdentity,
    RecordingVoice,
    VoiceMatch,
    match_voices,
)
from beam_jobs.derive.speakers.recording_turns import STAGE, VOICES
from beam_jobs.framework.corpus_derivation import Candidate, CorpusState, MemberKey
from beam_jobs.framework.ledger import Ledger, unpack_vector
from schemas import layout
from schemas.corpus_records import CorpusSpeakers, SpeechSpan
from schemas.identity import configuration_hash
from schemas.records import DerivedRows
from schemas.tables.speaker_tables import SPEAKER_TURNS

VOICES_OF_IDENTITY = 8
"""So many of its voices stand for an identity, those with the most speech: however often somebody
speaks, a new voice is compared with as much."""
_FORGOTTEN_SHARE = 0.5
"""A voice is a forgotten one where so much of its speech is that of a forgotten one."""

Speakers = Mapping[MemberKey, Mapping[int, str]]
"""Identities of voices by number, by recording and turns."""


class PlacedVoice(NamedTuple):
    """A voice as the log has it; without an identity it has too little speech, or is forgotten."""

    speaker: str | None
    speech_ms: int


def voices_of(value: Mapping[str, Any]) -> dict[int, PlacedVoice]:
    """The voices of a member of the log, by number."""
    found: dict[str, Any] = value.get(VOICES, {})
    return {int(n): PlacedVoice(v["speaker"], v["speech_ms"]) for n, v in found.items()}


def value_of(voices: Mapping[int, PlacedVoice]) -> dict[str, Any]:
    """The same, as the log has it."""
    return {VOICES: {str(n): voice._asdict() for n, voice in voices.items()}}


def speakers_of(state: CorpusState) -> Speakers:
    """Who each voice of the corpus is, as far as it is known."""
    return {
        key: {n: v.speaker for n, v in voices_of(member.value).items() if v.speaker}
        for key, member in state.members.items()
    }


@dataclass
class Placing:
    """Places voices among those of a corpus.

    Attributes:
        ledger: with the vectors.
        corpus: its name.
        limits: of what is one voice.
    """

    ledger: Ledger
    corpus: str
    limits: IdentityLimits
    _held: dict[MemberKey, DerivedRows | None] = field(default_factory=dict)

    def __call__(self, state: CorpusState, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
        """What the voices of each candidate are; those of one space are given."""
        keys = [(each.recording_id, each.piece) for each in candidates]
        self._read(keys)
        forgotten = self.ledger.corpus_speakers(self.corpus)
        new = [
            voice
            for key in keys
            if key[0] not in forgotten.forgotten_recordings
            for voice in self._vectors(key)
            if not self._is_forgotten(key, voice.number, forgotten)
        ]
        known = self._known(state, candidates[0].space) if new else []
        matches = match_voices(known, new, self.limits)
        taken = {speaker for each in speakers_of(state).values() for speaker in each.values()}
        names = _names(self.corpus, known, matches, taken)
        placed = {(m.recording, m.number): names.get(m.identity) for m in matches if m.identity}
        return [
            value_of(
                {
                    row["voice"]: PlacedVoice(
                        placed.get((_name(key), row["voice"])), row["speech_ms"]
                    )
                    for row in self._rows(key)
                }
            )
            for key in keys
        ]

    def _known(self, state: CorpusState, space: str) -> list[KnownIdentity]:
        """The identities of a space, each with its longest voices that have vectors still."""
        voices: defaultdict[str, list[tuple[int, MemberKey, int]]] = defaultdict(list)
        for key, member in state.members.items():
            if member.space == space:
                for number, voice in voices_of(member.value).items():
                    if voice.speaker:
                        voices[voice.speaker].append((-voice.speech_ms, key, number))
        known: dict[str, list[RecordingVoice]] = {speaker: [] for speaker in voices}
        left = {speaker: sorted(each) for speaker, each in voices.items()}
        while any(left.values()):
            now = {
                speaker: each[: VOICES_OF_IDENTITY - len(known[speaker])]
                for speaker, each in left.items()
            }
            self._read([key for each in now.values() for _, key, _ in each])
            for speaker, each in now.items():
                known[speaker] += [
                    voice
                    for _, key, number in each
                    for voice in self._vectors(key)
                    if voice.number == number
                ]
                is_enough = len(known[speaker]) >= VOICES_OF_IDENTITY
                left[speaker] = [] if is_enough else left[speaker][len(each) :]
        return [KnownIdentity(name, tuple(each)) for name, each in sorted(known.items()) if each]

    def _read(self, keys: Iterable[MemberKey]) -> None:
        missing = [key for key in dict.fromkeys(keys) if key not in self._held]
        held = self.ledger.derived([layout.derived_key(STAGE, *key) for key in missing])
        self._held |= dict(zip(missing, held, strict=True))

    def _rows(self, key: MemberKey) -> list[dict[str, Any]]:
        held = self._held[key]
        return held.rows.get(VOICES, []) if held else []

    def _vectors(self, key: MemberKey) -> list[RecordingVoice]:
        return [
            RecordingVoice(_name(key), row["voice"], vector, row["speech_ms"])
            for row in self._rows(key)
            if (vector := unpack_vector(row["vector"])) is not None
        ]

    def _is_forgotten(self, key: MemberKey, number: int, forgotten: CorpusSpeakers) -> bool:
        held = self._held[key]
        spans = [s for s in forgotten.forgotten_speech if s.recording_id == key[0]]
        if held is None or not spans:
            return False
        turns = [t for t in held.rows.get(SPEAKER_TURNS.name, []) if t["voice"] == number]
        speech_ms = sum(turn["end_ms"] - turn["start_ms"] for turn in turns)
        return _shared_ms(turns, spans) > _FORGOTTEN_SHARE * speech_ms


def _names(
    corpus: str,
    known: Sequence[KnownIdentity],
    matches: Sequence[VoiceMatch],
    taken: Iterable[str],
) -> dict[str | None, str]:
    """What identities are called here: those that are known as before, others by who founded them.

    A founder's name may be taken, where it was forgotten and came again.
    """
    names: dict[str | None, str] = {each.identity: each.identity for each in known}
    used = {*names.values(), *taken}
    for match in matches:
        if match.identity is None or match.identity in names:
            continue
        again = 0
        while (name := _fresh(corpus, match.identity, again)) in used:
            again += 1
        names[match.identity] = name
        used.add(name)
    return names


def _fresh(corpus: str, founder: str, again: int) -> str:
    return configuration_hash([corpus, founder, *([again] if again else [])])


def _name(key: MemberKey) -> str:
    """A recording under one set of turns: another set of its turns may have the same voices."""
    return "/".join(key)


def _shared_ms(turns: Sequence[Mapping[str, Any]], spans: Sequence[SpeechSpan]) -> int:
    return sum(
        max(0, min(turn["end_ms"], span.end_ms) - max(turn["start_ms"], span.start_ms))
        for turn in turns
        for span in spans
    )
