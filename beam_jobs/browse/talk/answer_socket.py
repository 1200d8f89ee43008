"""One question and its answer over one WebSocket.

The page sends {"about": {corpus, date, recording_id, clip_id, start_ms, end_ms}, "text"}; where the
text is empty, the microphone's recording follows in binary messages, then {"end": true}. The server
sends {"kind": "asked"} when it has the question, then {"kind": "text", "text"} pieces as they are
written, binary messages of speech (int16, little-endian, mono) as they are spoken, {"kind":
"answer", "text"} when the text is whole, and at the end {"kind": "end", …} with figures, or
{"kind": "error", "error"}. Whoever closes the socket has interrupted both writing and speaking.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
from starlette.websockets import WebSocket, WebSocketDisconnect

from af3core.audio.clip_file import as_pcm
from af3core.errors import Af3Error
from af3core.messages import Level, tell
from af3core.model.request import Answer, Request
from af3core.speech.spoken_answer import Spoken, spoken_answer
from beam_jobs.browse.data.archive_tables import ArchiveTables
from beam_jobs.browse.http.refusal import Refusal
from beam_jobs.browse.talk.question_sound import QuestionStart, sound_about, spoken_question
from beam_jobs.talk.answer_times import AnswerTimes
from beam_jobs.talk.answerer import Answerer, request_about

MOST_CONVERSATIONS = 32
_MOST_RECORDED_BYTES = 8 << 20
"""A minute of Opus has half a megabyte; of AAC at its best, two."""


@dataclass(frozen=True)
class PageTimeouts:
    """How long a page is waited for.

    Attributes:
        question_s: from the first message to the question's end.
        stalled_s: for a page that takes nothing of its answer.
    """

    question_s: float = 90.0
    stalled_s: float = 20.0


class TalkSocket:
    """Answers questions that come over WebSockets, several at once.

    Args:
        tables: of the archive.
        answerer: model and voice.
        patience: with pages that stall.
    """

    def __init__(
        self, tables: ArchiveTables, answerer: Answerer, patience: PageTimeouts | None = None
    ) -> None:
        self._tables = tables
        self._answerer = answerer
        self._patience = patience or PageTimeouts()
        self._threads = anyio.CapacityLimiter(2 * MOST_CONVERSATIONS)
        self._open = 0

    def about(self) -> dict[str, Any]:
        """What the page needs to know of it."""
        voice = self._answerer.voice
        return {
            "model": self._answerer.model,
            "voice": voice.name,
            "sample_rate_hz": voice.sample_rate_hz,
        }

    async def converse(self, socket: WebSocket) -> None:
        """One conversation, from the handshake to the end; leaves nothing running."""
        await socket.accept()
        self._open += 1
        try:
            if self._open > MOST_CONVERSATIONS:
                raise Refusal(
                    503, f"{MOST_CONVERSATIONS} questions are being answered: ask again in a moment"
                )
            await self._answer(socket)
            await socket.close()
        except (WebSocketDisconnect, _PageStalled):
            return  # nobody is there to be told
        except Af3Error as error:
            await self._fail(socket, str(error))
        except Exception as error:
            tell(f"a conversation failed: {error!r}", Level.ERROR)
            await self._fail(
                socket, "an error of the server's own; where af3 browse runs it says more"
            )
        finally:
            self._open -= 1

    async def _answer(self, socket: WebSocket) -> None:
        try:
            with anyio.fail_after(self._patience.question_s):
                request = await self._question(socket)
        except TimeoutError:
            raise Refusal(408, "no question came: ask again") from None
        await _send(socket, self._patience.stalled_s, {"kind": "asked"})
        stop = threading.Event()
        leaving = asyncio.create_task(_until_left(socket, stop))
        try:
            await self._in_thread(lambda: self._tell(socket, request, stop))
        finally:
            stop.set()
            leaving.cancel()

    async def _question(self, socket: WebSocket) -> Request:
        """The question with what it is about, which is fetched while the question is spoken."""
        asked = QuestionStart.of(await _json(socket), self._answerer.limit)
        fetched = asyncio.create_task(self._in_thread(lambda: sound_about(self._tables, asked)))
        fetched.add_done_callback(_taken_note_of)
        try:
            if asked.text:
                return request_about(await fetched, asked.text)
            recorded = await _receive_recording(socket)
            question = await self._in_thread(lambda: spoken_question(recorded))
            return request_about(await fetched, question)
        finally:
            fetched.cancel()

    def _tell(self, socket: WebSocket, request: Request, stop: threading.Event) -> None:
        """In a thread: what is written and spoken, as it comes."""
        times = AnswerTimes()
        engine, voice = self._answerer.engine, self._answerer.voice
        with closing(spoken_answer(engine, request, voice, stop)) as events:
            for event in events:
                times.note(event)
                anyio.from_thread.run(_send, socket, self._patience.stalled_s, _message(event))
        if not stop.is_set():
            end = {"kind": "end", **_figures(times)}
            anyio.from_thread.run(_send, socket, self._patience.stalled_s, end)

    async def _in_thread(self, do: Callable[[], Any]) -> Any:
        return await anyio.to_thread.run_sync(do, limiter=self._threads)

    async def _fail(self, socket: WebSocket, line: str) -> None:
        try:
            await _send(socket, self._patience.stalled_s, {"kind": "error", "error": line})
            await socket.close()
        except (WebSocketDisconnect, _PageStalled, RuntimeError):
            return  # it is gone, and so is who would read it


class _PageStalled(Exception):
    """The page takes nothing any more."""


def _taken_note_of(fetched: asyncio.Task[Any]) -> None:
    """What went wrong with a sound that nobody waits for any more is no news."""
    if not fetched.cancelled():
        fetched.exception()


async def _send(socket: WebSocket, stalled_s: float, message: dict[str, Any] | bytes) -> None:
    try:
        with anyio.fail_after(stalled_s):
            if isinstance(message, bytes):
                await socket.send_bytes(message)
            else:
                await socket.send_text(json.dumps(message))
    except TimeoutError:
        raise _PageStalled from None


def _figures(times: AnswerTimes) -> dict[str, float]:
    first = {name: round(at, 3) for name, at in times.first.items()}
    return first | {"speech_s": round(times.spoken_ms / 1000, 3)}


def _message(event: Spoken) -> dict[str, Any] | bytes:
    if isinstance(event, str):
        return {"kind": "text", "text": event}
    if isinstance(event, Answer):
        return {"kind": "answer", "text": event.text}
    return as_pcm(event.samples).astype("<i2").tobytes()


async def _json(socket: WebSocket) -> Any:
    """A message of the page's, or an error where it is none.

    Raises:
        Refusal: it is not JSON.
    """
    message = await _receive_message(socket)
    try:
        return json.loads(message["text"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise Refusal(400, "begin with a JSON message") from None


async def _receive_recording(socket: WebSocket) -> bytes:
    """What the microphone recorded, until the page says that it is all."""
    recorded = bytearray()
    while (part := (await _receive_message(socket)).get("bytes")) is not None:
        recorded += part
        if len(recorded) > _MOST_RECORDED_BYTES:
            raise Refusal(413, "the question is too long: ask again")
    if not recorded:
        raise Refusal(400, "nothing was recorded: hold the button while you speak")
    return bytes(recorded)


async def _receive_message(socket: WebSocket) -> dict[str, Any]:
    message = dict(await socket.receive())
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message


async def _until_left(socket: WebSocket, stop: threading.Event) -> None:
    """Sets `stop` when the page closes the socket; what it sends meanwhile means nothing."""
    try:
        while True:
            await _receive_message(socket)
    except WebSocketDisconnect:
        stop.set()
