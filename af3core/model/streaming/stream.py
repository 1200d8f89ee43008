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

    Attributes:
        batch_tokens: whose keys and values it holds at once; a server's are its own affair, and
            infinite.
    """

    @property
    def batch_tokens(self) -> float: ...

    def answer_beside(self, requests: Sequence[Request]) -> list[Answer | ModelError]:
        """One answer or one error per request, in their order, as `answer` gives them, but written
        together with what other threads ask: a thread for each clip keeps the model busy. Who asks
        takes turns.
        """
        ...

    def stream(self, requests: Sequence[Request]) -> Stream:
        """Events of all requests as they come; close it, or read it to its end."""
        ...


@dataclass
class _RequestState:
    """What a request has: its text so far, how much of that was read, its result once it is there,
    and whether the engine still works on it.
    """

    text: str = ""
    read: int = 0
    result: Answer | ModelError | None = None
    cancelled: bool = False
    held: bool = True
    on_cancel: Callable[[], None] | None = None


class StreamState:
    """What a stream's engine has written and its reader has read; both may be on any thread."""

    def __init__(self, requests: int) -> None:
        self._changed = threading.Condition()
        self._requests = [_RequestState() for _ in range(requests)]
        self._ready: dict[int, None] = {}
        self._unread = requests
        self._closed = False

    def listeners(self) -> list[Listener]:
        """The engine's side, one per request."""
        return [Listener(self, request) for request in range(len(self._requests))]

    def set_text(self, request: int, text: str) -> None:
        """Set a request's text so far."""
        with self._changed:
            request_state = self._requests[request]
            if request_state.result is None:
                self._grow(request_state, text)
                self._notify(request)

    def finish(self, request: int, result: Answer | ModelError) -> None:
        """Set a request's result: the engine holds nothing of it any more."""
        with self._changed:
            request_state = self._requests[request]
            request_state.held = False
            request_state.on_cancel = None
            if request_state.result is None:
                if isinstance(result, Answer):
                    self._grow(request_state, result.text)
                request_state.result = request_state.result or result
                self._notify(request)
            self._changed.notify_all()

    def cancelled(self, request: int) -> bool:
        """Whether nobody wants this answer any more."""
        return self._requests[request].cancelled

    def on_cancel(self, request: int, stop: Callable[[], None]) -> None:
        """Have `stop` called when the request is cancelled, at once where it is already."""
        with self._changed:
            self._requests[request].on_cancel = stop
            if not self._requests[request].cancelled:
                return
        stop()

    def take(self) -> Event | None:
        """The next event, waited for; None where none is to come."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or not self._unread or self._closed)
            if self._closed or not self._unread:
                return None
            request = next(iter(self._ready))
            request_state = self._requests[request]
            piece = request_state.text[request_state.read :]
            if not piece or request_state.result is None:
                del self._ready[request]
            if piece:
                request_state.read = len(request_state.text)
                return TextDelta(request, piece)
            self._unread -= 1
            assert request_state.result is not None
            return Finished(request, request_state.result)

    def cancel(self, requests: Sequence[int]) -> None:
        """Finish requests that are not; what was written and not read of them is dropped."""
        stops = []
        with self._changed:
            for request in requests:
                request_state = self._requests[request]
                if request_state.result is None:
                    request_state.text = request_state.text[: request_state.read]
                    request_state.cancelled, request_state.result = True, Cancelled()
                    stops.append(request_state.on_cancel)
                    self._notify(request)
        for stop in stops:
            if stop is not None:
                stop()

    def close(self) -> None:
        """Cancel all; a reader that waits gets nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self.cancel(range(len(self._requests)))

    def wait(self) -> None:
        """Wait until the engine holds no request."""
        with self._changed:
            self._changed.wait_for(
                lambda: not any(request_state.held for request_state in self._requests)
            )

    def _grow(self, request_state: _RequestState, text: str) -> None:
        if text.startswith(request_state.text):
            request_state.text = text
        elif not request_state.text.startswith(text):
            # a batch that failed runs again in halves; what was read cannot be taken back
            request_state.result = ModelError(
                "the answer was begun anew and went another way; ask again"
            )
            request_state.cancelled = True

    def _notify(self, request: int) -> None:
        request_state = self._requests[request]
        if len(request_state.text) > request_state.read or request_state.result is not None:
            self._ready[request] = None
        self._changed.notify_all()


@dataclass(frozen=True, eq=False)
class Listener:
    """One request of a stream, for the engine that writes its answer."""

    state: StreamState
    request: int

    @property
    def cancelled(self) -> bool:
        """Whether to stop writing; the engine then still calls `finish`."""
        return self.state.cancelled(self.request)

    def set_text(self, text: str) -> None:
        """The answer's text so far, of which nothing is taken back."""
        self.state.set_text(self.request, text)

    def finish(self, result: Answer | ModelError) -> None:
        """The result; nothing of the request is held any more."""
        self.state.finish(self.request, result)

    def on_cancel(self, stop: Callable[[], None]) -> None:
        """Have `stop` called on cancelling, by the thread that cancels."""
        self.state.on_cancel(self.request, stop)


class Stream(Iterator[Event]):
    """Events of requests as they come: each request's pieces in order, then its `Finished`.

    One thread reads; any thread cancels or closes. Dropping a stream unread cancels it.

    Args:
        state: which an engine fills already.
        join: waits until the engine has put away what it needed for the stream.
    """

    def __init__(self, state: StreamState, join: Callable[[], None]) -> None:
        self._state = state
        self._join = join

    def __next__(self) -> Event:
        event = self._state.take()
        if event is None:
            self.close()
            raise StopIteration
        return event

    def cancel(self, request: int) -> None:
        """Stop one request, whose next event is `Finished` with `Cancelled`; the others go on.

        The model lets go of it after the step (or the start of a batch) that it is at.
        """
        self._state.cancel([request])

    def close(self) -> None:
        """Stop all requests and wait until nothing of them runs: a step of the model at most, or
        the start of a batch. A thread that waits for an event gets the end.
        """
        self._state.close()
        self._state.wait()
        self._join()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        self._state.close()
