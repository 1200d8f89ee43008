"""The bytes of clips that the tables name, whole or in part, as players ask for them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from starlette.responses import Response, StreamingResponse

from beam_jobs.browse.data.archive_tables import ArchiveTables, Place, rows_of
from beam_jobs.browse.http.byte_ranges import ByteRange, NotSatisfiable, asked_range
from beam_jobs.browse.http.refusal import Refusal
from schemas.identity import configuration_hash

BLOCK_BYTES = 256 << 10
ID = re.compile(r"[0-9a-f]{12,64}")
"""Of clips and segments."""
_CLIPS = "clips/"
_CACHED = "private, max-age=3600"
_MEDIA_TYPE = "audio/flac"


@dataclass(frozen=True)
class ClipBytes:
    """A clip's object in one state, and what it holds of its recording."""

    key: str
    stamp: str
    start_ms: int
    end_ms: int

    @property
    def etag(self) -> str:
        return f'"{configuration_hash([self.key, self.stamp])}"'


def find_clip(tables: ArchiveTables, place: Place | None, clip_id: str) -> ClipBytes:
    """The object of a clip.

    Raises:
        Refusal: the tables name no such clip, or its object is gone or lies elsewhere.
    """
    if place is None or not ID.fullmatch(clip_id):
        raise _unknown(clip_id)
    tables.refuse_withdrawn(place)
    stamps = tables.stamps_of_places(["segments"], [place])
    sql = (
        "SELECT clip_uri, clip_start_ms, max(end_ms) AS end_ms FROM segments"
        " WHERE recording_id = $recording AND clip_id = $clip GROUP BY ALL LIMIT 1"
    )
    values = {"recording": place.recording_id, "clip": clip_id}
    rows = tables.read(stamps, lambda connection: rows_of(connection, sql, values))
    if not rows:
        raise _unknown(clip_id)
    key = checked_key(rows[0]["clip_uri"])
    [stamp] = tables.store.stamps([key])
    if stamp is None:
        raise Refusal(404, f"clip {clip_id}: its object {key} is gone")
    return ClipBytes(key, stamp, rows[0]["clip_start_ms"], rows[0]["end_ms"])


def checked_key(clip_uri: str) -> str:
    """The key of a clip's object below the output folder or bucket prefix.

    Raises:
        Refusal: it lies elsewhere.
    """
    inside = clip_uri.startswith(_CLIPS) and posixpath.normpath(clip_uri) == clip_uri
    if not inside or "\\" in clip_uri or "\0" in clip_uri:
        raise Refusal(403, "the tables name a clip outside of their folder; it is not served")
    return clip_uri


def clip_response(
    tables: ArchiveTables, clip: ClipBytes, method: str, wanted: str | None, condition: str | None
) -> Response:
    """The clip, or the part of it that is asked for.

    Args:
        tables: whose store holds the clip.
        clip: which.
        method: GET, or HEAD for the headers alone.
        wanted: the Range header.
        condition: the If-Range header.

    Raises:
        Refusal: the object is gone.
    """
    file = _open_clip(tables, clip)
    size = file.seek(0, 2)
    headers = {"accept-ranges": "bytes", "etag": clip.etag, "cache-control": _CACHED}
    # a range of another state would not fit to what the player has
    usable = wanted if condition in (None, clip.etag) else None
    try:
        part = asked_range(usable, size) if method == "GET" else None
    except NotSatisfiable:
        file.close()
        said = {"content-range": f"bytes */{size}"}
        raise Refusal(416, f"range {wanted}: the clip has {size} bytes", said) from None
    sent = part or ByteRange(0, size)
    headers["content-length"] = str(sent.length)
    if part is not None:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{size}"
    if method == "HEAD":
        file.close()
        return Response(headers=headers, media_type=_MEDIA_TYPE)
    status = 200 if part is None else 206
    return StreamingResponse(_blocks(file, sent), status, headers, _MEDIA_TYPE)


def _open_clip(tables: ArchiveTables, clip: ClipBytes) -> BinaryIO:
    try:
        return tables.store.open(clip.key)
    except (FileNotFoundError, IsADirectoryError):
        raise clip_is_gone(clip) from None


def clip_is_gone(clip: ClipBytes) -> Refusal:
    """What is said of a clip whose object vanished since it was found."""
    return Refusal(404, f"the clip's object {clip.key} is gone")


def _blocks(file: BinaryIO, part: ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.length
        while left > 0 and (block := file.read(min(BLOCK_BYTES, left))):
            yield block
            left -= len(block)


def _unknown(clip_id: str) -> Refusal:
    return Refusal(404, f"clip {clip_id}: not in the tables")
