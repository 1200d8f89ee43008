"""Recordings that another day of the archive has now, or had before.

A recording is its bytes: on the new day nothing is asked again. It is published on the new day, and
then withdrawn from the old one.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from af3core.errors import Af3Error
from af3core.storage.address import is_bucket
from af3core.storage.listing import find_object
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import in_batches
from beam_jobs.night.absence import DaySummary, ListedSource
from beam_jobs.night.archive_listing import traits
from beam_jobs.night.examination import examined_object
from schemas.object_names import path_of_text
from schemas.records import ArchiveObject, NightManifest, Recording, WithdrawnRecording

_MOST_READ = 4
"""So many objects are read for one recording: where all files have one length, many look alike."""


@dataclass(frozen=True)
class Arrival:
    """A recording of a day of the interval that a day outside it had before."""

    recording_id: str
    date: str
    moved_from: str


def elsewhere_now(
    days: Iterable[DaySummary], source: ListedSource, ledger: Ledger
) -> dict[str, ArchiveObject]:
    """Objects outside the interval that hold recordings which it lacks now, by recording.

    Only what looks like one of them is read: the same size, and the same name or last change.
    """
    found: dict[str, ArchiveObject] = {}
    for gone in (recording for day in days for recording in day.gone):
        alike = [o for o in source.elsewhere if traits(o).intersection(traits(gone))]
        alike.sort(key=lambda candidate: candidate.modified_at != gone.modified_at)
        for candidate in alike[:_MOST_READ]:
            if _holds(candidate, gone, ledger):
                found[gone.recording_id] = candidate
                break
    return found


def arrivals_from(
    days: Iterable[DaySummary], others: Sequence[str], corpus: str, ledger: Ledger
) -> list[Arrival]:
    """Recordings that came from days outside the interval: their plans have them, and no object
    there holds them any more. The plans are read only where something arrived.

    Args:
        days: as they were found.
        others: planned days outside the interval.
        corpus: whose they are.
        ledger: of the corpus.
    """
    arrived = {r.recording_id: (day.date, r) for day in days for r in day.arrived}
    if not arrived:
        return []
    found = []
    for batch in in_batches(list(others)):
        for manifest in ledger.manifests(corpus, batch):
            for held in manifest.recordings if manifest else ():
                date, recording = arrived.get(held.recording_id, ("", None))
                if manifest and recording and not _is_copied(held, recording):
                    found.append(Arrival(held.recording_id, date, manifest.date))
    return found


def leave_day(ledger: Ledger, corpus: str, date: str, arrivals: Sequence[Arrival]) -> None:
    """Take recordings out of the plan of the day that had them before."""
    moved_to = {arrival.recording_id: arrival.date for arrival in arrivals}

    def change(manifest: NightManifest) -> NightManifest:
        leaving = [r for r in manifest.recordings if r.recording_id in moved_to]
        withdrawn = tuple(
            WithdrawnRecording(r.recording_id, r.uri, moved_to[r.recording_id]) for r in leaving
        )
        return dataclasses.replace(
            manifest,
            recordings=tuple(r for r in manifest.recordings if r.recording_id not in moved_to),
            withdrawn=(*manifest.withdrawn, *withdrawn),
        )

    ledger.change_manifest(corpus, date, change)


def _holds(candidate: ArchiveObject, gone: Recording, ledger: Ledger) -> bool:
    try:
        content, _ = examined_object(candidate, ledger)
    except (Af3Error, OSError):
        return False
    return content.content_sha256 == gone.content_sha256


def _is_copied(held: Recording, arrived: Recording) -> bool:
    """Whether an object of the day before still holds it."""
    return any(_exists(uri) for uri in held.uris if uri not in arrived.uris)


def _exists(uri: str) -> bool:
    return bool(find_object(uri)) if is_bucket(uri) else os.path.lexists(path_of_text(uri))
