"""Corrections are published behind the answers, also where the machine is short of threads."""

from __future__ import annotations

import threading

import pytest

from beam_jobs.browse.review.background_publisher import BackgroundPublisher
from tests.refused_threads import no_thread_left


def test_what_no_thread_could_be_started_for_is_published_with_the_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    published: list[str] = []
    both = threading.Event()

    def publish(corpus: str) -> None:
        published.append(corpus)
        if len(published) == 2:
            both.set()

    publisher = BackgroundPublisher(publish, every_s=0.01)
    with no_thread_left():
        publisher.ask("news")
    assert published == []
    assert "corpus news are kept, and not published yet: can't start new" in capsys.readouterr().err
    publisher.ask("talk")
    assert both.wait(20)
    publisher.close()
    assert published == ["news", "talk"]
