"""Recordings that an earlier release heard otherwise than this one would, by what the ledger says.

Releases before tracks and channels were chosen heard the first track, mixed by a layout that FFmpeg
guesses from the number of channels, and placed its first sample at 0:00.
"""

from __future__ import annotations

from pathlib import Path

from af3core.audio.open_media import open_media
from af3core.audio.probe import probe
from af3core.audio.tracks import default_track
from af3core.errors import Af3Error
from af3core.storage.address import is_bucket
from beam_jobs.night.silent_recordings import is_nothing_heard
from schemas.object_names import path_of_text
from schemas.records import Failure, MediaTrack, Recording, SegmentedRecording

_MAY_CANCEL_DBFS = -30.0
"""Stereo with an inverted channel leaves what a codec changed: 30 dB and more below the sound."""
_STEREO = 2
_LATE_MS = 100
"""What a player's clock moves by more than an encoder's delay."""
_TIMELINE_FLAGS = {"timeline_suspect", "damaged"}


def recut_reason(
    recording: Recording, cut: SegmentedRecording | None, failed: Failure | None
) -> str:
    """Why this release would hear a recording otherwise than it was; empty where it would not.

    The tracks of a file that was planned before they were recorded are looked up, where it lies in
    a folder and is there.
    """
    channels = recording.media.channels
    if cut is None:
        undecoded = failed is not None and failed.error_class == "DecodeFailed"
        return f"{channels} channels did not decode" if undecoded and channels > _STEREO else ""
    if cut.heard is not None:
        return ""
    tracks = recording.media.tracks or _tracks_of_file(recording)
    if len(tracks) > 1:
        default = default_track(tracks)
        return f"track 0 of {len(tracks)} was heard, the default is {default}"
    if channels > _STEREO:
        return f"{channels} channels were mixed by a guessed layout"
    if channels == _STEREO and is_nothing_heard(cut):
        return "nothing was heard of two channels, which may cancel each other"
    if channels == _STEREO and _peak_dbfs(cut) < _MAY_CANCEL_DBFS:
        return f"peak at {_peak_dbfs(cut):.0f} dBFS: its two channels may cancel each other"
    if cut.gap_ms is None and (offset_ms := _start_offset_ms(recording)) >= _LATE_MS:
        return f"its sound begins {offset_ms / 1000:.1f} s after the picture or another track"
    if doubts := sorted(_TIMELINE_FLAGS & set(cut.flags)):
        return f"its times were in doubt ({', '.join(doubts)})"
    return ""


def _peak_dbfs(cut: SegmentedRecording) -> float:
    levels = [segment.peak_dbfs for clip in cut.clips for segment in clip.segments]
    return max((level for level in levels if level is not None), default=-120.0)


def _tracks_of_file(recording: Recording) -> tuple[MediaTrack, ...]:
    if is_bucket(recording.uri):
        return ()
    try:
        return probe(Path(path_of_text(recording.uri)), recording.uri).tracks
    except Af3Error:
        return ()  # what is gone cannot be cut again


def _start_offset_ms(recording: Recording) -> int:
    """How long after the file's first track the first audio track begins, by its headers; 0 where
    they name no start, or the file is gone or lies in a bucket.
    """
    from av.error import FFmpegError

    if is_bucket(recording.uri):
        return 0
    try:
        with open_media(Path(path_of_text(recording.uri))) as media:
            starts_s = [
                float(stream.start_time * stream.time_base)
                for stream in (media.streams.audio[0], *media.streams)
                if stream.start_time is not None and stream.time_base is not None
            ]
    except (FFmpegError, OSError, IndexError):
        return 0
    return round((starts_s[0] - min(starts_s)) * 1000) if starts_s else 0
