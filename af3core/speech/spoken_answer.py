"""One answer, written and spoken at the same time: the first sound comes before the text ends."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from functools import partial
from queue import SimpleQueue

from af3core.model.request import Answer, Request
from af3core.model.streaming.stream import Finished, Stream, StreamingEngine, TextDelta
from af3core.speech.ahead_of_playback import CHUNKS_AHEAD, speak_into
from af3core.speech.channel import Channel
from af3core.speech.voice import AudioChunk, Voice

Spoken = str | AudioChunk | Answer


def spoken_answer(
    engine: StreamingEngine, request: Request, voice: Voice, stop: threading.Event | None = None
) -> Generator[Spoken, None, None]:
    """Pieces of the answer's text, chunks of its speech, and the whole answer when it is written.

    Text comes as the model writes it, however slow the voice is. Closing the iterator, or setting
    `stop`, ends writing and speaking, whatever they wait for; nothing of either runs on.

    Raises:
        ModelError: the model could not answer.
    """
    channel: Channel[Spoken] = Channel(CHUNKS_AHEAD, stop)
    text: SimpleQueue[str | Exception | None] = SimpleQueue()
    with engine.stream([request]) as stream:
        channel.on_close(partial(stream.cancel, 0))
        writing = threading.Thread(
            target=_write, args=(stream, channel, text), name="writing", daemon=True
        )
        writing.start()
        try:
            yield from speak_into(channel, voice, _texts(text))
        finally:
            channel.close()
            writing.join()


def _write(
    stream: Stream, channel: Channel[Spoken], text: SimpleQueue[str | Exception | None]
) -> None:
    """What is written, to who reads and to the voice."""
    end: Exception | None = None
    try:
        for event in stream:
            if isinstance(event, TextDelta):
                channel.put_now(event.text)
                text.put(event.text)
            elif isinstance(event, Finished) and isinstance(event.result, Answer):
                channel.put_now(event.result)
            else:
                end = event.result
    except Exception as error:  # raised again where the answer is taken
        end = error
    finally:
        text.put(end)


def _texts(text: SimpleQueue[str | Exception | None]) -> Iterator[str]:
    while (piece := text.get()) is not None:
        if isinstance(piece, Exception):
            raise piece
        yield piece
