"""The nights that a job works on: the manifests of the interval, and their recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from beam_jobs.framework.ledger import Ledger
from schemas import layout
from schemas.records import NightManifest, Recording

Item = TypeVar("Item")

BATCH_RECORDINGS = 256
"""How many recordings the ledger is asked about at once: enough for all connections."""


class Nights(Protocol):
    """A corpus and an interval of its archive days; a job's settings are one."""

    @property
    def corpus(self) -> str: ...
    @property
    def since(self) -> str: ...
    @property
    def until(self) -> str: ...


class Days(NamedTuple):
    """The days of a corpus from `since` to `until`."""

    corpus: str
    since: str
    until: str


def manifest_dates(ledger: Ledger, settings: Nights) -> list[str]:
    """Dates of the corpus within the interval that `discover` has planned, in order.

    One day is looked up, however many others there are; several are listed.
    """
    if settings.since == settings.until:
        key = layout.manifest_key(settings.corpus, settings.since)
        return [settings.since] if any(ledger.store.exists([key])) else []
    keys = ledger.store.children(layout.manifest_prefix(settings.corpus))
    dates = map(layout.date_of_manifest, keys)
    return [date for date in dates if settings.since <= date <= settings.until]


def manifests(ledger: Ledger, settings: Nights) -> Iterator[NightManifest]:
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


def held_manifests(ledger: Ledger, settings: Nights) -> Callable[[], Iterable[NightManifest]]:
    """What gives the plans of the interval as often as it is called: one day's is read once and
    held, those of several days are read each time.
    """
    if settings.since != settings.until:
        return lambda: manifests(ledger, settings)
    held = list(manifests(ledger, settings))
    return lambda: held


def equal_recordings(
    read: Callable[[], Iterable[NightManifest]],
) -> Iterator[list[tuple[Recording, ...]]]:
    """The recordings of plans in batches, each once; those of one sound stand together, in the
    order of their identifiers. They come last, and only they are held in memory.

    Args:
        read: gives the plans; it is called twice.
    """
    several = {r.sound_sha256 for plan in read() for r in plan.recordings if r.same_sound_as}
    together: dict[str, list[Recording]] = {}
    for batch in recordings(read()):
        alone: list[tuple[Recording, ...]] = []
        for recording in batch:
            if recording.sound_sha256 and recording.sound_sha256 in several:
                together.setdefault(recording.sound_sha256, []).append(recording)
            else:
                alone.append((recording,))
        if alone:
            yield alone
    groups = [tuple(sorted(g, key=lambda r: r.recording_id)) for g in together.values()]
    yield from in_batches(groups)


def names_of_recording(recording_id: str, uris: Iterable[str]) -> set[str]:
    """What a person may call a recording: its identifier, its objects, their file names."""
    return {recording_id, *(name for uri in uris for name in (uri, uri.rpartition("/")[2]))}


def in_batches(found: list[Item]) -> Iterator[list[Item]]:
    """Lists of at most BATCH_RECORDINGS."""
    for first in range(0, len(found), BATCH_RECORDINGS):
        yield found[first : first + BATCH_RECORDINGS]
