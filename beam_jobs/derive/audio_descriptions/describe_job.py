"""Spoken descriptions of recordings, for who listens rather than reads.

summaries, chapters ──► text ──► voice ──► descriptions/….opus, tables/descriptions

A description is made anew when its text, the voice, its revision, speaker or speed changes. Where
recordings are chosen, the others keep the rows that they have. What a run replaces, the next one
removes (`garbage_collection`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.speech.voice import Voice
from beam_jobs.derive.audio_descriptions.description_text import (
    DESCRIPTION_TEXT_VERSION,
    DescribedChapter,
    description_text,
)
from beam_jobs.derive.audio_descriptions.garbage_collection import STAGE, stored_sounds, sweep
from beam_jobs.derive.audio_descriptions.speech_file import SOUND_VERSION, make_speech_file
from beam_jobs.derive.audio_descriptions.voice_identity import (
    VoiceIdentity,
    loaded_voice,
    voice_identity,
)
from beam_jobs.framework.corrected_rows import corrected_by_recording
from beam_jobs.framework.derivation import (
    Derivation,
    Piece,
    PieceRows,
    Row,
    check_published,
    derive,
)
from beam_jobs.framework.job import Outcome
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import manifest_dates, names_of_recording
from beam_jobs.framework.settings import JobSettings, voice_settings
from beam_jobs.framework.table_snapshot import partition_rows
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import configuration_hash
from schemas.options.derive import ESPEAK, Recordings, Speech
from schemas.tables.description_tables import DESCRIPTIONS

WITHOUT_SUMMARY, OLD_SOUNDS = "recordings_without_summary", "old_sounds_removed"


@dataclass(frozen=True)
class DescriptionText:
    """What is to be spoken, and the doubts about it."""

    text: str
    flags: tuple[str, ...]


def pieces(settings: JobSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day; of those not chosen, one for each row they have."""
    store, corpus = settings.store, settings.corpus
    recordings, summaries, chapters, earlier = corrected_by_recording(
        store, ("recordings", "summaries", "chapters", DESCRIPTIONS.name), corpus, date
    ).values()
    for recording_id, [row] in recordings.items():
        if not _is_chosen(row, settings[Recordings].recording):
            for kept in earlier.get(recording_id, []):
                yield _piece(settings, date, row, kept["description_id"], _ledger_row(kept))
            continue
        description = None
        if summary := summaries.get(recording_id):
            description = _description(row, date, summary[0], chapters.get(recording_id, []))
        identity = _identity(settings, date, recording_id, description)
        yield _piece(settings, date, row, identity, description)


def _piece(
    settings: JobSettings,
    date: str,
    row: Row,
    identity: str,
    evidence: DescriptionText | Row | None,
) -> Piece:
    return Piece(
        recording_id=row["recording_id"],
        corpus=settings.corpus,
        date=date,
        identity=identity,
        evidence=evidence,
        uri=row["object_uri"],
        work_ms=row["duration_ms"],
    )


def _is_chosen(row: Row, names: Sequence[str]) -> bool:
    return not names or any(name in names for name in _names_of(row))


def _names_of(row: Row) -> set[str]:
    return names_of_recording(row["recording_id"], (row["object_uri"], *row["duplicate_uris"]))


def _description(row: Row, date: str, summary: Row, chapters: Sequence[Row]) -> DescriptionText:
    parts = [DescribedChapter(c["start_ms"], c["title"], c["summary"]) for c in chapters]
    text = description_text(row["object_uri"], date, row["duration_ms"], summary["summary"], parts)
    flags = [flag for source in (summary, *chapters) for flag in source["flags"]]
    return DescriptionText(text, tuple(dict.fromkeys(flags)))


def _identity(
    settings: JobSettings, date: str, recording_id: str, description: DescriptionText | None
) -> str:
    """Corpus and date are of it, since a sound lies below them and is removed by them."""
    place = [settings.corpus, date, recording_id]
    if description is None:
        return configuration_hash([place, WITHOUT_SUMMARY])
    return configuration_hash(
        [place, description, _voice_identity(settings), DESCRIPTION_TEXT_VERSION, SOUND_VERSION]
    )


def _voice_identity(settings: JobSettings) -> VoiceIdentity:
    return voice_identity(settings[Speech].voice or ESPEAK, voice_settings(settings[Speech]))


def _loaded_voice(settings: JobSettings) -> Voice:
    speech = settings[Speech]
    return loaded_voice(speech.voice or ESPEAK, voice_settings(speech), _voice_identity(settings))


def _ledger_row(row: Row) -> Row:
    """A published row as it was made, for a ledger that has lost it."""
    return {name: row[name] for name in row if name not in ("run_id", "generated_at")}


def derive_rows(piece: Piece, settings: JobSettings) -> PieceRows:
    """Speak one description and write its object.

    Raises:
        NotSpoken: the voice failed at this text.
        ConfigurationError: the voice is not there.
    """
    if piece.evidence is None:
        return PieceRows({}, {WITHOUT_SUMMARY: 1})
    description = piece.evidence
    row = (
        _spoken_row(piece, description, settings)
        if isinstance(description, DescriptionText)
        else description
    )
    counts = {"recordings_described": 1, "speech_ms": row["duration_ms"]}
    return PieceRows({DESCRIPTIONS.name: [row]}, counts)


def _spoken_row(piece: Piece, description: DescriptionText, settings: JobSettings) -> Row:
    known = _voice_identity(settings)
    voice = _loaded_voice(settings)
    found = make_speech_file(voice, description.text)
    key = layout.description_key(piece.corpus, piece.date, piece.recording_id, piece.identity)
    settings.store.write(key, found.opus)
    return {
        "recording_id": piece.recording_id,
        "description_id": piece.identity,
        "text": description.text,
        "voice": voice.name,
        "backend": known.backend,
        "voice_revision": known.revision,
        "speaker_revision": known.speaker_revision,
        "speed": known.speed,
        "sound_uri": key,
        "duration_ms": found.duration_ms,
        "first_audio_ms": found.first_audio_ms,
        "real_time_factor": found.real_time_factor,
        "flags": list(description.flags),
    }


DERIVATION = Derivation(STAGE, (DESCRIPTIONS,), pieces, derive_rows)


def run(settings: JobSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Speak what is missing; replace the interval's descriptions; remove what no row names.

    Two runs over one corpus take turns: neither removes what the other is about to publish.

    Raises:
        ConfigurationError: no such voice, speaker or speed, or no such recording.
        NothingPublished: there are no tables of the interval.
    """
    voice_identity.cache_clear()  # a file may be another since this process looked
    _check_chosen(settings)
    _loaded_voice(settings)
    check_published(settings)
    store, corpus = settings.store, settings.corpus
    with store.claim(layout.claim_key(STAGE, f"corpus={corpus}")):
        dates = manifest_dates(Ledger(store), settings)
        before = stored_sounds(store, corpus, dates)
        outcome = derive(DERIVATION, settings, beam_arguments)
        removed = sweep(store, before, corpus, dates)
    facts, lines = dict(outcome.facts), list(outcome.lines)
    if removed:
        facts[OLD_SOUNDS] = removed
        lines.append(f"{OLD_SOUNDS}: {removed}")
    if missing := facts.get(WITHOUT_SUMMARY):
        lines.append(
            f"{missing} recordings have no summary to speak; {af3('summarise')} makes them"
        )
    return Outcome(facts, lines, outcome.waiting)


def _check_chosen(settings: JobSettings) -> None:
    """See that each chosen recording is there; where nothing is, `derive` says so."""
    wanted = set(settings[Recordings].recording)
    if not wanted:
        return
    store, found = settings.store, set[str]()
    for date in manifest_dates(Ledger(store), settings):
        for row in partition_rows(store, "recordings", settings.corpus, date):
            found.update(_names_of(row))
    if found and (unknown := sorted(wanted - found)):
        raise ConfigurationError(
            f"--recording {unknown[0]}: not in the tables of corpus {settings.corpus} from"
            f" {settings.since} to {settings.until}; see "
            + af3("query", "SELECT object_uri FROM recordings", out=settings.out)
        )
