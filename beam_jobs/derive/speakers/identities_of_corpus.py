"""Identities of a corpus: each voice of a recording is one that is known, or founds a new one.

What a recording's voices came to is in the corpus's log (`beam_jobs.framework.corpus_derivation`);
their vectors are in the ledger beside their turns, and nowhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from af3core.speakers.identities import (
    IdentityLimits,
    KnownIdentity,
    RecordingVoice,
    VoiceMatch,
    match_voices,
)
from beam_jobs.derive.speakers.forgotten_speech import forgotten_voices, spans_of
from beam_jobs.derive.speakers.recording_turns import STAGE, VOICES
from beam_jobs.framework.corpus_derivation import Candidate, CorpusState, MemberKey
from beam_jobs.framework.ledger import Ledger, unpack_vector
from beam_jobs.framework.manifests import in_batches
from schemas import layout
from schemas.corpus_records import CorpusSpeakers
from schemas.identity import configuration_hash
from schemas.tables.speaker_tables import SPEAKER_TURNS

VOICES_OF_IDENTITY = 8
"""So many of its voices stand for an identity, those with the most speech: however often somebody
speaks, a new voice is compared with as much."""

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
    _held: dict[MemberKey, _HeldVoices] = field(default_factory=dict)

    def __call__(
        self, state: CorpusState, candidates: Sequence[Candidate]
    ) -> list[dict[str, Any] | None]:
        """What the voices of each candidate are, None where its turns cannot be read; those of one
        space are given.
        """
        keys = [(each.recording_id, each.piece) for each in candidates]
        said = self.ledger.corpus_speakers(self.corpus)
        self._read(keys, said)
        new = [
            voice
            for key in keys
            if key[0] not in said.forgotten_recordings
            for voice in self._vectors(key)
            if voice.number not in self._held[key].forgotten
        ]
        known = self._known(state, candidates[0].space) if new else []
        matches = match_voices(known, new, self.limits)
        taken = {speaker for each in speakers_of(state).values() for speaker in each.values()}
        names = _names(self.corpus, known, matches, taken)
        placed = {(m.recording, m.number): names.get(m.identity) for m in matches if m.identity}
        values = [
            value_of(
                {
                    row["voice"]: PlacedVoice(
                        placed.get((_name(key), row["voice"])), row["speech_ms"]
                    )
                    for row in self._held[key].voices
                }
            )
            if self._held[key].is_there
            else None
            for key in keys
        ]
        again = {voice.recording for each in known for voice in each.voices}
        self._held = {key: held for key, held in self._held.items() if _name(key) in again}
        return values

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
            self._read(key for each in now.values() for _, key, _ in each)
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

    def _read(self, keys: Iterable[MemberKey], said: CorpusSpeakers | None = None) -> None:
        """Hold the voices of turns, and not the turns: of a corpus these are too many."""
        for some in in_batches([key for key in dict.fromkeys(keys) if key not in self._held]):
            found = self.ledger.derived([layout.derived_key(STAGE, *key) for key in some])
            for key, rows in zip(some, found, strict=True):
                held = rows.rows if rows else {}
                spans = spans_of([key[0]], said) if said else []
                forgotten = forgotten_voices(held.get(SPEAKER_TURNS.name, []), spans)
                self._held[key] = _HeldVoices(rows is not None, held.get(VOICES, []), forgotten)

    def _vectors(self, key: MemberKey) -> list[RecordingVoice]:
        return [
            RecordingVoice(_name(key), row["voice"], vector, row["speech_ms"])
            for row in self._held[key].voices
            if (vector := unpack_vector(row["vector"])) is not None
        ]


class _HeldVoices(NamedTuple):
    """Whether the ledger has a piece, the rows of its voices, and which are forgotten ones."""

    is_there: bool
    voices: list[dict[str, Any]]
    forgotten: Collection[int]


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
