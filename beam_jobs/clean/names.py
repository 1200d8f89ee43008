"""What names objects of an output: its plans with their options, and its published tables.

Absence is no name: where a day is published and its plan or some of its shards are not there, or
cannot be read, nothing is told from what is left, and nothing is removed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from af3core.audio.cut_points import segmentation_of
from af3core.errors import Af3Error
from af3core.storage.store import Store, StoredObject
from beam_jobs.clean.inventory import Name
from beam_jobs.clean.object_kinds import Kind, place_of
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.table_snapshot import TableSnapshot, list_shards
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.identity import configuration_hash
from schemas.jobs import RECORDED
from schemas.options.night import Cutting
from schemas.options.option import options_of
from schemas.record_format import RecordError
from schemas.records import CutOfSound, NightManifest, PublishedDay, SegmentedRecording
from schemas.tables.columns import Table
from schemas.tables.derived_tables import ALL_TABLES
from schemas.tables.night_tables import RECORDINGS

_OF_RECORDINGS = ("recording_id", "clip_uri", "segmentation_hash", "run_id", "sounds")
"""Columns that name objects."""
_PLANS = 64
"""Read at once: each holds all recordings of a day."""
_CUTS: tuple[Kind, ...] = ("cut", "clip")
_TABLES: dict[str, Table] = {table.name: table for table in ALL_TABLES}


class NamesLost(Af3Error):
    """What names objects is not all there: nothing may be removed."""


@dataclass
class Names:
    """The names of an output, read once and brought up to date.

    Attributes:
        store: of the output.
        settled_s: what was planned after this moment of the storage's clock may have been planned
            otherwise just before, and a run of then may publish it still: all cuts of its
            recordings stay.
        without: a corpus whose plans and tables name nothing here; empty counts all.
        manifests, published: the states of plans, and of what says how days are published, as of
            the last look.
        has_tables: whether there were any shards; releases before 0.2.0 said nothing else.
    """

    store: Store
    settled_s: float
    without: str = ""
    manifests: dict[str, str] = field(default_factory=dict)
    published: dict[str, str] = field(default_factory=dict)
    has_tables: bool = False
    _segmentations: dict[str, str] = field(default_factory=dict)

    def look(self) -> Iterator[Name]:
        """What is named that was not, or not in this state, at the last look; all of it at the
        first. What was named before counts on.

        Raises:
            NamesLost: a plan or a shard is gone, incomplete or damaged.
            StorageError: the storage is in trouble.
        """
        plans = {each.key: each for each in _plans(self.store) if self._counts(each.key)}
        manifests = {key: each.stamp for key, each in plans.items()}
        published = {
            key: stamp
            for key, stamp in self.store.states(["published/"]).items()
            if self._counts(key)
        }
        lost = sorted(self.manifests.keys() - manifests.keys())
        if lost:
            raise self._lost(lost[0], "the plan is gone since this job began")
        is_first = not self.manifests
        changed = _changed(manifests, self.manifests)
        yield from self._of_plans([plans[key] for key in changed])
        prefixes = [f"tables/{table}/" for table in _TABLES]
        if not is_first:
            moved = {layout.day_of(key) for key in _changed(published, self.published)}
            prefixes = [
                layout.partition_prefix(table, *day) for day in sorted(moved) for table in _TABLES
            ]
        snapshot = list_shards(self.store, prefixes) if prefixes else TableSnapshot(self.store, {})
        snapshot = snapshot.only(self._counts)
        days = self._tables_by_day(published if is_first else _changed(published, self.published))
        self._check_whole(snapshot, days)
        if is_first:
            self._check_planned(days, manifests)
        self.has_tables |= bool(snapshot.stamps)
        for key in snapshot.stamps:
            yield from _named_by(key, snapshot)
        self.manifests, self.published = manifests, published

    def _counts(self, key: str) -> bool:
        """Whether an object is of a corpus that counts."""
        return not self.without or f"/corpus={self.without}/" not in key.replace(".json", "/")

    def _of_plans(self, plans: Sequence[StoredObject]) -> Iterator[Name]:
        ledger = Ledger(self.store)
        shared = _cuts_of_sounds(self.store) if plans else {}
        for first in range(0, len(plans), _PLANS):
            batch = plans[first : first + _PLANS]
            held = self.store.read_many([plan.key for plan in batch])
            for plan, data in zip(batch, held, strict=True):
                try:
                    manifest = NightManifest.from_bytes(data or b"")
                except RecordError as error:
                    why = f"cannot be read ({error}); run {af3('plan')} over its day again"
                    raise self._lost(plan.key, why) from error
                segmentation = self._segmentation(plan.key, manifest, ledger)
                is_settled = plan.changed_s <= self.settled_s
                cut_as = segmentation if is_settled else ""
                yield from _of_plan(manifest, cut_as)
                yield from self._of_equal_sounds(manifest, cut_as, shared)

    def _of_equal_sounds(
        self, manifest: NightManifest, segmentation: str, shared: Mapping[str, Sequence[str]]
    ) -> Iterator[Name]:
        """The cuts of others that recordings have taken over, and those that they would take over
        while this job runs; the plan itself names neither.

        Args:
            manifest: of the plan.
            segmentation: how it cuts; empty for any way.
            shared: by sound, the objects that say whose cut is that of the sound.
        """
        copies = [r for r in manifest.recordings if r.same_sound_as or r.sound_sha256 in shared]
        if segmentation:
            keys = [layout.segmented_key(r.recording_id, segmentation) for r in copies]
        else:
            found = self.store.walk([layout.segmented_prefix(r.recording_id) for r in copies])
            keys = [key for of_one in found for key in of_one]
        yield from cuts_that_stay(self.store, keys)
        sounds = {r.sound_sha256 for r in copies}
        keys = [
            key
            for sound in sorted(sounds)
            for key in shared.get(sound, ())
            if segmentation in ("", layout.segmentation_of_key(key))
        ]
        for key, data in zip(keys, self.store.read_many(keys), strict=True):
            try:
                owner = CutOfSound.from_bytes(data or b"").recording_id
            except RecordError:
                continue  # damaged: no recording takes over what it names
            for kind in _CUTS:
                yield Name(kind, owner, layout.segmentation_of_key(key))

    def _segmentation(self, key: str, manifest: NightManifest, ledger: Ledger) -> str:
        """How the plan cuts; empty where it does not say, and any cut may be its own."""
        identity = manifest.configuration
        if not identity:
            return ""
        if identity not in self._segmentations:
            plan = ledger.configuration(identity)
            if plan is None:
                why = f"the options that it names are gone; run {af3('plan')} again"
                raise self._lost(key, why)
            self._segmentations[identity] = _segmentation_of(plan.options)
        return self._segmentations[identity]

    def _tables_by_day(self, published: Iterable[str]) -> dict[str, list[str]]:
        """The tables of days, by the key of what says that they are published."""
        days = [key for key in sorted(published) if not layout.is_replacement(key)]
        return dict(zip(days, map(_tables_of, self.store.read_many(days)), strict=True))

    def _check_whole(self, snapshot: TableSnapshot, days: Mapping[str, Sequence[str]]) -> None:
        """Each published table of a day with all of its shards."""
        shards: defaultdict[tuple[str, str, str], set[layout.Part]] = defaultdict(set)
        for key in snapshot.stamps:
            shards[layout.table_of(key), *layout.day_of(key)].add(layout.shard_of_key(key))
        for (table, corpus, date), found in shards.items():
            counts = {count for _, count in found}
            if not any(found >= {(n, count) for n in range(count)} for count in counts):
                where = layout.partition_prefix(table, corpus, date)
                raise self._lost(where, "some of its objects are not there; publish the day again")
        for key, tables in days.items():
            corpus, date = layout.day_of(key)
            for table in tables:
                if table in _TABLES and (table, corpus, date) not in shards:
                    why = f"published, and not there; publish the day again, or remove {key}"
                    raise self._lost(layout.partition_prefix(table, corpus, date), why)

    def _check_planned(self, days: Mapping[str, Sequence[str]], manifests: Collection[str]) -> None:
        """Each published night with its plan."""
        for key, tables in days.items():
            plan = layout.manifest_key(*layout.day_of(key))
            if RECORDINGS.name in tables and plan not in manifests:
                why = (
                    f"the day is published and its plan is gone; run {af3('plan')}, or remove {key}"
                )
                raise self._lost(plan, why)

    def _lost(self, key: str, why: str) -> NamesLost:
        return NamesLost(f"{self.store.address(key)}: {why}. Nothing more was removed")


def is_of_newer_release(key: str) -> bool:
    """Whether an object is a shard of a table that this release does not know."""
    is_shard = key.startswith("tables/") and layout.shard_count_of(key) is not None
    return is_shard and layout.table_of(key) not in _TABLES


def _plans(store: Store) -> Iterator[StoredObject]:
    return (one for one in store.stored("manifests/") if one.key.startswith("manifests/corpus="))


def _cuts_of_sounds(store: Store) -> dict[str, list[str]]:
    """By sound, the objects that say whose cut is that of the sound."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key in next(store.walk([layout.CUTS_OF_SOUNDS_PREFIX])):
        found[layout.sound_of_key(key)].append(key)
    return found


def _changed(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    return sorted(key for key, stamp in now.items() if before.get(key) != stamp)


def _of_plan(manifest: NightManifest, segmentation: str) -> Iterator[Name]:
    """What a plan names: its recordings, those whose sound they have, those that it withdrew."""
    yield Name("report", _run(manifest.corpus, manifest.run_id))
    for recording in manifest.recordings:
        for owner in filter(None, (recording.recording_id, recording.same_sound_as)):
            yield from _of_recording(owner)
            for kind in _CUTS:
                yield Name(kind, owner, segmentation)
    for gone in manifest.withdrawn:
        yield from _of_recording(gone.recording_id)


def _of_recording(recording: str) -> Iterator[Name]:
    yield Name("answers", recording)
    yield Name("derived", recording)


def _run(corpus: str, run_id: str) -> str:
    return f"{corpus}/run={run_id}"


def _segmentation_of(options: Mapping[str, object]) -> str:
    """The segmentation of recorded options; empty where a newer release recorded more."""
    known = {option.name for group in RECORDED for option in options_of(group)}
    if options.keys() - known:
        return ""
    cutting = {o.name: options[o.name] for o in options_of(Cutting) if o.name in options}
    return configuration_hash(segmentation_of(Cutting(**cutting)))  # type: ignore[arg-type]


def _tables_of(published: bytes | None) -> list[str]:
    """Which tables a day was published with; none where nobody can tell."""
    try:
        return sorted(PublishedDay.from_bytes(published).tables) if published else []
    except RecordError:
        return []


def _named_by(key: str, snapshot: TableSnapshot) -> Iterator[Name]:
    """What a shard names."""
    table = layout.table_of(key)
    wanted = [c.name for c in _TABLES[table].columns if c.name in _OF_RECORDINGS]
    if not wanted:
        return
    rows = snapshot.stored_columns(key, wanted)
    corpus, _ = layout.day_of(key)
    for run_id in _distinct(rows, "run_id"):
        yield Name("report", _run(corpus, run_id))
    for recording in _distinct(rows, "recording_id"):
        yield from _of_recording(recording)
    if "segmentation_hash" in rows.column_names and "recording_id" in rows.column_names:
        pairs = rows.select(["recording_id", "segmentation_hash"]).group_by(
            ["recording_id", "segmentation_hash"]
        )
        for pair in pairs.aggregate([]).to_pylist():
            for kind in _CUTS:
                yield Name(kind, pair["recording_id"], pair["segmentation_hash"] or "")
    yield from _of_clips(_distinct(rows, "clip_uri"))
    if "sounds" in rows.column_names:
        sounds = [sound for each in rows["sounds"].to_pylist() for sound in each or ()]
        yield from _of_clips({sound["clip_uri"] for sound in sounds})
        for recording in {sound["recording_id"] for sound in sounds}:
            yield from _of_recording(recording)


def of_cut(segmented: SegmentedRecording) -> Iterator[Name]:
    """A cut that stays keeps its clips, those of another recording's cut too."""
    for kind in _CUTS:
        yield Name(kind, segmented.recording_id, segmented.segmentation_hash)
    yield from _of_clips({clip.clip_uri for clip in segmented.clips})


def cuts_that_stay(store: Store, keys: Sequence[str]) -> Iterator[Name]:
    """What cuts keep that stay: their own clips, and those that they took over of others."""
    for key, data in zip(keys, store.read_many(keys), strict=True):
        place = place_of(key)
        if place is not None:
            for kind in _CUTS:
                yield Name(kind, place.owner, place.part)
        try:
            yield from of_cut(SegmentedRecording.from_bytes(data or b""))
        except RecordError:
            continue  # damaged: it counts as missing, and its clips are written anew


def _of_clips(keys: Collection[str]) -> Iterator[Name]:
    """A clip that is named keeps its cut, and with it the other clips of the cut."""
    pairs = {place_of(key) for key in keys}
    for place in pairs:
        if place is not None:
            for kind in _CUTS:
                yield Name(kind, place.owner, place.part)


def _distinct(rows: pa.Table, column: str) -> list[str]:
    if column not in rows.column_names or rows.num_rows == 0:
        return []
    return [str(value) for value in pc.unique(rows[column]).to_pylist() if value is not None]
