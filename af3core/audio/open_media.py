"""A media file opened for its headers and packets, whatever its tags are made of."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from af3core.audio import containers
from af3core.audio.media_parts import openable_part

if TYPE_CHECKING:
    from av.container import InputContainer

_OLD_TAGS = "af3-latin-1"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_OLD_TAGS, _as_latin_1)


@contextmanager
def open_media(path: Path, further: bool = False) -> Iterator[InputContainer]:
    """The file while the body runs. No tag makes it fail: a byte that is no UTF-8 is read as
    Latin-1, which ID3v1, RIFF and old Vorbis comments were written in.

    Args:
        path: of this machine.
        further: look for streams and their parameters beyond the first seconds (`containers`).

    Raises:
        av.error.FFmpegError: it cannot be opened.
        OSError: it cannot be read.
    """
    import av

    part = openable_part(path)
    options = dict(part.options)
    if further:
        # what is read on the way is not kept: a minute of video would fill the memory
        options |= {**containers.FURTHER, "fflags": "nobuffer"}
    with av.open(
        part.address, options=options, metadata_encoding="utf-8", metadata_errors=_OLD_TAGS
    ) as media:
        yield media
