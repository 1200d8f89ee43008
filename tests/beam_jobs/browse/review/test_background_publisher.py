"""Corrections are published behind the answers, also where the machine is short of threads."""

from __future__ import annotations

import threading

import pytest

from beam_jobs.browse.review.background_publisher import BackgroundPublisher


def test_what_no_thread_could_be_started_for_is_published_with_the_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    published: list[str] = []
    both = threading.Event()

    def publish(corpus: str) -> None:
        published.append(corpus)
        if len(published) == 2:
            both.set()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    publisher = BackgroundPublisher(publish, every_s=0.01)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    publisher.ask("news")
    monkeypatch.undo()
    assert published == []
    assert "corpus news are kept, and not published yet: can't start new" in capsys.readouterr().err
    publisher.ask("talk")
    assert both.wait(20)
    publisher.close()
    assert published == ["news", "talk"]
