"""Pictures of segments' sound, made when they are looked at."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from af3core.audio.clip_file import read_span
from af3core.audio.spectrogram import spectrogram_png
from af3core.errors import InvalidAudio
from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, rows_of
from beam_jobs.browse.data.clip_bytes import ID, checked_key
from beam_jobs.browse.data.lru import LruCache
from beam_jobs.browse.http.refusal import Refusal
from schemas.identity import configuration_hash

WIDTHS_PX = (16, 2400)
HEIGHTS_PX = (16, 512)
_KEPT_BYTES = 32 << 20
_AT_ONCE = 2
"""A page asks for many; searches must not wait for them."""


@dataclass(frozen=True)
class SpectrogramImage:
    """A PNG and the name of its state."""

    etag: str
    png: bytes


class Spectrograms:
    """Spectrograms of the segments that the tables name."""

    def __init__(self, tables: ArchiveTables) -> None:
        self._tables = tables
        self._made: LruCache[bytes] = LruCache(_KEPT_BYTES)
        self._making = threading.Semaphore(_AT_ONCE)

    def picture(
        self, place: Place | None, segment_id: str, width_px: int, height_px: int
    ) -> SpectrogramImage:
        """The spectrogram of a segment.

        Raises:
            Refusal: there is no such segment or size, or its clip is gone or damaged.
        """
        for name, size, (least, most) in (
            ("width", width_px, WIDTHS_PX),
            ("height", height_px, HEIGHTS_PX),
        ):
            if not least <= size <= most:
                raise Refusal(400, f"{name} {size}: write {least} to {most} pixels")
        if place is None or not ID.fullmatch(segment_id):
            raise _unknown(segment_id)
        self._tables.refuse_withdrawn(place)
        key, start_ms, end_ms = self._segment(place, segment_id)
        [stamp] = self._tables.store.stamps([key])
        if stamp is None:
            raise Refusal(404, f"segment {segment_id}: its clip {key} is gone")
        state = configuration_hash([key, stamp, start_ms, end_ms, width_px, height_px])

        def make() -> bytes:
            with self._making, self._tables.object_here(key, stamp) as file:
                samples = read_span(file, key, start_ms, end_ms)
                return spectrogram_png(samples, width_px, height_px)

        try:
            return SpectrogramImage(f'"{state}"', self._made.get(state, make))
        except (FileNotFoundError, InvalidAudio) as error:
            raise Refusal(404, f"segment {segment_id}: {error}") from error

    def _segment(self, place: Place, segment_id: str) -> tuple[str, int, int]:
        """The clip's key, and the segment's times in the clip."""
        stamps = self._tables.stamps_of_places(["segments"], [place])
        sql = (
            "SELECT clip_uri, start_ms - clip_start_ms AS start_ms,"
            " end_ms - clip_start_ms AS end_ms FROM segments"
            " WHERE recording_id = $recording AND segment_id = $segment LIMIT 1"
        )
        values = {"recording": place.recording_id, "segment": segment_id}
        rows = self._tables.read(stamps, lambda connection: rows_of(connection, sql, values))
        if not rows:
            raise _unknown(segment_id)
        return checked_key(rows[0]["clip_uri"]), rows[0]["start_ms"], rows[0]["end_ms"]


def _unknown(segment_id: str) -> Refusal:
    return Refusal(404, f"segment {segment_id}: not in the tables")
