"""Spoken descriptions of recordings, for who listens rather than reads.

summaries, chapters ──► text ──► voice ──► descriptions/….opus, tables/descriptions

A description is made anew when its text, the voice or its revision changes. Where recordings are
chosen, the others keep the rows that they have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from af3core.errors import ConfigurationError
from af3core.storage.address import open_store
from beam_jobs.derived import Derivation, Made, Piece, Row, derive, rows_by_recording
from beam_jobs.descriptions.sound import SOUND_VERSION, loaded_voice, spoken, spoken_by
from beam_jobs.descriptions.telling import TELLING_VERSION, ToldChapter, told
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.manifests import manifest_dates
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.description_tables import DESCRIPTIONS
from schemas.identity import configuration_hash

WITHOUT_SUMMARY = "recordings_without_summary"


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
        yield _piece(settings, date, row, _identity(settings, recording_id, telling), telling)


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


def _identity(settings: NightSettings, recording_id: str, telling: Telling | None) -> str:
    if telling is None:
        return configuration_hash([recording_id, WITHOUT_SUMMARY])
    voice = settings.describing.voice
    versions = [TELLING_VERSION, SOUND_VERSION]
    return configuration_hash([recording_id, telling, voice, spoken_by(voice), versions])


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
    name = settings.describing.voice
    voice, known = loaded_voice(name), spoken_by(name)
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
        "sound_uri": key,
        "duration_ms": found.duration_ms,
        "first_audio_ms": found.first_audio_ms,
        "real_time_factor": found.real_time_factor,
        "flags": list(telling.flags),
    }


DERIVATION = Derivation("describe", (DESCRIPTIONS,), pieces, make)


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Speak what is missing; replace the interval's descriptions.

    Raises:
        ConfigurationError: no such voice, or no such recording.
    """
    _check_chosen(settings)
    loaded_voice(settings.describing.voice)
    outcome = derive(DERIVATION, settings, beam_arguments)
    if missing := outcome.facts.get(WITHOUT_SUMMARY):
        hint = f"{missing} recordings have no summary to speak; af3 summarise makes them"
        return Outcome(outcome.facts, [*outcome.lines, hint])
    return outcome


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
