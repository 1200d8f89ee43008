"""The nights that a job works on: the manifests of the interval, and their recordings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from beam_jobs.ledger import Ledger
from beam_jobs.settings import NightSettings
from schemas import layout
from schemas.records import NightManifest, Recording

Item = TypeVar("Item")

BATCH_RECORDINGS = 256
"""How many recordings the ledger is asked about at once: enough for all connections."""


def manifest_dates(ledger: Ledger, settings: NightSettings) -> list[str]:
    """Dates of the corpus within the interval that `discover` has planned, in order."""
    prefix = layout.manifest_prefix(settings.corpus)
    names = (key.removeprefix(prefix) for key in ledger.store.children(prefix))
    dates = (name.removeprefix("date=").removesuffix(".json") for name in names)
    return [date for date in dates if settings.since <= date <= settings.until]


def manifests(ledger: Ledger, settings: NightSettings) -> Iterator[NightManifest]:
    """The plans of the interval."""
    for date in manifest_dates(ledger, settings):
        manifest = ledger.manifest(settings.corpus, date)
        if manifest is not None:
            yield manifest


def recordings(found: Iterable[NightManifest]) -> Iterator[list[Recording]]:
    """The recordings of plans in batches, each recording once."""
    seen: set[str] = set()
    for manifest in found:
        fresh = [r for r in manifest.recordings if r.recording_id not in seen]
        seen.update(recording.recording_id for recording in fresh)
        yield from in_batches(fresh)


def in_batches(found: list[Item]) -> Iterator[list[Item]]:
    """Lists of at most BATCH_RECORDINGS."""
    for first in range(0, len(found), BATCH_RECORDINGS):
        yield found[first : first + BATCH_RECORDINGS]
