"""Recordings of which nothing was heard, and whether that is likely."""

from __future__ import annotations

from collections.abc import Sequence

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


def neighbours_of(recording: Recording, day: Sequence[Recording]) -> list[Recording]:
    """The recordings of a day that lie beside one in its folder, by name."""
    folder = recording.uri.rpartition("/")[0]
    beside = sorted((r for r in day if r.uri.rpartition("/")[0] == folder), key=lambda r: r.uri)
    place = [r.recording_id for r in beside].index(recording.recording_id)
    return beside[max(place - _BESIDE, 0) : place] + beside[place + 1 : place + 1 + _BESIDE]


def are_neighbours_heard(
    recording: Recording, day: Sequence[Recording], ledger: Ledger, segmentation_hash: str
) -> bool:
    """Whether the recordings beside one were heard, nearly all."""
    ids = [neighbour.recording_id for neighbour in neighbours_of(recording, day)]
    cut = [each for each in ledger.segmented(ids, segmentation_hash) if each is not None]
    heard = sum(not is_nothing_heard(each) for each in cut)
    return heard >= _FEWEST_HEARD and heard >= _HEARD_SHARE * len(cut)
