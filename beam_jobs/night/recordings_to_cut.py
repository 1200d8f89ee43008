"""Which recordings of an interval wait to be decoded and cut, by what the ledger holds of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from beam_jobs.framework.failures import given_up
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.manifests import equal_recordings, held_manifests
from beam_jobs.framework.settings import JobSettings
from schemas import identity
from schemas.records import Failure, Recording

STAGE = "segment"


class RecordingToCut(NamedTuple):
    """A recording, the number of the last request to cut it again (0: there is none), and whether
    it has failed before.
    """

    recording: Recording
    retry: int
    has_failed: bool = False


SoundToCut = tuple[RecordingToCut, ...]
"""The recordings of one sound that wait, in the order in which they are tried."""


def sounds_to_cut(settings: JobSettings) -> Iterator[SoundToCut]:
    """Recordings of the interval that wait to be cut, those of one sound together."""
    ledger = Ledger(settings.store)
    retries = ledger.retries(STAGE)
    for batch in equal_recordings(held_manifests(ledger, settings)):
        found = to_cut([r for group in batch for r in group], settings, ledger, retries)
        waiting = {each.recording.recording_id: each for each in found}
        for group in batch:
            sound = tuple(waiting[r.recording_id] for r in group if r.recording_id in waiting)
            if sound:
                yield sound


def to_cut(
    batch: Sequence[Recording], settings: JobSettings, ledger: Ledger, retries: Mapping[str, int]
) -> list[RecordingToCut]:
    """Those that the ledger neither holds under this segmentation nor has given up on, and those
    that are to be cut again.

    Args:
        retries: the requests to try again (`Ledger.retries`), by work key.
    """
    asked = [RecordingToCut(r, retries.get(work_key(r, settings), 0)) for r in batch]
    ids = [recording.recording_id for recording in batch]
    # read, not looked for: one that is damaged is cut anew
    segmented = zip(asked, ledger.segmented(ids, settings.segmentation_hash), strict=True)
    uncut = [each for each, cut in segmented if cut is None or cut.retry < each.retry]
    failed = ledger.failed(STAGE, [work_key(each.recording, settings) for each in uncut])
    return [
        each._replace(has_failed=failure is not None)
        for each, failure in zip(uncut, failed, strict=True)
        if not given_up_on(failure, each)
    ]


def given_up_on(failure: Failure | None, asked: RecordingToCut) -> bool:
    """True where the failure is final, and nobody asked to try again since."""
    return failure is not None and failure.retry >= asked.retry and given_up([failure])


def work_key(recording: Recording, settings: JobSettings) -> str:
    """The ledger's key of cutting one recording; the length limit decides failures too."""
    return identity.configuration_hash(
        [recording.recording_id, settings.segmentation_hash, settings.max_recording_s]
    )
