"""Which weights a question is asked with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from af3core.model.engines.engine_registry import EngineName, EngineSettings
from af3core.model.request import Sound
from af3core.model.weights.checkpoint import Checkpoint
from af3core.tasks.task import Task
from beam_jobs.night.task_request import request_of

CAPTION = Task("caption", "caption", "Describe the audio.", unit="clip")
THINK = Task("why", "question", "Why?", thinking=True)


@pytest.fixture
def with_think(tmp_path: Path) -> Path:
    (tmp_path / "think").mkdir()
    (tmp_path / "think" / "adapter_config.json").write_text("{}")
    return tmp_path


def weights(folder: Path, task: Task, seconds: float, name: EngineName = "af3") -> str:
    settings = EngineSettings(name, Checkpoint("m", "r", folder, ""), "float32", "cpu", 1000)
    sound = Sound(np.zeros(int(seconds * 16_000), np.float32))
    return request_of(sound, task, settings).weights


@pytest.mark.parametrize(
    ("task", "seconds", "expected"),
    [
        (CAPTION, 30, "base"),
        (CAPTION, 150, "base"),
        (CAPTION, 150.1, "think"),
        (CAPTION, 600, "think"),
        (THINK, 5, "think"),
    ],
)
def test_the_think_weights_think_and_hear_what_is_longer_than_the_base_has_seen(
    with_think: Path, task: Task, seconds: float, expected: str
) -> None:
    assert weights(with_think, task, seconds) == expected


def test_a_checkpoint_without_them_and_other_engines_use_the_base(
    with_think: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plain = tmp_path_factory.mktemp("plain")
    assert weights(plain, THINK, 600) == "base"
    assert weights(with_think, THINK, 600, "transformers") == "base"
