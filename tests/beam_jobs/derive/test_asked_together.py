"""Derived jobs that ask many pieces together: the rows of one piece after the other."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from af3core.errors import ModelError
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.request import Answer, Request
from beam_jobs.derive import events_job
from beam_jobs.derive.chat import chat_job
from beam_jobs.framework import room
from tests.beam_jobs.embedded_night import embedded_night
from tests.beam_jobs.job_settings import settings_for
from tests.beam_jobs.skills_night import made_night, make
from tests.beam_jobs.small_night import rows

TOGETHER = ("--batching", "continuous")
SCRIPT = """\
speakers:
  where: speech_ms > 3000
  limit: 12
  turns: [Who is speaking?, How many speakers are there?]
  max_new_tokens: 16
"""


@pytest.fixture
def askers(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The threads that ask beside each other."""
    answer, threads = Af3Engine.answer_beside, set[str]()

    def noted(self: Af3Engine, requests: Sequence[Request]) -> list[Answer | ModelError]:
        threads.add(threading.current_thread().name)
        return answer(self, requests)

    monkeypatch.setattr(Af3Engine, "answer_beside", noted)
    return threads


def rounded(found: Any) -> Any:
    """Without what every run has of its own; sums of floating point depend on their order."""
    if isinstance(found, dict):
        own = ("run_id", "generated_at")
        return {name: rounded(value) for name, value in found.items() if name not in own}
    if isinstance(found, list):
        return [rounded(value) for value in found]
    return pytest.approx(found, abs=1e-4) if isinstance(found, float) else found


def test_conversations_of_several_recordings(
    shared: Path, tmp_path: Path, askers: set[str]
) -> None:
    out = Path(shutil.copytree(embedded_night(shared), tmp_path / "out"))
    (tmp_path / "talk.yaml").write_text(SCRIPT)
    given = ("--out", str(out), "--conversations", str(tmp_path / "talk.yaml"))
    chat_job.run(settings_for("chat", *given))
    alone = rows(out, "chats")
    assert askers == set()
    shutil.rmtree(out / "ledger" / "derived" / "chat")
    done = chat_job.run(settings_for("chat", *given, *TOGETHER))
    pieces = len({row["recording_id"] for row in alone})
    assert done.facts["made_now"] == pieces >= 2
    assert len(askers) == pieces
    assert rows(out, "chats") == rounded(alone)
    assert room.asked._held == room.heard._held == 0
    assert not [path for path in (out / "claims").rglob("*") if path.is_file()]


def test_events_and_pairs_that_the_model_is_asked_about(
    shared: Path, tmp_path: Path, askers: set[str]
) -> None:
    out = Path(shutil.copytree(made_night(shared), tmp_path / "out"))
    named = ("--skill", "temporal_order")
    make(out, *named)
    alone = [rows(out, "events"), rows(out, "pairs")]
    assert askers == set()
    shutil.rmtree(out / "ledger" / "derived")
    events_job.run(settings_for("events", "--out", out, *TOGETHER))
    make(out, *named, *TOGETHER)
    assert len(askers) >= 1
    assert [rows(out, "events"), rows(out, "pairs")] == rounded(alone)
