"""What the WebSocket refuses: one line each, and nothing is asked."""

from __future__ import annotations

import json
import socket as sockets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from beam_jobs.browse.talk.answer_socket import PageTimeouts
from beam_jobs.talk.answerer import Answerer
from tests.beam_jobs.browse.served import Site, served
from tests.beam_jobs.browse.talking import (
    REEL,
    about,
    heard,
    talking,
)
from tests.beam_jobs.demo import browsed_night

TOKEN = "a-token-that-is-long-enough"
IMPATIENT = PageTimeouts(question_s=2.0, stalled_s=1.0)


@pytest.fixture(scope="module")
def out(shared: Path) -> Path:
    return browsed_night(shared)


@pytest.fixture(scope="module")
def site(out: Path, answerer: Answerer) -> Iterator[Site]:
    with served(out, answerer=answerer) as site:
        yield site


def changed(stretch: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"about": stretch | values, "text": "Who?"}


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"recording_id": "../../x"}, "there is no such clip"),
        ({"corpus": "../demo"}, "there is no such clip"),
        ({"clip_id": "0" * 24}, f"clip {'0' * 24}: not in the tables"),
        ({"clip_id": "clip"}, "there is no such clip"),
        ({"start_ms": 5, "end_ms": 5}, "start_ms and end_ms: the stretch that is asked about"),
        ({"start_ms": True}, "start_ms and end_ms: the stretch that is asked about"),
        ({"start_ms": -1}, "start_ms and end_ms: the stretch that is asked about"),
        ({"start_ms": 9_000_000, "end_ms": 9_001_000}, "the stretch lies outside of its clip"),
        ({"end_ms": 9_000_000}, "the stretch is longer than 9 minutes: choose a shorter one"),
    ],
)
def test_a_stretch_that_is_none_is_one_line(site: Site, values: dict[str, Any], line: str) -> None:
    with talking(site) as socket:
        socket.send(json.dumps(changed(about(site, REEL), **values)))
        assert heard(socket).error == line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"sound", "begin with a JSON message"),
        ("", "begin with a JSON message"),
        ("[" * 10_000, "begin with a JSON message"),
        ("[]", 'send {"about": {corpus, date, recording_id, clip_id, …}, "text"}'),
        (
            '{"about": {"corpus": 3}}',
            'send {"about": {corpus, date, recording_id, clip_id, …}, "text"}',
        ),
    ],
)
def test_what_is_no_question_is_one_line(site: Site, message: str | bytes, line: str) -> None:
    with talking(site) as socket:
        socket.send(message)
        assert heard(socket).error == line


@pytest.mark.parametrize(
    ("recorded", "line"),
    [
        ([], "nothing was recorded: hold the button while you speak"),
        ([b"no sound at all"], "the browser's recording cannot be decoded: ask again"),
        ([b"#EXTM3U\nhttp://127.0.0.1/x"], "the browser's recording cannot be decoded: ask again"),
        ([b"\0" * 1_000_000] * 9, "the question is too long: ask again"),
    ],
)
def test_a_recording_that_is_none_is_one_line(site: Site, recorded: list[bytes], line: str) -> None:
    with talking(site) as socket:
        socket.send(json.dumps({"about": about(site, REEL), "text": ""}))
        for part in recorded:
            socket.send(part)
        socket.send(json.dumps({"end": True}))
        assert heard(socket).error == line


@pytest.mark.parametrize(
    ("seconds", "level", "line"),
    [
        (1, 0.0, "nothing was heard: is the microphone switched off?"),
        (61, 0.1, "a question lasts at most 60 s: ask again"),
    ],
)
def test_a_silent_and_an_endless_question(
    site: Site, tmp_path: Path, seconds: int, level: float, line: str
) -> None:
    path = tmp_path / "q.flac"
    noise = np.random.default_rng(0).standard_normal(16_000 * seconds)
    soundfile.write(path, level * noise / 4, 16_000)
    recorded = path.read_bytes()
    with talking(site) as socket:
        socket.send(json.dumps({"about": about(site, REEL), "text": ""}))
        for start in range(0, len(recorded), 500_000):
            socket.send(recorded[start : start + 500_000])
        socket.send(json.dumps({"end": True}))
        assert heard(socket).error == line


def test_a_message_beyond_measure_closes_the_socket(site: Site) -> None:
    with talking(site) as socket:
        socket.send("x" * (2 << 20))
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_cannot_ask(site: Site, origin: str) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(
            f"ws://{site.host}/api/talk",
            origin=origin,  # type: ignore[arg-type]
        ),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_a_name_that_was_made_to_point_here_cannot_ask(site: Site) -> None:
    elsewhere = f"ws://evil.example:{site.port}/api/talk"
    with (
        sockets.create_connection(("127.0.0.1", site.port)) as raw,
        pytest.raises(InvalidStatus) as refused,
        connect(elsewhere, sock=raw, origin="http://evil.example"),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_a_token_is_needed_where_one_is(out: Path, answerer: Answerer) -> None:
    with served(out, token=TOKEN, answerer=answerer) as site:
        for query in ("", f"?token={TOKEN}"):
            with (
                pytest.raises(InvalidStatus) as refused,
                connect(f"ws://{site.host}/api/talk{query}", origin=f"http://{site.host}"),
            ):
                pass
            assert refused.value.response.status_code == 401
        cookie = {"Cookie": f"af3_browse_{site.port}={TOKEN}"}
        with talking(site, additional_headers=cookie) as socket:
            socket.send("[]")
            assert heard(socket).error is not None


def test_nowhere_else_is_there_a_socket(site: Site) -> None:
    for path in ("/api/search", "/", "/nothing"):
        with (
            pytest.raises(InvalidStatus),
            connect(f"ws://{site.host}{path}", origin=f"http://{site.host}"),
        ):
            pass
