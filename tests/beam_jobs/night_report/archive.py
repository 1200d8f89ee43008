"""Two nights of a small archive; on the second there is silence, and much goes wrong."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from beam_jobs.cli import main
from tests.beam_jobs.night import QUICK_TASKS
from tests.media import spoken, write

FIRST, SECOND = "2026-11-20", "2026-11-21"
HOSTILE_NAME = "<img src=x onerror=alert(1)>.wav"
HOSTILE_ADDRESS = "a<script>alert(1)</script>.mp3"
"""It has a slash: the script's end lies in another folder."""
LOST_NAME = "lost.wav"
"""Gone between plan and segment."""

TOLERANT = ("--max-flagged-share", "1", "--max-failed-share", "1")
"""The words of a model without training are all in doubt."""


def make_archive(folder: Path) -> Path:
    """4 s on the first night; 8 s, 20 s with 12 s of silence, 5 s, two unusable on the second."""
    words = spoken()[: 4 * SAMPLE_RATE_HZ]
    silence = np.zeros(12 * SAMPLE_RATE_HZ, np.float32)
    write(folder / FIRST / "news.wav", words)
    write(folder / SECOND / HOSTILE_NAME, np.tile(words, 2))
    write(folder / SECOND / "quiet.wav", np.concatenate([words, silence, words]))
    write(folder / SECOND / LOST_NAME, np.tile(words, 2)[: 5 * SAMPLE_RATE_HZ])
    broken = folder / SECOND / HOSTILE_ADDRESS
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no sound in here")
    (folder / SECOND / "empty.wav").write_bytes(b"")
    return folder


@functools.cache
def two_nights(folder: Path, checkpoint: Path) -> Path:
    """Both nights published below the session's folder; to be read, and reported on."""
    archive, out = make_archive(folder / "reported-archive"), folder / "reported-nights"
    tasks = folder / "reported-tasks.yaml"
    tasks.write_text(QUICK_TASKS)
    common = ["--out", str(out), "--model", str(checkpoint), "--tasks", str(tasks), *TOLERANT]
    run = [*common, "--run-id", "both", "--gpu-rate", "0.01", "--gpu-price", "1000"]
    assert main(["plan", str(archive), *run]) == 0
    (archive / SECOND / LOST_NAME).unlink()
    for job in ("segment", "annotate", "audit", "publish"):
        assert main([job, *run]) == 0
    return out
