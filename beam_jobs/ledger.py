"""What is done, and what failed: one object per finished piece of work, written when it is done.

A key is content and configuration (`schemas.identity`): a finished night asks nothing again, a
killed one goes on, another prompt or model is another key. Results are created and never replaced:
of two workers on one key the first is kept, and a worker that comes back from the dead changes
nothing. What may be replaced says by itself which state is the newer one.

Reads are by many keys at once: in a bucket each is a request.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from af3core.errors import Af3Error
from af3core.storage.store import Store, update
from schemas import layout
from schemas.identity import canonical_json, configuration_hash
from schemas.records import (
    AnnotatedClip,
    DerivedRows,
    ExaminedObject,
    Failure,
    MediaInfo,
    NightManifest,
    Record,
    SegmentedRecording,
)
from schemas.reports import AuditCounts, JobReport, MeasuredRate

MAX_ATTEMPTS = 3
"""How often a failure that may pass is tried, over all runs."""

RecordT = TypeVar("RecordT", bound=Record)


class LedgerError(Af3Error):
    """A ledger object that cannot be read."""


@dataclass(frozen=True)
class Ledger:
    """Typed reads and writes of ledger objects in a store."""

    store: Store

    def manifest(self, corpus: str, date: str) -> NightManifest | None:
        return self._one(NightManifest, layout.manifest_key(corpus, date))

    def put_manifest(self, manifest: NightManifest) -> None:
        """Keep the plan, unless that of a later listing is there; a date keeps its shards."""
        key = layout.manifest_key(manifest.corpus, manifest.date)

        def newer(held: bytes | None) -> bytes | None:
            known = self._parsed(NightManifest, key, held)
            if known is None:
                return _as_bytes(manifest)
            if known.listed_at > manifest.listed_at:
                return None
            return _as_bytes(dataclasses.replace(manifest, shards=known.shards))

        update(self.store, key, newer)

    def media(self, content_sha256: str) -> MediaInfo | None:
        return self._one(MediaInfo, layout.probed_key(content_sha256))

    def put_media(self, content_sha256: str, media: MediaInfo) -> None:
        self.store.create(layout.probed_key(content_sha256), _as_bytes(media))

    def examined(self, identity: str) -> ExaminedObject | None:
        return self._one(ExaminedObject, layout.object_key(identity))

    def put_examined(self, identity: str, examined: ExaminedObject) -> None:
        self.store.create(layout.object_key(identity), _as_bytes(examined))

    def segmented(
        self, recordings: Sequence[str], segmentation_hash: str
    ) -> list[SegmentedRecording | None]:
        keys = [layout.segmented_key(recording, segmentation_hash) for recording in recordings]
        return self._many(SegmentedRecording, keys)

    def put_segmented(self, segmented: SegmentedRecording) -> None:
        key = layout.segmented_key(segmented.recording_id, segmented.segmentation_hash)
        self.store.create(key, _as_bytes(segmented))

    def failed(self, stage: str, work_keys: Sequence[str]) -> list[Failure | None]:
        return self._many(Failure, [layout.failed_key(stage, key) for key in work_keys])

    def put_failed(self, work_key: str, failure: Failure) -> None:
        """Keep the failure, unless a later attempt's is there."""
        key = layout.failed_key(failure.stage, work_key)

        def later(held: bytes | None) -> bytes | None:
            known = self._parsed(Failure, key, held)
            return None if known and known.attempts >= failure.attempts else _as_bytes(failure)

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
        """All that is known of one clip."""
        keys = self.store.children(layout.annotated_clip_prefix(recording, clip))
        return [entry for entry in self._many(AnnotatedClip, keys) if entry is not None]

    def put_annotated(self, annotated: AnnotatedClip) -> None:
        """Store the answers of a clip under the identity of what was asked."""
        asked = [(a.segment_id, a.task_hash, 0) for a in annotated.annotations]
        asked += [(f.segment_id, f.task_hash, f.attempts) for f in annotated.failures]
        group = configuration_hash(sorted(asked))
        key = layout.annotated_key(annotated.recording_id, annotated.clip_id, group)
        self.store.create(key, _as_bytes(annotated))

    def derived(self, keys: Sequence[str]) -> list[DerivedRows | None]:
        return self._many(DerivedRows, keys)

    def put_derived(self, key: str, rows: DerivedRows) -> None:
        self.store.create(key, _as_bytes(rows))

    def rate(self, corpus: str) -> MeasuredRate | None:
        return self._one(MeasuredRate, layout.rate_key(corpus))

    def put_rate(self, corpus: str, rate: MeasuredRate) -> None:
        self.store.write(layout.rate_key(corpus), _as_bytes(rate))

    def audit(self, corpus: str, date: str) -> AuditCounts | None:
        return self._one(AuditCounts, layout.audit_key(corpus, date))

    def put_audit(self, corpus: str, date: str, counts: AuditCounts) -> None:
        self.store.write(layout.audit_key(corpus, date), _as_bytes(counts))

    def report(self, corpus: str, run_id: str, job: str) -> JobReport | None:
        return self._one(JobReport, layout.report_key(corpus, run_id, job))

    def _one(self, kind: type[RecordT], key: str) -> RecordT | None:
        return self._parsed(kind, key, self.store.read(key))

    def _many(self, kind: type[RecordT], keys: Sequence[str]) -> list[RecordT | None]:
        held = self.store.read_many(keys)
        return [self._parsed(kind, key, data) for key, data in zip(keys, held, strict=True)]

    def _parsed(self, kind: type[RecordT], key: str, data: bytes | None) -> RecordT | None:
        if data is None:
            return None
        try:
            value = json.loads(data)
            if not isinstance(value, dict):
                raise ValueError("no object")
        except ValueError as error:
            raise LedgerError(
                f"{self.store.address(key)}: damaged ledger object; delete it and run again"
            ) from error
        return kind.from_json(value)


def _as_bytes(record: Record) -> bytes:
    return canonical_json(record.to_json()).encode()


def given_up(failures: Iterable[Failure]) -> bool:
    """True where trying again is pointless: the input is at fault, or it was tried enough."""
    return any(f.permanent or f.attempts >= MAX_ATTEMPTS for f in failures)
