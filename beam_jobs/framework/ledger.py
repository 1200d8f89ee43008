"""What is done, and what failed: one object per finished piece of work, written when it is done.

A key is content and configuration (`schemas.identity`): a finished night asks nothing again, a
killed one goes on, another prompt or model is another key. Results are created and never replaced:
of two workers on one key the first is kept, and a worker that comes back from the dead changes
nothing. What may be replaced says by itself which state is the newer one.

A damaged object stands for no work: a line on stderr names it, its recording waits, and the work
that is done anew replaces it. Manifests, configurations and audits, which nothing goes on without,
stop with the line instead, and so does an object that needs a newer release.

Reads are by many keys at once: in a bucket each is a request.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from af3core.errors import Af3Error
from af3core.messages import tell
from af3core.storage.store import Store, update
from beam_jobs.framework.failures import progress_of
from beam_jobs.framework.withdrawn import withdrawals
from beam_jobs.framework.withdrawn_rows import with_withdrawn, without_withdrawn
from beam_jobs.output.next_command import af3
from schemas import layout
from schemas.corpus_records import CorpusEntry, CorpusSpeakers
from schemas.identity import canonical_json, configuration_hash, recording_id
from schemas.record_format import (
    Record,
    RecordError,
    parse_json,
    stored_bytes,
    stored_json,
    unknown_keys,
)
from schemas.records import (
    AnnotatedClip,
    CorpusTasks,
    CutOfSound,
    DerivedRows,
    ExaminedObject,
    Failure,
    FinishedDay,
    FirstOfSound,
    MediaInfo,
    NightConfiguration,
    NightManifest,
    Recording,
    RecordingSound,
    RetryRequest,
    SegmentedRecording,
)
from schemas.reports import AuditCounts, JobReport, ListingFindings, MeasuredRate


def _plan_again() -> str:
    return f"run {af3('plan')} over its day again"


def _ask_again() -> str:
    return f"remove it, then run {af3('plan')} with all tasks and {af3('annotate')} again"


def _restore(stage: str) -> str:
    return (
        "restore it from a backup, or remove all entries beside it: what they hold of the corpus"
        f" is then made anew, under other names, by {af3(stage)}"
    )


def _name_again() -> str:
    return f"remove it, then give the names again with {af3('speakers')} --name"


RecordT = TypeVar("RecordT", bound=Record)


class LedgerError(Af3Error):
    """A ledger object that cannot be read."""


class DamagedObject(LedgerError):
    """Its bytes are no record of its kind, in whatever release."""


@dataclass(frozen=True)
class Ledger:
    """Typed reads and writes of ledger objects in a store."""

    store: Store

    def manifest(self, corpus: str, date: str) -> NightManifest | None:
        """The plan of a day, without what is withdrawn.

        Raises:
            LedgerError: it is damaged.
            StorageError: what is withdrawn cannot be told.
        """
        return self._shown(self.stored_manifest(corpus, date))

    def stored_manifest(self, corpus: str, date: str) -> NightManifest | None:
        """The plan of a day as it is stored, for what removes or restores something of it.

        Raises:
            LedgerError: it is damaged.
        """
        return self._one(NightManifest, layout.manifest_key(corpus, date), _plan_again())

    def earlier_manifest(self, corpus: str, date: str) -> NightManifest | None:
        """The plan of a day, to be planned again, without what is withdrawn: None where it is
        damaged.
        """
        key = layout.manifest_key(corpus, date)
        return self._shown(self._known(NightManifest, key, self.store.read(key)))

    def manifests(self, corpus: str, dates: Sequence[str]) -> list[NightManifest | None]:
        """The plans of days, without what is withdrawn."""
        keys = [layout.manifest_key(corpus, date) for date in dates]
        return [self._shown(found) for found in self._many(NightManifest, keys)]

    def _shown(self, manifest: NightManifest | None) -> NightManifest | None:
        return manifest and without_withdrawn(manifest, withdrawals(self.store))

    def put_manifest(self, manifest: NightManifest) -> None:
        """Keep the plan of a day, whatever is there."""
        key = layout.manifest_key(manifest.corpus, manifest.date)
        self.store.write(key, stored_bytes(manifest))

    def replace_manifest(self, manifest: NightManifest, stamp: str | None) -> bool:
        """Keep the plan of a day if the one that is there still has the stamp; else False: another
        run planned the day meanwhile. A stamp that was read before the archive was listed makes
        the later listing stay, and no clock decides. What is withdrawn of it stays in it, unseen.
        """
        key = layout.manifest_key(manifest.corpus, manifest.date)
        held = self.store.read(key) if stamp else None
        known = self._known(NightManifest, key, held)
        if known is not None:
            manifest = with_withdrawn(manifest, known, withdrawals(self.store))
        value = stored_json(manifest) if known is None else written_back(manifest, held)
        return self.store.replace(key, _as_bytes(value), stamp) is not None

    def change_manifest(
        self, corpus: str, date: str, change: Callable[[NightManifest], NightManifest]
    ) -> None:
        """Change the plan of a day, where there is one; no other run's change is lost."""
        key = layout.manifest_key(corpus, date)

        def changed(held: bytes | None) -> bytes | None:
            known = self._known(NightManifest, key, held)
            return None if known is None else _as_bytes(written_back(change(known), held))

        update(self.store, key, changed)

    def finished(self, corpus: str, date: str) -> FinishedDay | None:
        """What a day was published of last; None where that is not known."""
        return self._cached(FinishedDay, layout.finished_key(corpus, date))

    def put_finished(self, corpus: str, date: str, finished: FinishedDay) -> None:
        self.store.write(layout.finished_key(corpus, date), stored_bytes(finished))

    def report_finished(self, corpus: str, date: str, run_id: str) -> None:
        """Say that the run which published a day last went on to its end."""

        def reported(held: bytes | None) -> bytes | None:
            known = self._known(FinishedDay, layout.finished_key(corpus, date), held)
            if known is None or known.run_id != run_id or known.is_reported:
                return None
            return _as_bytes(_with_unknown_keys(replace(known, is_reported=True), held))

        update(self.store, layout.finished_key(corpus, date), reported)

    def listing(self, corpus: str, run_id: str) -> ListingFindings | None:
        key = layout.listing_key(corpus, run_id)
        return self._one(ListingFindings, key, _plan_again())

    def put_listing(self, corpus: str, run_id: str, findings: ListingFindings) -> None:
        self.store.write(layout.listing_key(corpus, run_id), stored_bytes(findings))

    def configuration(self, identity: str) -> NightConfiguration | None:
        """The options that a day was planned with.

        Raises:
            LedgerError: they are damaged.
        """
        return self._one(NightConfiguration, layout.configuration_key(identity), _plan_again())

    def put_configuration(self, identity: str, configuration: NightConfiguration) -> None:
        self._keep(layout.configuration_key(identity), configuration)

    def corpus_tasks(self, corpus: str) -> CorpusTasks:
        """What the corpus was asked so far.

        Raises:
            LedgerError: it cannot be read.
        """
        held = self._one(CorpusTasks, layout.corpus_tasks_key(corpus), _ask_again())
        return held or CorpusTasks()

    def change_corpus_tasks(
        self, corpus: str, change: Callable[[CorpusTasks], CorpusTasks]
    ) -> None:
        """Keep what `change` makes of the corpus's tasks; where that is the same, nothing."""
        key = layout.corpus_tasks_key(corpus)

        def changed(held: bytes | None) -> bytes | None:
            known = self._parsed(CorpusTasks, key, held, _ask_again()) if held else CorpusTasks()
            new = change(known)
            if new == known:
                return None
            return _as_bytes(_with_unknown_keys(new, held))

        update(self.store, key, changed)

    def media(self, content_sha256: str) -> MediaInfo | None:
        return self._cached(MediaInfo, layout.probed_key(content_sha256))

    def put_media(self, content_sha256: str, media: MediaInfo) -> None:
        self._keep(layout.probed_key(content_sha256), media)

    def sound(self, content_sha256: str) -> RecordingSound | None:
        return self._cached(RecordingSound, layout.sound_key(content_sha256))

    def put_sound(self, content_sha256: str, sound_sha256: str) -> RecordingSound:
        """Keep which sound a content holds, and where it was met first."""
        same_as, recording = "", recording_id(content_sha256)
        if sound_sha256:
            key = layout.first_of_sound_key(sound_sha256)
            if not self.store.create(key, stored_bytes(FirstOfSound(recording))):
                first = self._cached(FirstOfSound, key)
                same_as = first.recording_id if first and first.recording_id != recording else ""
        sound = RecordingSound(sound_sha256, same_as)
        self._keep(layout.sound_key(content_sha256), sound)
        return sound

    def examined(self, identity: str) -> ExaminedObject | None:
        return self._cached(ExaminedObject, layout.object_key(identity))

    def cut_of_sound(self, sound_sha256: str, segmentation_hash: str) -> str:
        """The recording whose cut is that of the sound, where it is another than the sound's first;
        else empty.
        """
        held = self._cached(CutOfSound, layout.cut_of_sound_key(sound_sha256, segmentation_hash))
        return held.recording_id if held else ""

    def put_cut_of_sound(
        self, sound_sha256: str, segmentation_hash: str, recording_id: str
    ) -> None:
        """Keep whose cut is that of the sound, for the holder of the sound's claim."""
        key = layout.cut_of_sound_key(sound_sha256, segmentation_hash)
        self.store.write(key, stored_bytes(CutOfSound(recording_id)))

    def put_examined(self, identity: str, examined: ExaminedObject) -> None:
        self._keep(layout.object_key(identity), examined)

    def segmented(
        self, recordings: Sequence[str], segmentation_hash: str
    ) -> list[SegmentedRecording | None]:
        keys = [layout.segmented_key(recording, segmentation_hash) for recording in recordings]
        return self._many(SegmentedRecording, keys)

    def put_segmented(self, segmented: SegmentedRecording) -> None:
        """Keep the cut, unless one is there that was made under the same or a later request."""
        key = layout.segmented_key(segmented.recording_id, segmented.segmentation_hash)
        if not segmented.retry:
            self._keep(key, segmented)
            return

        def newer(held: bytes | None) -> bytes | None:
            known = self._known(SegmentedRecording, key, held)
            return None if known and known.retry >= segmented.retry else stored_bytes(segmented)

        update(self.store, key, newer)

    def retries(self, stage: str) -> dict[str, int]:
        """The number of the last request to try again (`af3 retry`), by work key; one listing."""
        prefix = layout.retry_prefix(stage)
        keys = self.store.children(prefix)
        found = self._many(RetryRequest, keys)
        return {request.work_key: request.number for request in found if request}

    def put_retry(self, request: RetryRequest) -> None:
        """Ask for work to be done again; an earlier request keeps its number."""
        key = layout.retry_key(request.stage, request.work_key)

        def newer(held: bytes | None) -> bytes | None:
            known = self._known(RetryRequest, key, held)
            return None if known and known.number >= request.number else stored_bytes(request)

        update(self.store, key, newer)

    def failed(self, stage: str, work_keys: Sequence[str]) -> list[Failure | None]:
        return self._many(Failure, [layout.failed_key(stage, key) for key in work_keys])

    def put_failed(self, work_key: str, failure: Failure) -> None:
        """Keep the failure, unless a later attempt's is there; what waits is known by its newest
        cause."""
        key = layout.failed_key(failure.stage, work_key)

        def later(held: bytes | None) -> bytes | None:
            known = self._known(Failure, key, held)
            if known is None:
                return stored_bytes(failure)
            if progress_of(known) > progress_of(failure):
                return None
            return _as_bytes(_with_unknown_keys(failure, held))

        update(self.store, key, later)

    def annotated(self, recordings: Sequence[str]) -> list[dict[str, list[AnnotatedClip]]]:
        """All that is known of each recording, by clip: one entry per group of tasks that was
        asked together.
        """
        by_recording = self.annotated_keys(recordings)
        keys = [key for found in by_recording for key in found]
        entries = iter(self._many(AnnotatedClip, keys))
        known: list[dict[str, list[AnnotatedClip]]] = []
        for found in by_recording:
            by_clip: dict[str, list[AnnotatedClip]] = {}
            for key in found:
                if (entry := next(entries)) is not None:
                    by_clip.setdefault(layout.clip_of_annotated_key(key), []).append(entry)
            known.append(by_clip)
        return known

    def annotated_keys(self, recordings: Sequence[str]) -> list[list[str]]:
        """The keys of each recording's answers."""
        return list(self.store.walk([layout.annotated_prefix(r) for r in recordings]))

    def annotated_clip(self, recording: str, clip: str) -> list[AnnotatedClip]:
        """All that is known of one clip, for the holder of its claim.

        What is damaged is taken away: its questions are asked with others now, and their answers
        have another key.
        """
        keys = self.store.children(layout.annotated_clip_prefix(recording, clip))
        entries = self._many(AnnotatedClip, keys)
        for key, entry in zip(keys, entries, strict=True):
            if entry is None and self._is_damaged(AnnotatedClip, key, self.store.read(key)):
                self.store.delete(key)
        return [entry for entry in entries if entry is not None]

    def put_annotated(self, annotated: AnnotatedClip) -> None:
        """Store the answers of a clip under the identity of what was asked."""
        asked = [(a.segment_id, a.task_hash, 0) for a in annotated.annotations]
        asked += [(f.segment_id, f.task_hash, f.attempts) for f in annotated.failures]
        group = configuration_hash(sorted(asked))
        key = layout.annotated_key(annotated.recording_id, annotated.clip_id, group)
        self._keep(key, annotated)

    def derived(self, keys: Sequence[str]) -> list[DerivedRows | None]:
        return self._many(DerivedRows, keys)

    def put_derived(self, key: str, rows: DerivedRows) -> None:
        self._keep(key, rows)

    def change_derived(self, key: str, change: Callable[[DerivedRows], DerivedRows | None]) -> None:
        """Keep what `change` makes of a piece's rows, where there are any; None leaves them."""

        def changed(held: bytes | None) -> bytes | None:
            known = self._known(DerivedRows, key, held)
            new = change(known) if known else None
            return None if new is None else _as_bytes(_with_unknown_keys(new, held))

        update(self.store, key, changed)

    def corpus_log(self, stage: str, corpus: str) -> list[CorpusEntry]:
        """All entries of a corpus's log, in order.

        Raises:
            LedgerError: one is damaged or missing.
        """
        keys = self.store.children(layout.corpus_log_prefix(stage, corpus))
        wanted = [layout.corpus_entry_key(stage, corpus, n) for n in range(1, len(keys) + 1)]
        if keys != wanted:
            lost = min(set(wanted) - set(keys))
            raise DamagedObject(f"{self.store.address(lost)}: missing; {_restore(stage)}")
        held = self.store.read_many(keys)
        return [
            self._parsed(CorpusEntry, key, data or b"", _restore(stage))
            for key, data in zip(keys, held, strict=True)
        ]

    def append_to_corpus_log(self, number: int, entry: CorpusEntry) -> bool:
        """Keep an entry under its number; False where another run was first."""
        key = layout.corpus_entry_key(entry.stage, entry.corpus, number)
        return self.store.create(key, stored_bytes(entry))

    def change_corpus_entry(
        self, stage: str, corpus: str, number: int, change: Callable[[CorpusEntry], CorpusEntry]
    ) -> None:
        """Keep what `change` makes of an entry; where that is the same, nothing."""
        key = layout.corpus_entry_key(stage, corpus, number)

        def changed(held: bytes | None) -> bytes | None:
            known = self._parsed(CorpusEntry, key, held or b"", _restore(stage))
            new = change(known)
            return None if new == known else _as_bytes(_with_unknown_keys(new, held))

        update(self.store, key, changed)

    def corpus_speakers(self, corpus: str) -> CorpusSpeakers:
        """What people said of the voices of a corpus.

        Raises:
            LedgerError: it cannot be read.
        """
        key = layout.corpus_speakers_key(corpus)
        return self._one(CorpusSpeakers, key, _name_again()) or CorpusSpeakers()

    def change_corpus_speakers(
        self, corpus: str, change: Callable[[CorpusSpeakers], CorpusSpeakers]
    ) -> None:
        """Keep what `change` makes of it; where that is the same, nothing."""
        key = layout.corpus_speakers_key(corpus)

        def changed(held: bytes | None) -> bytes | None:
            known = self._parsed(CorpusSpeakers, key, held, _name_again()) if held else None
            new = change(known or CorpusSpeakers())
            if new == (known or CorpusSpeakers()):
                return None
            return _as_bytes(_with_unknown_keys(new, held))

        update(self.store, key, changed)

    def rate(self, corpus: str) -> MeasuredRate | None:
        return self._cached(MeasuredRate, layout.rate_key(corpus))

    def put_rate(self, corpus: str, rate: MeasuredRate) -> None:
        self.store.write(layout.rate_key(corpus), stored_bytes(rate))

    def audit(self, corpus: str, date: str) -> AuditCounts | None:
        """What the last audit of a day counted.

        Raises:
            LedgerError: it is damaged.
        """
        return self._one(AuditCounts, layout.audit_key(corpus, date), f"run {af3('audit')} again")

    def put_audit(self, corpus: str, date: str, counts: AuditCounts) -> None:
        self.store.write(layout.audit_key(corpus, date), stored_bytes(counts))

    def report(self, corpus: str, run_id: str, job: str) -> JobReport | None:
        return self._cached(JobReport, layout.report_key(corpus, run_id, job))

    def _one(self, kind: type[RecordT], key: str, remedy: str) -> RecordT | None:
        data = self.store.read(key)
        return None if data is None else self._parsed(kind, key, data, remedy)

    def _many(self, kind: type[RecordT], keys: Sequence[str]) -> list[RecordT | None]:
        held = self.store.read_many(keys)
        return [self._known(kind, key, data) for key, data in zip(keys, held, strict=True)]

    def _cached(self, kind: type[RecordT], key: str) -> RecordT | None:
        """None where it cannot be read, for whatever reason: it is made anew."""
        try:
            return self._known(kind, key, self.store.read(key))
        except LedgerError as error:
            _say(str(error))
            return None

    def _known(self, kind: type[RecordT], key: str, data: bytes | None) -> RecordT | None:
        """None where there is nothing, or nothing but damage."""
        if data is None:
            return None
        try:
            return self._parsed(kind, key, data, "it counts as missing and is made anew")
        except DamagedObject as error:
            _say(str(error))
            return None

    def _keep(self, key: str, record: Record) -> None:
        """Create the object; the first writer wins, unless what it wrote is damaged."""
        data = stored_bytes(record)
        if self.store.create(key, data):
            return

        def mended(held: bytes | None) -> bytes | None:
            damaged = held is None or self._is_damaged(type(record), key, held)
            return data if damaged else None

        update(self.store, key, mended)

    def _is_damaged(self, kind: type[Record], key: str, data: bytes | None) -> bool:
        try:
            if data is not None:
                self._parsed(kind, key, data, "")
        except DamagedObject:
            return True
        except LedgerError:
            pass  # of a newer release: not ours to mend
        return False

    def _parsed(self, kind: type[RecordT], key: str, data: bytes, remedy: str) -> RecordT:
        try:
            return kind.from_bytes(data)
        except RecordError as error:
            line = f"{self.store.address(key)}: {error}"
            if error.needed_release:
                raise LedgerError(line) from error
            raise DamagedObject(f"{line}; {remedy}") from error


def written_back(manifest: NightManifest, held: bytes | None) -> dict[str, Any]:
    """A plan with what a newer release stored in the one that it replaces: beside its fields, and
    of recordings that are as they were.
    """
    before = parse_json(held or b"{}")
    by_id = {each["recording_id"]: each for each in before["recordings"]}
    value = stored_json(manifest)
    for recording, stored in zip(manifest.recordings, value["recordings"], strict=True):
        earlier = by_id.get(recording.recording_id)
        if earlier and Recording.from_json(earlier) == recording:
            stored |= unknown_keys(Recording, earlier)
    return unknown_keys(NightManifest, before) | value


def _with_unknown_keys(record: Record, held: bytes | None) -> dict[str, Any]:
    """A record with what a newer release stored beside the fields of the one that it replaces."""
    return unknown_keys(type(record), parse_json(held or b"{}")) | stored_json(record)


def _as_bytes(value: dict[str, Any]) -> bytes:
    return canonical_json(value).encode()


@functools.lru_cache(maxsize=1024)
def _say(line: str) -> None:
    """Once per process: an object is read by several steps."""
    tell(line)


def pack_vector(vector: npt.NDArray[np.float32]) -> str:
    """A vector for the ledger: little-endian float32 in base64, a third of its JSON."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def unpack_vector(packed: str | None) -> npt.NDArray[np.float32] | None:
    """The vector back."""
    return None if packed is None else np.frombuffer(base64.b64decode(packed), "<f4")
