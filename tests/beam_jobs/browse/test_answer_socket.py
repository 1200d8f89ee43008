"""Questions over the WebSocket: what is answered, what is refused, and that nothing runs on."""

from __future__ import annotations

import io
import json
import socket as sockets
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from websockets.exceptions import InvalidStatus

from af3core.speech.voice import AudioChunk, Voice
from beam_jobs.browse.talk.answer_socket import MOST_CONVERSATIONS, PageTimeouts
from beam_jobs.talk.answerer import Answerer
from tests.af3core.speech.talkers import espeak_file
from tests.beam_jobs.browse.served import Site, served, within
from tests.beam_jobs.browse.talking import (
    LONG_QUESTION,
    REEL,
    Heard,
    NotedEngine,
    about,
    answering,
    heard,
    talking,
)
from tests.beam_jobs.demo import browsed_night

TRANSCRIBE = "Transcribe the input speech."
IMPATIENT = PageTimeouts(question_s=2.0, stalled_s=1.0)


@pytest.fixture(scope="module")
def out(shared: Path) -> Path:
    return browsed_night(shared)


@pytest.fixture(scope="module")
def site(out: Path, answerer: Answerer) -> Iterator[Site]:
    with served(out, answerer=answerer) as site:
        yield site


@pytest.fixture(scope="module")
def impatient(out: Path, answerer: Answerer) -> Iterator[Site]:
    with served(out, answerer=answerer, patience=IMPATIENT) as site:
        yield site


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return espeak_file(tmp_path_factory.mktemp("question"), LONG_QUESTION).read_bytes()


def asked_in_writing(site: Site, text: str) -> Heard:
    with talking(site) as socket:
        socket.send(json.dumps({"about": about(site, REEL), "text": text}))
        return heard(socket)


def test_a_spoken_question_is_answered_aloud_while_it_is_written(
    site: Site, answerer: Answerer, question: bytes
) -> None:
    with talking(site) as socket:
        socket.send(json.dumps({"about": about(site, REEL), "text": ""}))
        middle = len(question) // 2
        for part in (question[:middle], question[middle:], json.dumps({"end": True})):
            socket.send(part)
        found = heard(socket)
    assert found.error is None
    assert found.kinds[0] == "asked"
    assert found.kinds[-1] == "end"
    assert found.answer == found.text != ""
    assert found.kinds.index("speech") < found.kinds.index("answer")
    assert found.end["first_sound_s"] < found.end["written_s"]
    assert len(found.samples) / 22_050 == pytest.approx(found.end["speech_s"], abs=0.1)
    assert np.abs(found.samples).max() > 1_500
    assert isinstance(answerer.engine, NotedEngine)
    [turn] = answerer.engine.asked[-1].turns
    said, clip = answerer.engine.asked[-1].sounds
    assert turn.text == "<sound-1> <sound-2>"
    assert len(said.samples) == pytest.approx(16_000 * duration_s(question), abs=200)
    assert len(clip.samples) == pytest.approx(16_000 * segment_s(site), abs=20)
    assert within(lambda: answering() == set())


def duration_s(wav: bytes) -> float:
    return float(soundfile.info(io.BytesIO(wav)).duration)


def segment_s(site: Site) -> float:
    stretch = about(site, REEL)
    return float(stretch["end_ms"] - stretch["start_ms"]) / 1000


def test_a_written_question_is_answered_aloud_too(site: Site) -> None:
    found = asked_in_writing(site, "What is the speaker talking about?")
    assert (found.error, found.answer) == (None, found.text)
    assert len(found.samples) > 22_050 // 5
    assert site.json("/api/about")["talk"] == {
        "model": "nano",
        "voice": "espeak:en-us",
        "sample_rate_hz": 22_050,
    }


def test_without_a_model_nothing_can_be_asked(out: Path) -> None:
    with served(out) as site:
        assert site.json("/api/about")["talk"] is None
        with pytest.raises(InvalidStatus), talking(site):
            pass


def test_who_leaves_in_the_middle_has_interrupted_both(site: Site) -> None:
    with talking(site) as socket:
        socket.send(json.dumps({"about": about(site, REEL), "text": TRANSCRIBE}))
        while not isinstance(socket.recv(timeout=30), bytes):
            pass
    assert within(lambda: answering() == set())


@dataclass
class EndlessVoice:
    """A voice that has always more to say, so that no buffer between here and there holds it."""

    inner: Voice
    name: str = "endless"
    sample_rate_hz: int = 22_050

    def speak(self, pieces: Iterable[str]) -> Iterator[AudioChunk]:
        [chunk, *_] = self.inner.speak(pieces)
        while True:
            yield chunk


def sockets_open(port: int) -> int:
    """Connections that the server holds."""
    held = psutil.Process().net_connections("tcp")
    return sum(
        one.laddr.port == port and one.status not in ("LISTEN", "TIME_WAIT", "NONE") for one in held
    )


def test_a_page_that_takes_nothing_any_more_is_let_go(out: Path, answerer: Answerer) -> None:
    endless = replace(answerer, voice=EndlessVoice(answerer.voice))
    with served(out, answerer=endless, patience=IMPATIENT) as site:
        stretch = about(site, REEL)
        raw = sockets.create_connection(("127.0.0.1", site.port))
        upgrade = (
            f"GET /api/talk HTTP/1.1\r\nHost: {site.host}\r\nOrigin: http://{site.host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        raw.sendall(upgrade.encode())
        raw.recv(1024)
        question = json.dumps({"about": stretch, "text": "Who is speaking?"}).encode()
        head = bytes([0x81, 0xFE]) + len(question).to_bytes(2, "big")
        raw.sendall(head + bytes(4) + question)
        assert within(lambda: "speaking" in answering())
        assert sockets_open(site.port) == 1
        assert within(lambda: answering() == set())
        assert within(lambda: sockets_open(site.port) == 0)
        assert asked_first_words(site, stretch)
        raw.close()


def asked_first_words(site: Site, stretch: dict[str, Any]) -> bool:
    """Whether another one is answered."""
    with talking(site) as socket:
        socket.send(json.dumps({"about": stretch, "text": "Who is speaking?"}))
        return any(isinstance(message, bytes) for message in socket)


def test_a_question_that_never_comes_is_given_up(impatient: Site) -> None:
    with talking(impatient) as socket:
        assert heard(socket).error == "no question came: ask again"
    with talking(impatient) as socket:
        socket.send(json.dumps({"about": about(impatient, REEL), "text": ""}))
        assert heard(socket).error == "no question came: ask again"


def test_twenty_conversations_at_once_are_all_answered(site: Site) -> None:
    found: list[Heard] = []

    def ask() -> None:
        found.append(asked_in_writing(site, TRANSCRIBE))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert [one.error for one in found] == [None] * 20
    assert len({one.answer for one in found}) == 1
    assert {len(one.samples) for one in found} != {0}
    assert within(lambda: answering() == set())
    assert asked_in_writing(site, TRANSCRIBE).answer == found[0].answer


def test_more_conversations_than_can_be_had_are_refused(site: Site) -> None:
    with ExitStack() as open_ones:
        for _ in range(MOST_CONVERSATIONS):
            open_ones.enter_context(talking(site))
        with talking(site) as socket:
            assert heard(socket).error == (
                f"{MOST_CONVERSATIONS} questions are being answered: ask again in a moment"
            )
    assert within(lambda: asked_in_writing(site, "Who?").error is None)
