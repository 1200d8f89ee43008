"""Answers as they are written: pieces of text as they come, then the whole answer, per request.

A reader never holds a model up. What it has not read yet is joined to one piece per request, so
that a slow reader gets longer pieces, and what waits for one that has stalled is at most the
answers' text. Its answers are written to their end all the same: who waits for such a reader (a
socket's timeout, say) cancels or closes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from af3core.errors import ModelError
from af3core.model.request import Answer, Engine, Request


@dataclass(frozen=True)
class TextDelta:
    """More text of the request at this position; a request's pieces join to its answer's text."""

    request: int
    text: str


@dataclass(frozen=True)
class Finished:
    """The last event of a request."""

    request: int
    result: Answer | ModelError


Event = TextDelta | Finished


class Cancelled(ModelError):
    """The caller wants no more of this answer."""

    def __init__(self) -> None:
        super().__init__("the answer was cancelled by who asked for it")


class StreamingEngine(Engine, Protocol):
    """An engine that gives its answers as it writes them.

    Any thread may open streams, beside each other and beside `answer`.
    """

    def stream(self, requests: Sequence[Request]) -> Stream:
        """Events of all requests as they come; close it, or read it to its end."""
        ...


@dataclass
class _Written:
    """What a request has: its text so far, how much of that was read, its result once it is there,
    and whether the engine still works on it.
    """

    text: str = ""
    read: int = 0
    result: Answer | ModelError | None = None
    cancelled: bool = False
    held: bool = True
    on_cancel: Callable[[], None] | None = None


class Board:
    """Where an engine writes and a reader reads; both may be on any thread."""

    def __init__(self, requests: int) -> None:
        self._changed = threading.Condition()
        self._written = [_Written() for _ in range(requests)]
        self._news: dict[int, None] = {}
        self._unread = requests
        self._closed = False

    def listeners(self) -> list[Listener]:
        """The engine's side, one per request."""
        return [Listener(self, request) for request in range(len(self._written))]

    def say(self, request: int, text: str) -> None:
        """Put up a request's text so far."""
        with self._changed:
            written = self._written[request]
            if written.result is None:
                self._say(written, text)
                self._tell(request)

    def finish(self, request: int, result: Answer | ModelError) -> None:
        """Put up a request's result: the engine holds nothing of it any more."""
        with self._changed:
            written = self._written[request]
            written.held = False
            written.on_cancel = None
            if written.result is None:
                if isinstance(result, Answer):
                    self._say(written, result.text)
                written.result = written.result or result
                self._tell(request)
            self._changed.notify_all()

    def cancelled(self, request: int) -> bool:
        """Whether nobody wants this answer any more."""
        return self._written[request].cancelled

    def on_cancel(self, request: int, stop: Callable[[], None]) -> None:
        """Have `stop` called when the request is cancelled, at once where it is already."""
        with self._changed:
            self._written[request].on_cancel = stop
            if not self._written[request].cancelled:
                return
        stop()

    def take(self) -> Event | None:
        """The next event, waited for; None where none is to come."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or not self._unread or self._closed)
            if self._closed or not self._unread:
                return None
            request = next(iter(self._news))
            written = self._written[request]
            piece = written.text[written.read :]
            if not piece or written.result is None:
                del self._news[request]
            if piece:
                written.read = len(written.text)
                return TextDelta(request, piece)
            self._unread -= 1
            assert written.result is not None
            return Finished(request, written.result)

    def cancel(self, requests: Sequence[int]) -> None:
        """Finish requests that are not; what was written and not read of them is dropped."""
        stops = []
        with self._changed:
            for request in requests:
                written = self._written[request]
                if written.result is None:
                    written.text = written.text[: written.read]
                    written.cancelled, written.result = True, Cancelled()
                    stops.append(written.on_cancel)
                    self._tell(request)
        for stop in stops:
            if stop is not None:
                stop()

    def close(self) -> None:
        """Cancel all; a reader that waits gets nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.cancel(range(len(self._written)))

    def wait(self) -> None:
        """Wait until the engine holds no request."""
        with self._changed:
            self._changed.wait_for(lambda: not any(written.held for written in self._written))

    def _say(self, written: _Written, text: str) -> None:
        if text.startswith(written.text):
            written.text = text
        elif not written.text.startswith(text):
            # a batch that failed runs again in halves; what was read cannot be taken back
            written.result = ModelError("the answer was begun anew and went another way; ask again")
            written.cancelled = True

    def _tell(self, request: int) -> None:
        written = self._written[request]
        if len(written.text) > written.read or written.result is not None:
            self._news[request] = None
        self._changed.notify_all()


@dataclass(frozen=True, eq=False)
class Listener:
    """One request's place on a board, for the engine that writes its answer."""

    board: Board
    request: int

    @property
    def cancelled(self) -> bool:
        """Whether to stop writing; the engine then still calls `finish`."""
        return self.board.cancelled(self.request)

    def say(self, text: str) -> None:
        """The answer's text so far, of which nothing is taken back."""
        self.board.say(self.request, text)

    def finish(self, result: Answer | ModelError) -> None:
        """The result; nothing of the request is held any more."""
        self.board.finish(self.request, result)

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Have `stop` called on cancelling, by the thread that cancels."""
        self.board.on_cancel(self.request, stop)


class Stream(Iterator[Event]):
    """Events of requests as they come: each request's pieces in order, then its `Finished`.

    One thread reads; any thread cancels or closes. Dropping a stream unread cancels it.

    Args:
        board: on which an engine writes already.
        settle: waits until the engine has put away what it needed for the stream.
    """

    def __init__(self, board: Board, settle: Callable[[], None]) -> None:
        self._board = board
        self._settle = settle

    def __next__(self) -> Event:
        event = self._board.take()
        if event is None:
            self.close()
            raise StopIteration
        return event

    def cancel(self, request: int) -> None:
        """Stop one request, whose next event is `Finished` with `Cancelled`; the others go on.

        The model lets go of it after the step (or the start of a batch) that it is at.
        """
        self._board.cancel([request])

    def close(self) -> None:
        """Stop all requests and wait until nothing of them runs: a step of the model at most, or
        the start of a batch. A thread that waits for an event gets the end.
        """
        self._board.close()
        self._board.wait()
        self._settle()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        self._board.close()
