"""The recordings that an output holds, by what people call them; and all that names one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from af3core.errors import StorageError
from af3core.storage.store import Store
from beam_jobs.framework.manifests import names_of_recording
from beam_jobs.framework.parquet_encoding import shard_columns
from beam_jobs.withdrawal.traces import name_of
from schemas import layout
from schemas.identity import ID_LENGTH
from schemas.record_format import RecordError
from schemas.records import NightManifest, SegmentedRecording
from schemas.tables.night_tables import RECORDINGS, SEGMENTS

_OF_RECORDING = (
    *("recording_id", "object_uri", "duplicate_uris", "content_sha256", "sound_sha256"),
    "part_uris",
)


@dataclass
class HeldRecording:
    """A recording, by all plans and tables of a corpus that have it."""

    corpus: str
    recording_id: str
    content_sha256: str
    sound_sha256: str = ""
    addresses: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class HeldRecordings:
    """All recordings of an output, of all its corpora."""

    by_place: dict[tuple[str, str], HeldRecording]

    def named(self, name: str, corpus: str) -> set[str]:
        """Identifiers of the recordings of a corpus that a person may mean by a name."""
        return {
            each.recording_id
            for each in self.by_place.values()
            if each.corpus == corpus
            and name
            in names_of_recording(each.recording_id, each.addresses) | {each.content_sha256}
        }

    def of_same_sound(self, recordings: Collection[str]) -> list[HeldRecording]:
        """Recordings and all others with the sound of one of them, in whatever corpus."""
        wanted = set(recordings)
        sounds = {
            each.sound_sha256 for each in self.by_place.values() if each.recording_id in wanted
        }
        found = (
            each
            for each in self.by_place.values()
            if each.recording_id in wanted or (each.sound_sha256 and each.sound_sha256 in sounds)
        )
        return sorted(found, key=lambda each: (each.corpus, each.recording_id))

    def other_names(self, recordings: Collection[str]) -> frozenset[str]:
        """File names of all other recordings."""
        return frozenset(
            name_of(address)
            for each in self.by_place.values()
            if each.recording_id not in recordings
            for address in each.addresses
        )


def held_recordings(store: Store) -> HeldRecordings:
    """What plans and tables of an output hold.

    Raises:
        StorageError: one cannot be read.
    """
    found: dict[tuple[str, str], HeldRecording] = {}

    def add(
        corpus: str, recording: str, content: str, sound: str, uris: Iterable[str], date: str
    ) -> None:
        held = found.setdefault((corpus, recording), HeldRecording(corpus, recording, content))
        held.sound_sha256 = held.sound_sha256 or sound
        held.addresses.update(uri for uri in uris if uri)
        held.dates.add(date)

    for manifest in _manifests(store):
        for r in manifest.recordings:
            add(
                manifest.corpus,
                r.recording_id,
                r.content_sha256,
                r.sound_sha256,
                r.uris,
                manifest.date,
            )
    for key, row in _rows(store, RECORDINGS.name, _OF_RECORDING):
        corpus, date = layout.day_of(key)
        uris = (row["object_uri"], *(row["duplicate_uris"] or ()), *(row["part_uris"] or ()))
        add(
            corpus,
            row["recording_id"],
            row["content_sha256"],
            row["sound_sha256"] or "",
            uris,
            date,
        )
    return HeldRecordings(found)


def identifiers_of(store: Store, recordings: Iterable[HeldRecording]) -> set[str]:
    """What names recordings by a hash: themselves, their sounds, their clips, their segments."""
    held = list(recordings)
    ids = {each.recording_id for each in held}
    found = ids | {each.content_sha256[:ID_LENGTH] for each in held}
    found |= {each.sound_sha256[:ID_LENGTH] for each in held if each.sound_sha256}
    found.update(_in_ledger(store, sorted(ids)))
    days = {(each.corpus, date) for each in held for date in each.dates}
    for key, row in _rows(store, SEGMENTS.name, ("recording_id", "clip_id", "segment_id")):
        if layout.day_of(key) in days and row["recording_id"] in ids:
            found |= {row["clip_id"], row["segment_id"]}
    return found


def _in_ledger(store: Store, recordings: list[str]) -> Iterator[str]:
    for keys in store.walk([layout.segmented_prefix(each) for each in recordings]):
        for data in store.read_many(keys):
            try:
                cut = SegmentedRecording.from_bytes(data or b"")
            except RecordError:
                continue  # damaged: its clips are known by their keys
            for clip in cut.clips:
                yield clip.clip_id
                yield from (segment.segment_id for segment in clip.segments)
    for recording in recordings:
        prefix = layout.annotated_prefix(recording)
        yield from (folder.rstrip("/").rpartition("/")[2] for folder in store.folders(prefix))


def _manifests(store: Store) -> Iterator[NightManifest]:
    """All plans as they are stored."""
    for corpus in layout.corpora_of(store.folders(layout.MANIFESTS_PREFIX)):
        for key in store.children(layout.manifest_prefix(corpus)):
            data = store.read(key)
            try:
                if data is not None:
                    yield NightManifest.from_bytes(data)
            except RecordError as error:
                raise StorageError(f"{store.address(key)}: {error}; plan its day again") from error


def _rows(store: Store, table: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All rows of a table as they are stored, those of withdrawn recordings too."""
    [keys] = store.walk([f"tables/{table}/"])
    for key in keys:
        if layout.shard_count_of(key):
            try:
                found = shard_columns(store, key, columns)
            except FileNotFoundError:  # replaced by shards of another count
                continue
            yield from ((key, row) for row in found.to_pylist())
