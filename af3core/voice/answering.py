"""One answer, written and spoken at the same time: the first sound comes before the text ends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator

from af3core.model.request import Answer, Request
from af3core.model.streaming import Finished, Stream, StreamingEngine, TextDelta
from af3core.voice.speaking import speak_stream
from af3core.voice.voice import AudioChunk, Voice


def spoken_answer(
    engine: StreamingEngine, request: Request, voice: Voice, stop: threading.Event | None = None
) -> Generator[str | AudioChunk | Answer, None, None]:
    """Pieces of the answer's text, chunks of its speech, and the whole answer when it is written.

    Text comes as soon as a chunk or the end shows it; closing the iterator, or setting `stop`, ends
    writing and speaking, and nothing of either runs on.

    Raises:
        ModelError: the model could not answer.
    """
    shown: deque[str | Answer] = deque()
    with engine.stream([request]) as stream:
        for chunk in speak_stream(voice, _told(stream, shown), stop):
            while shown:
                yield shown.popleft()
            yield chunk
        yield from shown


def _told(stream: Stream, shown: deque[str | Answer]) -> Iterator[str]:
    """The text for the voice; what is told is put where the reader looks too."""
    for event in stream:
        if isinstance(event, TextDelta):
            shown.append(event.text)
            yield event.text
        elif isinstance(event, Finished):
            if not isinstance(event.result, Answer):
                raise event.result
            shown.append(event.result)
