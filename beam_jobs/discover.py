"""Job 1: list the archive for a corpus and an interval of dates, hash, probe, write the plan.

objects ──► hash and probe ──► by date ──► manifests/corpus=C/date=D.json
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator, Sequence

import apache_beam as beam

from af3core.audio.probe import probe
from af3core.errors import Af3Error, EmptyObject, TooLong, UnreadableObject
from af3core.storage.address import open_store
from beam_jobs.archive import Listing, list_archive, recording_file
from beam_jobs.job import Job, Outcome, job_main
from beam_jobs.ledger import Ledger
from beam_jobs.running import count, run_pipeline, spread
from beam_jobs.settings import NightSettings
from schemas.identity import configuration_hash, content_hash, recording_id
from schemas.records import (
    ArchiveObject,
    ExaminedObject,
    Failure,
    NightManifest,
    Recording,
)

_READ_BYTES = 1 << 20


def build(pipeline: beam.Pipeline, settings: NightSettings) -> beam.PCollection[str]:
    """The pipeline; gives the dates that it wrote a manifest for."""
    objects = pipeline | "Source" >> beam.Create([settings]) | "List" >> beam.FlatMap(found_objects)
    examined = spread(objects) | "HashAndProbe" >> beam.Map(examine, settings)
    explicit = pipeline | "Dates" >> beam.Create([(d, None) for d in settings.explicit_dates()])
    return (
        (examined | "ByDate" >> beam.Map(lambda found: (found.date, found)), explicit)
        | beam.Flatten()
        | beam.GroupByKey()
        | "Manifest" >> beam.Map(lambda pair: write_manifest(pair[0], pair[1], settings))
    )


def found_objects(settings: NightSettings) -> Iterator[ArchiveObject]:
    """The recordings of the interval; what is passed over is said on stderr."""
    listing = Listing()
    yield from list_archive(
        settings.source,
        settings.corpus,
        settings.date_from,
        settings.since,
        settings.until,
        listing,
    )
    for note in listing_notes(listing):
        print(f"af3: {note}", file=sys.stderr)


def listing_notes(listing: Listing) -> list[str]:
    """What a listing left out, one line per cause."""
    notes = []
    if listing.passed_over:
        kinds = ", ".join(f"{n} {suffix}" for suffix, n in sorted(listing.passed_over.items()))
        notes.append(f"passed over as no recordings, by name: {kinds}")
    if listing.undated:
        notes.append(
            f"{len(listing.undated)} objects without a date in their path were left out"
            f" (first: {listing.undated[0]}); use --date-from auto to date them by last change"
        )
    notes += [f"{folder}: cannot be listed; check its permissions" for folder in listing.unreadable]
    return notes


def examine(found: ArchiveObject, settings: NightSettings) -> Recording | Failure:
    """Hash and probe one object; a bad one becomes a failure."""
    ledger = Ledger(open_store(settings.out))
    try:
        examined = _examined(found, ledger)
        sha256, media = examined.content_sha256, examined.media
        limit_ms = settings.max_recording_s * 1000
        if media.declared_duration_ms and media.declared_duration_ms > limit_ms:
            raise TooLong(
                f"{found.uri}: declares {media.declared_duration_ms / 3_600_000:.1f} h, more than"
                f" the limit of {settings.max_recording_s / 3600:g} h; raise --max-recording-h"
                " or split the recording"
            )
    except Af3Error as error:
        count("failures")
        return Failure(
            stage="discover",
            uri=found.uri,
            corpus=found.corpus,
            date=found.date,
            error_class=type(error).__name__,
            message=str(error),
            attempts=1,
            permanent=error.permanent,
            run_id=settings.run_id,
        )
    count("recordings_found")
    return Recording(
        recording_id=recording_id(sha256),
        content_sha256=sha256,
        uri=found.uri,
        duplicate_uris=(),
        corpus=found.corpus,
        date=found.date,
        size_bytes=found.size_bytes,
        modified_at=found.modified_at,
        media=media,
        version=found.version,
    )


def write_manifest(
    date: str, found: Iterable[Recording | Failure | None], settings: NightSettings
) -> str:
    """Write the plan of one date; equal contents become one recording.

    Of two runs that plan one date, the plan of the later listing stays.
    """
    examined = list(found)
    manifest = NightManifest(
        corpus=settings.corpus,
        date=date,
        source=settings.source,
        run_id=settings.run_id,
        listed_at=settings.started_at,
        shards=settings.shards,
        recordings=merge_duplicates(r for r in examined if isinstance(r, Recording)),
        failures=tuple(
            sorted((f for f in examined if isinstance(f, Failure)), key=lambda f: f.uri)
        ),
    )
    Ledger(open_store(settings.out)).put_manifest(manifest)
    return date


def merge_duplicates(recordings: Iterable[Recording]) -> tuple[Recording, ...]:
    """One recording per content: the first address in order, with the others beside it."""
    by_id: dict[str, Recording] = {}
    for recording in sorted(recordings, key=lambda r: r.uri):
        first = by_id.setdefault(recording.recording_id, recording)
        if first is not recording:
            by_id[recording.recording_id] = dataclasses.replace(
                first, duplicate_uris=(*first.duplicate_uris, recording.uri)
            )
    return tuple(by_id[key] for key in sorted(by_id))


def _examined(found: ArchiveObject, ledger: Ledger) -> ExaminedObject:
    """What an object holds; a bucket's object in a state that was seen before is not fetched."""
    if found.size_bytes == 0:
        raise EmptyObject(f"{found.uri}: the object is empty (0 bytes); upload it again")
    state = configuration_hash([found.uri, found.version]) if found.version else ""
    examined = ledger.examined(state) if state else None
    if examined is None:
        examined = _read(found, ledger)
        if state:
            ledger.put_examined(state, examined)
    return examined


def _read(found: ArchiveObject, ledger: Ledger) -> ExaminedObject:
    with recording_file(found) as path:
        try:
            with path.open("rb") as file:
                sha256 = content_hash(iter(lambda: file.read(_READ_BYTES), b""))
        except OSError as error:
            raise UnreadableObject(
                f"{found.uri}: cannot be read ({error.strerror}); check its permissions"
            ) from error
        media = ledger.media(sha256)
        if media is None:
            media = probe(path, found.uri)
            ledger.put_media(sha256, media)
    return ExaminedObject(sha256, media)


def run(settings: NightSettings, beam_arguments: Sequence[str] = ()) -> Outcome:
    """Run the pipeline; gives its counters."""
    return Outcome.of_counters(run_pipeline(build, settings, beam_arguments))


JOB = Job("discover", "list, hash and probe the archive of an interval", run)


def main(arguments: list[str] | None = None) -> int:
    """`python -m beam_jobs.discover`."""
    return job_main(JOB, arguments)


if __name__ == "__main__":
    # by its real name, so that workers find the functions
    from beam_jobs.discover import main as named

    raise SystemExit(named())
