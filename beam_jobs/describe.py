"""Spoken descriptions of recordings, for who listens rather than reads.

summaries, chapters ──► text ──► voice ──► descriptions/….opus, tables/descriptions

A description is made anew when its text, the voice, its revision, speaker or speed changes. Where
recordings are chosen, the others keep the rows that they have. What a run replaces, the next one
removes (`descriptions.old_sounds`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.derived import (
    Derivation,
    Made,
    Piece,
    Row,
    check_published,
    derive,
    rows_by_recording,
)
from beam_jobs.descriptions.old_sounds import STAGE, seen, sweep
from beam_jobs.descriptions.sound import SOUND_VERSION, spoken
from beam_jobs.descriptions.telling import TELLING_VERSION, ToldChapter, told
from beam_jobs.descriptions.voices import SpokenBy, loaded_voice, spoken_by
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.description_tables import DESCRIPTIONS
from schemas.identity import configuration_hash

WITHOUT_SUMMARY, OLD_SOUNDS = "recordings_without_summary", "old_sounds_removed"


@dataclass(frozen=True)
class Telling:
    """What is to be spoken, and the doubts about it."""

    text: str
    flags: tuple[str, ...]


def pieces(settings: NightSettings, date: str) -> Iterator[Piece]:
    """One piece for each recording of a day; of those not chosen, one for each row they have."""
    store, corpus = open_store(settings.out), settings.corpus
    recordings, summaries, chapters, earlier = (
        rows_by_recording(store, table, corpus, date)
        for table in ("recordings", "summaries", "chapters", DESCRIPTIONS.name)
    )
    for recording_id, [row] in recordings.items():
        if not _chosen(row, settings.describing.recordings):
            for kept in earlier.get(recording_id, []):
                yield _piece(settings, date, row, kept["description_id"], _as_made(kept))
            continue
        telling = None
        if summary := summaries.get(recording_id):
            telling = _telling(row, date, summary[0], chapters.get(recording_id, []))
        identity = _identity(settings, date, recording_id, telling)
        yield _piece(settings, date, row, identity, telling)


def _piece(
    settings: NightSettings, date: str, row: Row, identity: str, evidence: Telling | Row | None
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


def _chosen(row: Row, names: Sequence[str]) -> bool:
    return not names or any(name in names for name in _names_of(row))


def _names_of(row: Row) -> Iterator[str]:
    yield row["recording_id"]
    for uri in (row["object_uri"], *row["duplicate_uris"]):
        yield uri
        yield uri.rpartition("/")[2]


def _telling(row: Row, date: str, summary: Row, chapters: Sequence[Row]) -> Telling:
    parts = [ToldChapter(c["start_ms"], c["title"], c["summary"]) for c in chapters]
    text = told(row["object_uri"], date, row["duration_ms"], summary["summary"], parts)
    flags = [flag for told_from in (summary, *chapters) for flag in told_from["flags"]]
    return Telling(text, tuple(dict.fromkeys(flags)))


def _identity(
    settings: NightSettings, date: str, recording_id: str, telling: Telling | None
) -> str:
    """Corpus and date are of it, since a sound lies below them and is removed by them."""
    place = [settings.corpus, date, recording_id]
    if telling is None:
        return configuration_hash([place, WITHOUT_SUMMARY])
    return configuration_hash([place, telling, _known(settings), TELLING_VERSION, SOUND_VERSION])


def _known(settings: NightSettings) -> SpokenBy:
    return spoken_by(settings.describing.voice, settings.describing.speaking)


def _as_made(row: Row) -> Row:
    """A published row as it was made, for a ledger that has lost it."""
    return {name: row[name] for name in row if name not in ("run_id", "generated_at")}


def make(piece: Piece, settings: NightSettings) -> Made:
    """Speak one description and write its object.

    Raises:
        NotSpoken: the voice failed at this text.
        ConfigurationError: the voice is not there.
    """
    if piece.evidence is None:
        return Made({}, {WITHOUT_SUMMARY: 1})
    telling = piece.evidence
    row = _spoken_row(piece, telling, settings) if isinstance(telling, Telling) else telling
    counts = {"recordings_described": 1, "speech_ms": row["duration_ms"]}
    return Made({DESCRIPTIONS.name: [row]}, counts)


def _spoken_row(piece: Piece, telling: Telling, settings: NightSettings) -> Row:
    asked, known = settings.describing, _known(settings)
    voice = loaded_voice(asked.voice, asked.speaking, known)
    found = spoken(voice, telling.text)
    key = layout.description_key(piece.corpus, piece.date, piece.recording_id, piece.identity)
    open_store(settings.out).write(key, found.opus)
    return {
        "recording_id": piece.recording_id,
        "description_id": piece.identity,
        "text": telling.text,
        "voice": voice.name,
        "backend": known.backend,
        "voice_revision": known.revision,
        "speaker_revision": known.speaker_revision,
        "speed": known.speed,
        "sound_uri": key,
        "duration_ms": found.duration_ms,
        "first_audio_ms": found.first_audio_ms,
        "real_time_factor": found.real_time_factor,
        "flags": list(telling.flags),
    }


DERIVATION = Derivation(STAGE, (DESCRIPTIONS,), pieces, make)


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Speak what is missing; replace the interval's descriptions; remove what no row names.

    Two runs over one corpus take turns: neither removes what the other is about to publish.

    Raises:
        ConfigurationError: no such voice, speaker or speed, or no such recording.
        NothingPublished: there are no tables of the interval.
    """
    spoken_by.cache_clear()  # a file may be another since this process looked
    asked, known = settings.describing, _known(settings)
    _check_chosen(settings)
    loaded_voice(asked.voice, asked.speaking, known)
    check_published(settings)
    store, corpus = open_store(settings.out), settings.corpus
    with store.claim(layout.claim_key(STAGE, f"corpus={corpus}")):
        dates = manifest_dates(Ledger(store), settings)
        before = seen(store, corpus, dates)
        outcome = derive(DERIVATION, settings, beam_arguments)
        removed = sweep(store, before, corpus, dates)
    facts, lines = dict(outcome.facts), list(outcome.lines)
    if removed:
        facts[OLD_SOUNDS] = removed
        lines.append(f"{OLD_SOUNDS}: {removed}")
    if missing := facts.get(WITHOUT_SUMMARY):
        lines.append(f"{missing} recordings have no summary to speak; af3 summarise makes them")
    return Outcome(facts, lines)


def _check_chosen(settings: NightSettings) -> None:
    """See that each chosen recording is there; where nothing is, `derive` says so."""
    wanted = set(settings.describing.recordings)
    if not wanted:
        return
    store, found = open_store(settings.out), set[str]()
    for date in manifest_dates(Ledger(store), settings):
        for rows in rows_by_recording(store, "recordings", settings.corpus, date).values():
            found.update(_names_of(rows[0]))
    if found and (unknown := sorted(wanted - found)):
        raise ConfigurationError(
            f"--recording {unknown[0]}: not in the tables of corpus {settings.corpus} from"
            f" {settings.since} to {settings.until}; see af3 query --out {settings.out}"
            ' "SELECT object_uri FROM recordings"'
        )


JOB = Job("describe", "spoken descriptions of recordings, from their summaries and chapters", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.describe`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.describe import main as named

    raise SystemExit(named())
