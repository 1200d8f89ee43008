"""Two nights of a small archive; on the second there is silence, and much goes wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.espeak_voices import Audio
from beam_jobs.cli import main
from tests.beam_jobs.small_night import QUICK_TASKS
from tests.made_once import made_once
from tests.media import spoken, write

FIRST, SECOND = "2026-11-20", "2026-11-21"
HOSTILE_NAME = "<img src=x onerror=alert(1)>.wav"
HOSTILE_ADDRESS = "a<script>alert(1)</script>.mp3"
"""It has a slash: the script's end lies in another folder."""
LOST_NAME = "lost.wav"
"""Headers, and no audio behind them."""

TOLERANT = ("--max-flagged-share", "1", "--max-failed-share", "1")
"""The words of a model without training are all in doubt."""


def make_archive(folder: Path) -> Path:
    """4 s on the first night; 8 s, 20 s with 12 s of silence, 5 s, two unusable on the second."""
    words = spoken()[: 4 * SAMPLE_RATE_HZ]
    silence = np.zeros(12 * SAMPLE_RATE_HZ, np.float32)
    write(folder / FIRST / "news.wav", words)
    write(folder / SECOND / HOSTILE_NAME, np.tile(words, 2))
    write(folder / SECOND / "quiet.wav", np.concatenate([words, silence, words]))
    _write_headers_alone(folder / SECOND / LOST_NAME, np.tile(words, 2)[: 5 * SAMPLE_RATE_HZ])
    broken = folder / SECOND / HOSTILE_ADDRESS
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"no sound in here")
    (folder / SECOND / "empty.wav").write_bytes(b"")
    return folder


def _write_headers_alone(path: Path, audio: Audio) -> None:
    """FLAC that says how long it is, and holds nothing (RFC 9639, section 8.1: metadata blocks)."""
    whole = write(path.with_suffix(".flac"), audio)
    data, end, is_last = whole.read_bytes(), 4, False
    while not is_last:
        is_last = bool(data[end] >> 7)
        end += 4 + int.from_bytes(data[end + 1 : end + 4], "big")
    path.write_bytes(data[:end])
    whole.unlink()


def two_nights(shared: Path, checkpoint: Path) -> Path:
    """Both nights published, once in a run of the tests; to be read, and reported on."""
    made = made_once(shared, "reported", lambda folder: _publish(folder, checkpoint))
    return made / "nights"


def _publish(folder: Path, checkpoint: Path) -> None:
    archive, out = make_archive(folder / "archive"), folder / "nights"
    tasks = folder / "tasks.yaml"
    tasks.write_text(QUICK_TASKS)
    common = ["--out", str(out), "--model", str(checkpoint), "--tasks", str(tasks)]
    run = [*common, "--run-id", "both", "--gpu-rate", "0.01", "--gpu-price", "1000"]
    assert main(["plan", str(archive), *run]) == 0
    for job in ("segment", "annotate", "audit", "publish"):
        assert main([job, *run, *(TOLERANT if job == "audit" else ())]) == 0
