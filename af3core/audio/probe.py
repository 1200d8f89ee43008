"""What a file says of itself: container, codec, rate, channels, declared length."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from af3core.audio.media_parts import media_parts
from af3core.audio.mp4_boxes import lacks_index
from af3core.audio.mpeg_frames import declares_length
from af3core.audio.ogg_pages import read_ogg
from af3core.audio.open_media import open_media
from af3core.audio.playlists import is_playlist
from af3core.audio.recording_parts import files_of
from af3core.audio.tracks import default_track
from af3core.errors import EmptyObject, ForbiddenContainer, NoAudio, NotMedia, UnreadableObject
from af3core.plain_text import without_addresses
from schemas.records import MediaInfo, MediaTrack

if TYPE_CHECKING:
    from av import AudioStream
    from av.container import InputContainer

MIN_SAMPLE_RATE_HZ = 1000
"""Of a sound that can be heard at all; telephones have 8,000. A header with less is no recording:
a second of it at 16 kHz would be made of a few bytes, and kilobytes last for days."""
_ESTIMATED = frozenset(
    "aac ac3 amr dts eac3 g722 g726 g726le g729 gsm loas mpeg mpegts truehd mlp voc".split()
)
"""Containers that name no length: FFmpeg takes the bit rate, or the last time that it finds."""
_MPEG = "mp3"


def probe(path: Path, name: str) -> MediaInfo:
    """Read the container's headers of a local file, or of the files of one recording.

    Args:
        path: the local file; a folder (`recording_parts`) gives what its files have together.
        name: what to call it in an error (its address in the archive).

    Raises:
        EmptyObject, UnreadableObject, ForbiddenContainer, NotMedia, NoAudio.
    """
    if path.is_dir():
        return _together([probe(file, name) for file in files_of(path)])
    head = _first_bytes(path, name)
    from av.error import FFmpegError

    try:
        return _probed(path, name)
    except (FFmpegError, ValueError, NoAudio, NotMedia) as error:
        if lacks_index(path):
            raise NotMedia(
                f"{name}: the index (moov) of this MP4 is missing, without which none of its sound"
                " can be found: the copy is incomplete; upload it again"
            ) from error
        if isinstance(error, (NoAudio, NotMedia)):
            raise
        if is_playlist(head):
            raise ForbiddenContainer(
                f"{name}: a playlist, not a recording; playlists are never followed:"
                " put the recordings themselves into the archive"
            ) from error
        raise NotMedia(
            f"{name}: no media container that can be opened ({_cause(error)});"
            " check that the upload is complete"
        ) from error


def _probed(path: Path, name: str) -> MediaInfo:
    try:
        return _headers(path, name)
    except (NoAudio, NotMedia):
        # streams without a list of what they hold may begin with minutes of picture alone
        return dataclasses.replace(_headers(path, name, further=True), probed_further=True)


def _together(parts: list[MediaInfo]) -> MediaInfo:
    """Files that are heard beside each other: all tracks, and the longest length."""
    tracks = [
        dataclasses.replace(track, part=number)
        for number, part in enumerate(parts)
        for track in part.tracks
    ]
    declared = [part.declared_duration_ms for part in parts if part.declared_duration_ms]
    return dataclasses.replace(
        parts[0],
        channels=sum(track.channels for track in tracks),
        declared_duration_ms=max(declared, default=None),
        tracks=tuple(dataclasses.replace(t, index=index) for index, t in enumerate(tracks)),
        probed_further=any(part.probed_further for part in parts),
    )


def _headers(path: Path, name: str, further: bool = False) -> MediaInfo:
    with open_media(path, further) as media:
        if not media.streams.audio:
            raise NoAudio(f"{name}: no audio track in this {media.format.name} file")
        tracks = tuple(_track(i, each) for i, each in enumerate(media.streams.audio))
        heard = tracks[default_track(tracks)]
        stream = media.streams.audio[heard.index]
        length = _length(path, media, stream)
        if stream.codec_context is None or not stream.codec_context.sample_rate:
            raise NotMedia(f"{name}: the audio track names no codec and no sample rate")
        if stream.codec_context.sample_rate < MIN_SAMPLE_RATE_HZ:
            raise NotMedia(
                f"{name}: a sample rate of {stream.codec_context.sample_rate} Hz holds no sound"
                " that can be heard; mend its header"
            )
        return MediaInfo(
            container=media.format.name,
            codec=heard.codec,
            sample_rate_hz=stream.codec_context.sample_rate,
            channels=heard.channels,
            declared_duration_ms=length.declared_ms,
            estimated_duration_ms=length.estimated_ms,
            declared_by=length.declared_by,
            tracks=tracks,
        )


def may_be_estimated(media: MediaInfo) -> bool:
    """True for what a release up to 0.2.0 probed: its length is declared or estimated."""
    names = set(media.container.split(","))
    is_dated = media.declared_duration_ms is not None and not media.declared_by
    return is_dated and bool(names & (_ESTIMATED | {_MPEG}))


class _Length(NamedTuple):
    declared_ms: int | None = None
    estimated_ms: int | None = None
    declared_by: str = ""


def _length(path: Path, media: InputContainer, stream: AudioStream) -> _Length:
    """What the container says of the track's length or of its own, or what was estimated."""
    duration_ms, declared_by = None, "file"
    if stream.duration is not None and stream.time_base is not None:
        # FFmpeg gives a stream of ASF the file's length, which its pictures may have
        declared_by = "file" if "asf" in media.format.name else "track"
        duration_ms = round(float(stream.duration * stream.time_base) * 1000)
    elif media.duration is not None:
        duration_ms = round(media.duration / 1000)
    names = set(media.format.name.split(","))
    ogg = read_ogg(path) if "ogg" in names else None
    if ogg is not None and len(ogg.links) > 1:
        duration_ms = ogg.declared_ms
    if duration_ms is None or duration_ms <= 0:
        return _Length()
    if names & _ESTIMATED or (_MPEG in names and not _declares_length(path)):
        return _Length(estimated_ms=duration_ms)
    return _Length(declared_ms=duration_ms, declared_by=declared_by)


def _declares_length(path: Path) -> bool:
    """True for MPEG audio that says how many frames follow, and is not several files joined."""
    return declares_length(path) and len(media_parts(path)) == 1


def _track(index: int, stream: AudioStream) -> MediaTrack:
    """One audio track as its stream's header has it."""
    from av.stream import Disposition

    duration_ms = None
    if stream.duration is not None and stream.time_base is not None:
        duration_ms = round(float(stream.duration * stream.time_base) * 1000)
    codec = stream.codec_context
    return MediaTrack(
        index=index,
        codec=codec.name if codec else "",
        language="" if stream.language in (None, "und") else stream.language,
        title=stream.metadata.get("title", ""),
        is_default=bool(stream.disposition & Disposition.default),
        channels=codec.channels if codec else 0,
        declared_duration_ms=duration_ms,
    )


def _first_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise UnreadableObject(
            f"{name}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    if not head:
        raise EmptyObject(f"{name}: the object is empty (0 bytes); upload it again")
    return head


def _cause(error: Exception) -> str:
    """What FFmpeg says, without the path: that of a local copy tells nobody anything."""
    return without_addresses(getattr(error, "strerror", None) or str(error) or type(error).__name__)
