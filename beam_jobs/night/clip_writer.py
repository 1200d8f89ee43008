"""The clips of one recording: written as they are cut, and taken away where it is refused."""

from __future__ import annotations

import functools

from af3core.audio.clip_file import encode_flac
from af3core.audio.clip_stream import CutClip, CutSegment
from beam_jobs.framework.ledger import Ledger
from schemas import identity, layout
from schemas.records import Clip, Segment


class ClipWriter:
    """Writes clips under their names.

    Where a recording is cut again on request, a stretch that sounds as it did stays the same clip,
    with its answers. One that sounds otherwise is another clip under another name, so that it is
    asked anew, and what was cut before stays as it was.

    Args:
        ledger: whose store takes the clips.
        recording_id, segmentation_hash: whose clips they are, and how they are cut.
        retry: the number of the request to cut it again; 0: there is none.
    """

    def __init__(
        self, ledger: Ledger, recording_id: str, segmentation_hash: str, retry: int
    ) -> None:
        self._ledger, self._store = ledger, ledger.store
        self._cut_as = (recording_id, segmentation_hash)
        self._retry = retry
        self._written: set[str] = set()

    @functools.cached_property
    def _before(self) -> dict[tuple[int, int, int | None], Clip]:
        """The clips of an earlier cut, by their place."""
        recording_id, segmentation_hash = self._cut_as
        [held] = self._ledger.segmented([recording_id], segmentation_hash)
        return {(c.start_ms, c.end_ms, c.channel): c for c in (held.clips if held else ())}

    def write(self, cut: CutClip, channel: int | None, tracks: tuple[int, ...]) -> Clip:
        """Write a clip, unless it is there already; gives its record.

        Args:
            channel: of which alone it is; None where all are heard.
            tracks: that are heard.
        """
        data = encode_flac(cut.samples)
        clip = self._named(cut, channel, tracks, 0)
        if self._retry:
            before = self._before.get((cut.start_ms, cut.end_ms, channel), clip)
            held = self._store.read(before.clip_uri)
            if held == data:
                return _record(clip.recording_id, cut, channel, before.clip_id, before.clip_uri)
            if held is not None:
                clip = self._named(cut, channel, tracks, self._retry)
        self._written.add(clip.clip_uri)
        self._store.write(clip.clip_uri, data)
        return clip

    def remove(self) -> None:
        """Take away what was written: no table will name it. What an earlier cut left stays."""
        kept = {clip.clip_uri for clip in self._before.values()}
        for key in sorted(self._written - kept):
            self._store.delete(key)

    def _named(
        self, cut: CutClip, channel: int | None, tracks: tuple[int, ...], retry: int
    ) -> Clip:
        span = (*self._cut_as, cut.start_ms, cut.end_ms, channel)
        clip_id = identity.clip_id(*span, tracks, retry)
        return _record(self._cut_as[0], cut, channel, clip_id, layout.clip_key(*span, retry))


def _record(
    recording_id: str, cut: CutClip, channel: int | None, clip_id: str, clip_uri: str
) -> Clip:
    return Clip(
        clip_id=clip_id,
        recording_id=recording_id,
        clip_uri=clip_uri,
        start_ms=cut.start_ms,
        end_ms=cut.end_ms,
        segments=tuple(_segment(clip_id, segment) for segment in cut.segments),
        channel=channel,
    )


def _segment(clip_id: str, segment: CutSegment) -> Segment:
    return Segment(
        segment_id=identity.segment_id(clip_id, segment.start_ms, segment.end_ms),
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        speech_ms=segment.speech_ms,
        loudness_lufs=segment.description.loudness_lufs,
        peak_dbfs=segment.description.peak_dbfs,
        spectral_centroid_hz=segment.description.spectral_centroid_hz,
        skip_reason=segment.skip_reason,
        starts_in_speech=segment.starts_in_speech,
    )
