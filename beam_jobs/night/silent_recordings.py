"""Recordings of which nothing was heard, and whether that is likely."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence

from af3core.audio.silence import is_silence_doubted
from af3core.audio.skip_reasons import CUT_REASONS
from beam_jobs.framework.ledger import Ledger
from schemas.records import Recording, SegmentedRecording

NOTHING_HEARD = "nothing_heard"
"""Status of a recording that was cut, and all of which was skipped for that."""
SILENCE_DOUBTED = "silence_doubted"

_BESIDE, _FEWEST_HEARD, _HEARD_SHARE = 4, 3, 0.8
"""A recording's neighbours are the next four before and after it in its folder. They speak against
its silence where three and four fifths of them at least were heard."""


def is_nothing_heard(segmented: SegmentedRecording | None) -> bool:
    """Whether a recording was cut and has no segment to ask about."""
    return segmented is not None and all(
        segment.skip_reason in CUT_REASONS for clip in segmented.clips for segment in clip.segments
    )


def is_doubted(
    segmented: SegmentedRecording, silence_dbfs: float, neighbours_heard: bool = False
) -> bool:
    """Whether it is unlikely that nothing is in a recording of which nothing was heard."""
    levels = [s.peak_dbfs for clip in segmented.clips for s in clip.segments]
    levels += [track.level_dbfs for track in segmented.tracks]
    peak_dbfs = max((level for level in levels if level is not None), default=None)
    return is_silence_doubted(
        peak_dbfs, segmented.decoded_duration_ms, silence_dbfs, neighbours_heard
    )


class Neighbourhood:
    """Which recordings of a day were heard; each is read once, beside however many it lies.

    Args:
        day: all recordings of the day.
        ledger, segmentation_hash: where their cuts are, and which.
    """

    def __init__(self, day: Sequence[Recording], ledger: Ledger, segmentation_hash: str) -> None:
        self._ledger, self._segmentation_hash = ledger, segmentation_hash
        self._folders: dict[str, list[Recording]] = {}
        for recording in sorted(day, key=lambda r: r.uri):
            self._folders.setdefault(_folder_of(recording), []).append(recording)
        self._heard: dict[str, bool | None] = {}
        """By recording id; None of one that is not cut."""

    def heard_beside(
        self, cut: Sequence[tuple[Recording, SegmentedRecording | None]]
    ) -> frozenset[str]:
        """The ids of silent recordings whose neighbours were heard, nearly all.

        Args:
            cut: recordings of the day with their cuts, which are not read again.
        """
        self._note((recording.recording_id, each) for recording, each in cut)
        beside = {
            recording.recording_id: [r.recording_id for r in self.neighbours_of(recording)]
            for recording, each in cut
            if is_nothing_heard(each)
        }
        unread = sorted({i for ids in beside.values() for i in ids} - self._heard.keys())
        self._note(
            zip(unread, self._ledger.segmented(unread, self._segmentation_hash), strict=True)
        )
        return frozenset(silent for silent, ids in beside.items() if self._are_heard(ids))

    def neighbours_of(self, recording: Recording) -> list[Recording]:
        """The recordings of the day that lie beside one in its folder, by name."""
        beside = self._folders[_folder_of(recording)]
        place = bisect.bisect_left(beside, recording.uri, key=lambda r: r.uri)
        return beside[max(place - _BESIDE, 0) : place] + beside[place + 1 : place + 1 + _BESIDE]

    def _note(self, cut: Iterable[tuple[str, SegmentedRecording | None]]) -> None:
        for recording_id, each in cut:
            self._heard[recording_id] = None if each is None else not is_nothing_heard(each)

    def _are_heard(self, ids: Sequence[str]) -> bool:
        known = [self._heard[each] for each in ids if self._heard[each] is not None]
        heard = sum(map(bool, known))
        return heard >= _FEWEST_HEARD and heard >= _HEARD_SHARE * len(known)


def _folder_of(recording: Recording) -> str:
    return recording.uri.rpartition("/")[0]
