"""The audio of stretches of a clip, which is fetched once for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import BinaryIO

from af3core.audio.clip_file import read_span
from af3core.errors import ClipMissing, ModelError
from af3core.model.isolation import as_model_error
from af3core.model.request import Sound
from af3core.storage.store import Store
from beam_jobs.output.next_command import cut_again

Span = tuple[int, int]
"""From and to, in milliseconds of the recording."""


@dataclass(frozen=True)
class ClipObject:
    """Where a clip lies, and where it starts in its recording."""

    clip_uri: str
    start_ms: int


def clip_sounds(
    clip: ClipObject,
    spans: Iterable[Span],
    store: Store,
    decoding: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - it holds nothing
) -> dict[Span, Sound | ModelError]:
    """The audio of each stretch, or why it cannot be read.

    What the storage has to say against the clip is no fault of the clip's, and ends the job.

    Args:
        clip: to be heard.
        spans: of the recording.
        store: where the clip lies.
        decoding: held while it is decoded, once it is fetched.
    """
    wanted = dict.fromkeys(spans)
    try:
        with store.local_file(clip.clip_uri) as file, decoding:
            return {span: _read(file, clip, span) for span in wanted}
    except FileNotFoundError:
        gone = ClipMissing(
            f"{clip.clip_uri}: the clip is gone; cut its recording again: {cut_again('ID')}"
        )
        return dict.fromkeys(wanted, gone)
    except OSError as error:
        return dict.fromkeys(wanted, as_model_error(error))


def _read(file: BinaryIO, clip: ClipObject, span: Span) -> Sound | ModelError:
    start_ms, end_ms = (time_ms - clip.start_ms for time_ms in span)
    try:
        return Sound(read_span(file, clip.clip_uri, start_ms, end_ms))
    except Exception as error:
        return as_model_error(error)
