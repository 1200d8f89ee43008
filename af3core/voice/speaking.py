"""Speech beside the text: a thread speaks ahead of the listener, by so many chunks and no more."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from af3core.voice.pieces import cut
from af3core.voice.voice import AudioChunk, Voice

CHUNKS_AHEAD = 25
"""Five seconds, as chunks have at most 200 ms."""

_LOOK_S = 0.05
"""How often a waiting listener looks whether it was stopped."""


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
    channel = _Channel(chunks_ahead, stop or threading.Event())
    thread = threading.Thread(
        target=_speak_into, args=(channel, voice, deltas), name="speaking", daemon=True
    )
    thread.start()
    try:
        yield from channel.taken()
    finally:
        channel.close()
        thread.join()


def _speak_into(channel: _Channel, voice: Voice, deltas: Iterable[str]) -> None:
    fault: BaseException | None = None
    try:
        for chunk in voice.speak(cut(_until_stopped(deltas, channel))):
            if not channel.put(chunk):
                break
    except BaseException as error:  # raised again where the chunks are taken
        fault = error
    try:
        _close(deltas)
    except Exception as error:
        fault = fault or error
    channel.finish(fault)


def _until_stopped(deltas: Iterable[str], channel: _Channel) -> Iterator[str]:
    for delta in deltas:
        if channel.stopped:
            return
        yield delta


def _close(deltas: Any) -> None:
    close = getattr(deltas, "close", None)
    if close is not None:
        close()


class _Channel:
    """Chunks on their way from the thread that speaks to the one that listens."""

    def __init__(self, most: int, stop: threading.Event) -> None:
        self._most = most
        self._stop = stop
        self._chunks: deque[AudioChunk] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._finished = False
        self._fault: BaseException | None = None

    @property
    def stopped(self) -> bool:
        return self._closed or self._stop.is_set()

    def put(self, chunk: AudioChunk) -> bool:
        """Waits for room; false once nobody listens any more."""
        with self._changed:
            while len(self._chunks) >= self._most and not self.stopped:
                self._changed.wait(_LOOK_S)
            if self.stopped:
                return False
            self._chunks.append(chunk)
            self._changed.notify_all()
            return True

    def finish(self, fault: BaseException | None) -> None:
        with self._changed:
            self._finished, self._fault = True, fault
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def taken(self) -> Iterator[AudioChunk]:
        """Chunks as they come; ends when all are taken, or at once when stopped."""
        while True:
            with self._changed:
                while not (self._chunks or self._finished or self.stopped):
                    self._changed.wait(_LOOK_S)
                if self.stopped:
                    return
                if not self._chunks:
                    if self._fault is not None:
                        raise self._fault
                    return
                chunk = self._chunks.popleft()
                self._changed.notify_all()
            yield chunk
