"""Forgetting a voice or a recording: what was made of the voice is removed, and not made again.

said in the ledger ──► vectors removed ──► taken out of the corpus's log ──► rows brought up to date

The order holds where a run is killed: the same command does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from af3core.errors import ConfigurationError
from af3core.plain_text import printable
from af3core.storage.folder import FolderStore
from af3core.storage.store import Store
from beam_jobs.derive.speakers.forgotten_speech import forgotten_voices, is_forgotten, spans_of
from beam_jobs.derive.speakers.identities_of_corpus import PlacedVoice, value_of, voices_of
from beam_jobs.derive.speakers.naming import name_of, unknown_speaker
from beam_jobs.derive.speakers.recording_turns import STAGE, VECTORS, VOICES
from beam_jobs.derive.speakers.speaker_rows import speakers_by_day
from beam_jobs.framework.corpus_derivation import (
    CorpusState,
    MemberKey,
    change_members,
    corpus_claim,
    read_state,
)
from beam_jobs.framework.derivation import Row
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import names_of_recording
from beam_jobs.framework.settings import JobSettings
from beam_jobs.framework.table_snapshot import take_snapshot
from schemas import layout
from schemas.corpus_records import CorpusMember, CorpusSpeakers, SpeakerName, SpeechSpan
from schemas.records import DerivedRows
from schemas.tables.speaker_tables import SPEAKER_TURNS, SPEAKERS

_IDENTIFIER = re.compile("[0-9a-f]{24}")
_SHOWN = 3
_SPAN = ["recording_id", "start_ms", "end_ms", "speaker"]
_NAMES = ("recording_id", "object_uri", "duplicate_uris", "sound_sha256")


@dataclass
class _Forgotten:
    """What is to be forgotten.

    Attributes:
        speakers: identities.
        recordings: identifiers, those of the same sound among them.
        sounds: of these recordings.
        voices: numbers of the identities' voices, by recording and turns, under any encoder.
    """

    speakers: set[str] = field(default_factory=set)
    recordings: set[str] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    voices: dict[MemberKey, set[int]] = field(default_factory=dict)


def forget(settings: JobSettings, named: Iterable[str]) -> dict[str, int]:
    """Forget voices and recordings; gives how many of what.

    The rows of the tables are not changed yet (`speaker_rows.bring_up_to_date`).

    Raises:
        ConfigurationError: a name is neither a voice's nor a recording's.
    """
    store, corpus = settings.store, settings.corpus
    with corpus_claim(store, corpus, STAGE):
        state = read_state(store, corpus, STAGE)
        wanted = _wanted(settings, state, list(named))
        spoken_in = _say_so(settings, wanted)
        heard_in = wanted.recordings | spoken_in | {recording for recording, _ in wanted.voices}
        origins = _origins(settings, heard_in)
        _find_under_all_encoders(settings, wanted, spoken_in, origins)
        removed = _remove_vectors(settings, state, wanted, heard_in.union(*origins.values()))
        change_members(store, corpus, STAGE, lambda member: _without(member, wanted))
    return {
        "voices_forgotten": len(wanted.speakers),
        "recordings_forgotten": len(wanted.recordings),
        "objects_removed": removed,
    }


@contextmanager
def forgetting_what_is_said_meanwhile(settings: JobSettings) -> Iterator[None]:
    """Recordings that another run forgets while the body makes turns are forgotten behind it."""
    ledger, corpus = Ledger(settings.store), settings.corpus
    before = ledger.corpus_speakers(corpus).forgotten_recordings
    yield
    fresh = set(ledger.corpus_speakers(corpus).forgotten_recordings).difference(before)
    if fresh:
        with corpus_claim(settings.store, corpus, STAGE):
            owners = fresh.union(*_origins(settings, fresh).values())
            remove_all_of(settings.store, fresh, owners)
            gone = _Forgotten(recordings=fresh)
            change_members(settings.store, corpus, STAGE, lambda member: _without(member, gone))


def _wanted(settings: JobSettings, state: CorpusState, named: Collection[str]) -> _Forgotten:
    published = {row["speaker"] for _, row in speakers_by_day(settings)} | _named_rows(settings)
    voices: dict[str, dict[MemberKey, set[int]]] = {speaker: {} for speaker in published}
    for key, member in state.members.items():
        for number, voice in voices_of(member.value).items():
            if voice.speaker:
                voices.setdefault(voice.speaker, {}).setdefault(key, set()).add(number)
    recordings = _recordings(settings)
    found = _Forgotten()
    for name in named:
        if name in voices:
            found.speakers.add(name)
            for key, numbers in voices[name].items():
                found.voices.setdefault(key, set()).update(numbers)
        elif name in recordings:
            _check_one(name, recordings[name])
            for recording, sound in recordings[name].items():
                found.recordings.add(recording)
                found.sounds.update(filter(None, [sound]))
        elif _IDENTIFIER.fullmatch(name) and any(
            settings.store.walk([layout.derived_prefix(STAGE, name)])
        ):
            found.recordings.add(name)  # it is in no table any more
        else:
            error = unknown_speaker(name, settings, len(voices))
            raise ConfigurationError(f"--forget {error}, and no recording of it is called so")
    return found


def _named_rows(settings: JobSettings) -> set[str]:
    """The voices that the table of speakers has, those among them that no turn has any more."""
    snapshot = take_snapshot(settings.store, [SPEAKERS.name], settings.corpus)
    return {
        str(speaker)
        for key in snapshot.stamps
        for speaker in snapshot.columns(key, ["speaker"])["speaker"].to_pylist()
    }


def _check_one(name: str, recordings: Mapping[str, str]) -> None:
    """What is forgotten cannot be had back: a name must mean one sound.

    Raises:
        ConfigurationError: recordings of several sounds are called so.
    """
    if len({sound or recording for recording, sound in recordings.items()}) > 1:
        some = ", ".join(sorted(recordings)[:_SHOWN])
        raise ConfigurationError(
            f"--forget {printable(name)}: {len(recordings)} recordings of several sounds are called"
            f" so; name one by its object or its identifier, such as {some}"
        )


def _recordings(settings: JobSettings) -> dict[str, dict[str, str]]:
    """By all that a recording may be called, its identifier and those of the same sound, each with
    the sound.
    """
    snapshot = take_snapshot(settings.store, ["recordings"], settings.corpus)
    rows = [
        row
        for key in snapshot.shards("recordings")
        for row in snapshot.columns(key, _NAMES).to_pylist()
    ]
    of_sound: dict[str, dict[str, str]] = {}
    for row in rows:
        sound = row["sound_sha256"] or ""
        of_sound.setdefault(sound, {})[row["recording_id"]] = sound
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        sound = row["sound_sha256"] or ""
        same = of_sound[sound] if sound else {row["recording_id"]: ""}
        uris = [row["object_uri"], *row["duplicate_uris"]]
        for name in names_of_recording(row["recording_id"], uris):
            found.setdefault(name, {}).update(same)
    return found


def _say_so(settings: JobSettings, wanted: _Forgotten) -> set[str]:
    """Keep in the ledger what is forgotten; gives the recordings that forgotten voices speak in."""
    spans = sorted(
        set(_spans(settings, wanted)), key=lambda s: (s.recording_id, s.start_ms, s.end_ms)
    )
    heard = {row["speaker"]: row for _, row in speakers_by_day(settings, wanted.recordings)}

    def changed(said: CorpusSpeakers) -> CorpusSpeakers:
        held = set(said.forgotten_speech)
        now = replace(
            said,
            forgotten_recordings=tuple(sorted(wanted.recordings.union(said.forgotten_recordings))),
            forgotten_sounds=tuple(sorted(wanted.sounds.union(said.forgotten_sounds))),
            forgotten_speech=(*said.forgotten_speech, *(s for s in spans if s not in held)),
        )
        kept = (each for name in said.names for each in _kept_names(name, now, wanted, heard))
        speech = (s for s in now.forgotten_speech if s.recording_id not in now.forgotten_recordings)
        return replace(now, names=tuple(dict.fromkeys(kept)), forgotten_speech=tuple(speech))

    Ledger(settings.store).change_corpus_speakers(settings.corpus, changed)
    return {span.recording_id for span in spans}


def _kept_names(
    name: SpeakerName, said: CorpusSpeakers, wanted: _Forgotten, heard: Mapping[str, Row]
) -> list[SpeakerName]:
    """What stays of a name: none of a forgotten voice, under whatever encoder it was given; and
    none is known by a forgotten recording.

    Args:
        heard: rows of speakers by identity, of what is heard in other recordings.
    """
    example = name.example
    spoken = [(example.start_ms, example.end_ms)]
    if name.speaker in wanted.speakers or is_forgotten(
        spoken, spans_of([example.recording_id], said)
    ):
        return []
    if example.recording_id not in said.forgotten_recordings:
        return [name]
    if name.speaker in heard:
        called = [name.speaker]
    else:
        called = [speaker for speaker, row in heard.items() if row["name"] == name.name]
    return [
        name_of(heard[speaker], name.name, name.run_id)
        for speaker in called
        if speaker not in wanted.speakers
    ]


def _spans(settings: JobSettings, wanted: _Forgotten) -> Iterator[SpeechSpan]:
    """When the voices that are forgotten speak."""
    keys = [layout.derived_key(STAGE, *key) for key in wanted.voices]
    held = Ledger(settings.store).derived(keys)
    for (recording, _), numbers, rows in zip(
        wanted.voices, wanted.voices.values(), held, strict=True
    ):
        for turn in rows.rows.get(SPEAKER_TURNS.name, []) if rows else []:
            if turn["voice"] in numbers:
                yield SpeechSpan(recording, turn["start_ms"], turn["end_ms"])
    yield from _published_spans(settings, wanted.speakers)


def _published_spans(settings: JobSettings, speakers: Collection[str]) -> Iterator[SpeechSpan]:
    """The same by the table of turns, where the ledger or the log has lost them."""
    snapshot = take_snapshot(settings.store, [SPEAKER_TURNS.name], settings.corpus)
    for key in snapshot.stamps if speakers else ():
        turns = snapshot.columns(key, _SPAN).select(_SPAN)
        wanted = pc.is_in(turns["speaker"], pa.array(sorted(speakers), pa.string()))
        for row in turns.filter(wanted).drop(["speaker"]).to_pylist():
            yield SpeechSpan(**row)


def _origins(settings: JobSettings, recordings: Collection[str]) -> dict[str, set[str]]:
    """By recording those that its clips were cut of: what was made of a clip lies there."""
    snapshot = take_snapshot(settings.store, ["segments"], settings.corpus)
    found: dict[str, set[str]] = {recording: set() for recording in recordings}
    for key in snapshot.shards("segments"):
        pairs = snapshot.columns(key, ["recording_id", "clip_uri"]).group_by(
            ["recording_id", "clip_uri"]
        )
        for row in pairs.aggregate([]).to_pylist():
            origin = layout.clip_origin(row["clip_uri"])
            if origin and row["recording_id"] in found:
                found[row["recording_id"]].add(origin.recording_id)
    return found


def _find_under_all_encoders(
    settings: JobSettings,
    wanted: _Forgotten,
    spoken_in: Collection[str],
    origins: Mapping[str, Collection[str]],
) -> None:
    """Add the same voices as all other turns of their recordings have them, by when they speak.
    Damaged turns are removed: nobody can tell whose vectors they hold.
    """
    ledger = Ledger(settings.store)
    said = ledger.corpus_speakers(settings.corpus)
    of_sound: dict[str, set[str]] = {}
    for recording in spoken_in:
        for owner in (recording, *origins.get(recording, ())):
            of_sound.setdefault(owner, set()).add(recording)
    prefixes = [layout.derived_prefix(STAGE, owner) for owner in of_sound]
    for (owner, same), keys in zip(of_sound.items(), settings.store.walk(prefixes), strict=True):
        for key, rows in zip(keys, ledger.derived(keys), strict=True):
            if rows is None:
                settings.store.delete(key)
                continue
            turns = rows.rows.get(SPEAKER_TURNS.name, [])
            if numbers := forgotten_voices(turns, spans_of(same, said)):
                member = (owner, layout.identity_of_derived_key(key))
                wanted.voices.setdefault(member, set()).update(numbers)


def _remove_vectors(
    settings: JobSettings, state: CorpusState, wanted: _Forgotten, owners: Collection[str]
) -> int:
    """Remove all vectors of clips, all of recordings that are forgotten, and those of voices."""
    store = settings.store
    placed = {recording for recording, _ in state.members}
    whole = wanted.recordings | (set(owners) - placed)
    removed = remove_all_of(store, whole, owners)
    ledger = Ledger(store)
    for member, numbers in wanted.voices.items():
        ledger.change_derived(
            layout.derived_key(STAGE, *member),
            lambda rows, n=numbers: _bare(rows, n),  # type: ignore[misc]
        )
    return removed


def remove_all_of(store: Store, recordings: Collection[str], owners: Collection[str]) -> int:
    """Remove the turns and voices of recordings, and the vectors of clips that were cut of owners;
    gives how many objects.
    """
    prefixes = [layout.derived_prefix(VECTORS, owner) for owner in owners]
    prefixes += [layout.derived_prefix(STAGE, recording) for recording in recordings]
    gone = [key for keys in store.walk(prefixes) for key in keys]
    for key in gone:
        store.delete(key)
    if isinstance(store, FolderStore):
        store.remove_empty_folders(gone)
    return len(gone)


def _bare(rows: DerivedRows, numbers: Collection[int]) -> DerivedRows:
    voices = [
        voice | {"vector": None} if voice["voice"] in numbers else voice
        for voice in rows.rows.get(VOICES, [])
    ]
    return replace(rows, rows=rows.rows | {VOICES: voices})


def _without(member: CorpusMember, wanted: _Forgotten) -> CorpusMember | None:
    if member.recording_id in wanted.recordings:
        return None
    gone = wanted.voices.get((member.recording_id, member.piece), set())
    voices = voices_of(member.value)
    kept = {
        number: PlacedVoice(None, voice.speech_ms)
        if number in gone or voice.speaker in wanted.speakers
        else voice
        for number, voice in voices.items()
    }
    return member if kept == voices else replace(member, value=value_of(kept))
