"""Speech beside the text: a thread speaks ahead of the listener, by so many chunks and no more."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from af3core.speech.channel import Channel
from af3core.speech.text_chunks import chunk_text
from af3core.speech.voice import AudioChunk, Voice

CHUNKS_AHEAD = 25
"""Five seconds, as chunks have at most 200 ms."""


def speak_stream(
    voice: Voice,
    deltas: Iterable[str],
    stop: threading.Event | None = None,
    chunks_ahead: int = CHUNKS_AHEAD,
) -> Generator[AudioChunk, None, None]:
    """The speech of a text that is still being written.

    Text is taken and spoken in a thread of its own, which waits once `chunks_ahead` chunks are out
    that nobody took. The stream ends with the text; it ends early when `stop` is set, by whomever,
    or when it is closed. Then the rest is not spoken, `deltas` is closed if it is a generator, and
    the thread has ended before this does. So a source of deltas that can wait long has to give up
    waiting when it is stopped itself.

    Raises:
        Exception: what `deltas` or the voice raised, after the chunks before it.
    """
    channel: Channel[AudioChunk] = Channel(chunks_ahead, stop)
    return speak_into(channel, voice, deltas)


def speak_into(channel: Channel[Any], voice: Voice, deltas: Iterable[str]) -> Generator[Any]:
    """As `speak_stream`, with whatever else is told through the channel among the chunks.

    A source that can wait long gives up when the channel is closed: see `Channel.on_close`.
    """
    thread = threading.Thread(
        target=_speak, args=(channel, voice, deltas), name="speaking", daemon=True
    )
    thread.start()
    try:
        yield from channel.items()
    finally:
        channel.close()
        thread.join()


def _speak(channel: Channel[Any], voice: Voice, deltas: Iterable[str]) -> None:
    fault: BaseException | None = None
    try:
        for chunk in voice.speak(chunk_text(_until_stopped(deltas, channel))):
            if not channel.put(chunk):
                break
    except BaseException as error:  # raised again where the chunks are taken
        fault = error
    try:
        _close(deltas)
    except Exception as error:
        fault = fault or error
    channel.finish(fault)


def _until_stopped(deltas: Iterable[str], channel: Channel[Any]) -> Iterator[str]:
    for delta in deltas:
        if channel.stopped:
            return
        yield delta


def _close(deltas: Any) -> None:
    close = getattr(deltas, "close", None)
    if close is not None:
        close()
