"""Progress: what is said of work that begins in the middle, and where it is shown."""

from __future__ import annotations

import io
import json
import os
import pty
import threading
import time
from collections.abc import Callable

import pytest

from af3core.messages import Level, Telling, as_told
from beam_jobs.framework import progress
from beam_jobs.framework.progress import Watch, Work, show_progress


def work(done_ms: Callable[[], int]) -> Work:
    return Work(100_000, done_ms)


def test_what_was_done_before_is_no_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now, done_ms = [0.0], [50_000]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    watch = Watch(work(lambda: done_ms[0]))
    assert watch.describe(watch.done_ms()) == "0:50 of 1:40"
    now[0], done_ms[0] = 10.0, 70_000
    assert watch.describe(watch.done_ms(is_last=True)) == "1:10 of 1:40, 2x real time, 0:15 left"
    now[0], done_ms[0] = 20.0, 130_000  # longer than its tags say
    assert watch.describe(watch.done_ms(is_last=True)) == "1:40 of 1:40, 2x real time, 0:00 left"


def test_a_line_a_minute_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert progress.PLAIN_LINE_EVERY_S == 60.0
    monkeypatch.setattr(progress, "PLAIN_LINE_EVERY_S", 0.2)
    with show_progress("segment", work(lambda: 0), io.StringIO()):
        time.sleep(0.5)
    lines = capsys.readouterr().err.splitlines()
    assert 2 <= len(lines) <= 4
    assert set(lines) == {"af3: segment: 0:00 of 1:40"}


def test_json_has_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    with as_told(Telling(log_format="json")), show_progress("segment", work(lambda: 0)):
        pass
    told = json.loads(capsys.readouterr().err)
    assert (told["job"], told["done_s"], told["total_s"], told["left_s"]) == (
        "segment",
        0,
        100,
        None,
    )


def test_quiet_shows_none(capsys: pytest.CaptureFixture[str]) -> None:
    with as_told(Telling(Level.ERROR)), show_progress("segment", work(lambda: 0)):
        pass
    assert capsys.readouterr().err == ""


def test_a_terminal_has_one_line_that_moves() -> None:
    master, slave = pty.openpty()
    shown = bytearray()

    def read() -> None:
        try:
            while data := os.read(master, 4096):
                shown.extend(data)
        except OSError:
            pass

    reader = threading.Thread(target=read)
    reader.start()
    with os.fdopen(slave, "w") as terminal, show_progress("segment", work(lambda: 0), terminal):
        time.sleep(1.2)
    reader.join()
    os.close(master)
    assert shown.count(b"\n") == 1
    assert shown.count(b"segment") >= 3
