"""What a file says of itself: container, codec, rate, channels, declared length."""

from __future__ import annotations

from pathlib import Path

from af3core.audio import containers
from af3core.errors import EmptyObject, ForbiddenContainer, NoAudio, NotMedia, UnreadableObject
from schemas.records import MediaInfo


def probe(path: Path, name: str) -> MediaInfo:
    """Read the container's headers of a local file.

    Args:
        path: the local file.
        name: what to call it in an error (its address in the archive).

    Raises:
        EmptyObject, UnreadableObject, ForbiddenContainer, NotMedia, NoAudio.
    """
    head = _first_bytes(path, name)
    import av
    from av.error import FFmpegError

    try:
        with av.open(f"file:{path}", options=dict(containers.OPTIONS)) as media:
            if not media.streams.audio:
                raise NoAudio(f"{name}: no audio track in this {media.format.name} file")
            stream = media.streams.audio[0]
            duration_ms = None
            if stream.duration is not None and stream.time_base is not None:
                duration_ms = round(float(stream.duration * stream.time_base) * 1000)
            elif media.duration is not None:
                duration_ms = round(media.duration / 1000)
            if stream.codec_context is None or not stream.codec_context.sample_rate:
                raise NotMedia(f"{name}: the audio track names no codec and no sample rate")
            return MediaInfo(
                container=media.format.name,
                codec=stream.codec_context.name,
                sample_rate_hz=stream.codec_context.sample_rate,
                channels=stream.codec_context.channels,
                declared_duration_ms=duration_ms if duration_ms and duration_ms > 0 else None,
            )
    except (FFmpegError, ValueError) as error:
        if head.lstrip().startswith(containers.PLAYLIST_SIGNATURES):
            raise ForbiddenContainer(
                f"{name}: a playlist, not a recording; playlists are never followed:"
                " put the recordings themselves into the archive"
            ) from error
        raise NotMedia(
            f"{name}: no media container that can be opened ({_first_line(error, path, name)});"
            " check that the upload is complete"
        ) from error


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


def _first_line(error: Exception, path: Path, name: str) -> str:
    """What FFmpeg says, of the archive's object: a local copy of it tells nobody anything."""
    return (str(error).splitlines() or [type(error).__name__])[0].replace(f"file:{path}", name)
