"""What is done, and what failed: one object per finished piece of work, written when it is done.

A key is content and configuration (`schemas.identity`): a finished night asks nothing again, a
killed one goes on, another prompt or model is another key. The same key is never written with
another result by a correct worker, so that two workers on one key do no harm.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from af3core.errors import Af3Error
from beam_jobs.storage import FolderStore
from schemas import layout
from schemas.identity import canonical_json, configuration_hash
from schemas.records import (
    AnnotatedClip,
    Failure,
    MediaInfo,
    NightManifest,
    Record,
    SegmentedRecording,
)
from schemas.reports import AuditCounts, JobReport, MeasuredRate

MAX_ATTEMPTS = 3
"""How often a failure that may pass is tried, over all runs."""


class LedgerError(Af3Error):
    """A ledger object that cannot be read."""


@dataclass(frozen=True)
class Ledger:
    """Typed reads and writes of ledger objects in a store."""

    store: FolderStore

    def manifest(self, corpus: str, date: str) -> NightManifest | None:
        value = self._read(layout.manifest_key(corpus, date))
        return None if value is None else NightManifest.from_json(value)

    def put_manifest(self, manifest: NightManifest) -> None:
        self._write(layout.manifest_key(manifest.corpus, manifest.date), manifest)

    def media(self, content_sha256: str) -> MediaInfo | None:
        value = self._read(layout.probed_key(content_sha256))
        return None if value is None else MediaInfo.from_json(value)

    def put_media(self, content_sha256: str, media: MediaInfo) -> None:
        self._write(layout.probed_key(content_sha256), media)

    def segmented(self, recording: str, segmentation_hash: str) -> SegmentedRecording | None:
        value = self._read(layout.segmented_key(recording, segmentation_hash))
        return None if value is None else SegmentedRecording.from_json(value)

    def put_segmented(self, segmented: SegmentedRecording) -> None:
        key = layout.segmented_key(segmented.recording_id, segmented.segmentation_hash)
        self._write(key, segmented)

    def failed(self, stage: str, work_key: str) -> Failure | None:
        value = self._read(layout.failed_key(stage, work_key))
        return None if value is None else Failure.from_json(value)

    def put_failed(self, work_key: str, failure: Failure) -> None:
        self._write(layout.failed_key(failure.stage, work_key), failure)

    def annotated(self, clip: str) -> list[AnnotatedClip]:
        """All that is known of a clip, one entry per group of tasks that was asked together."""
        keys = self.store.list(layout.annotated_prefix(clip))
        found = (self._read(key) for key in keys)
        return [AnnotatedClip.from_json(value) for value in found if value is not None]

    def rate(self, corpus: str) -> MeasuredRate | None:
        value = self._read(layout.rate_key(corpus))
        return None if value is None else MeasuredRate.from_json(value)

    def put_rate(self, corpus: str, rate: MeasuredRate) -> None:
        self._write(layout.rate_key(corpus), rate)

    def audit(self, corpus: str, date: str) -> AuditCounts | None:
        value = self._read(layout.audit_key(corpus, date))
        return None if value is None else AuditCounts.from_json(value)

    def put_audit(self, corpus: str, date: str, counts: AuditCounts) -> None:
        self._write(layout.audit_key(corpus, date), counts)

    def report(self, corpus: str, run_id: str, job: str) -> JobReport | None:
        value = self._read(layout.report_key(corpus, run_id, job))
        return None if value is None else JobReport.from_json(value)

    def put_annotated(self, annotated: AnnotatedClip) -> None:
        """Store the answers of a clip under the identity of what was asked."""
        asked = [(a.segment_id, a.task_hash, 0) for a in annotated.annotations]
        asked += [(f.segment_id, f.task_hash, f.attempts) for f in annotated.failures]
        key = layout.annotated_key(annotated.clip_id, configuration_hash(sorted(asked)))
        self._write(key, annotated)

    def _read(self, key: str) -> dict[str, object] | None:
        data = self.store.read(key)
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
        return value

    def _write(self, key: str, record: Record) -> None:
        self.store.write(key, canonical_json(record.to_json()).encode())


def given_up(failures: Iterable[Failure]) -> bool:
    """True where trying again is pointless: the input is at fault, or it was tried enough."""
    return any(f.permanent or f.attempts >= MAX_ATTEMPTS for f in failures)
