"""Memory of the `segment` job on a recording of twelve hours, its decoder included.

Peer: `librosa.load` of the same file. Floor: a Python process that has imported Beam.
Wanted: at most 400 MB.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from tests.benchmarks.report import header, line
from tests.media import ffmpeg, programme, write

HOURS = 12


def main() -> None:
    header(f"segment, a recording of {HOURS} h (MP3, 16 kHz mono)", "apache-beam", "librosa")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = folder / "archive" / "2026-11-21" / "long.mp3"
        piece = write(folder / "piece.mp3", programme(600), "-b:a", "32k")
        recording.parent.mkdir(parents=True)
        length = ["-t", str(HOURS * 3600), "-c", "copy"]
        ffmpeg("-stream_loop", "-1", "-i", str(piece), *length, str(recording))
        common = ["--out", str(folder / "out")]
        source = ["--source", str(folder / "archive")]
        subprocess.run(
            [sys.executable, "-m", "beam_jobs", "discover", *source, *common],
            check=True,
            capture_output=True,
        )
        floor_mb, _ = peak_memory(["-c", "import beam_jobs.night.segment, onnxruntime"])
        ours_mb, wall_s = peak_memory(["-m", "beam_jobs", "segment", *common])
        load = f"import librosa; librosa.load({str(recording)!r}, sr=16000)"
        peer_mb, _ = peak_memory(["-c", load])
    line("floor: Beam and onnxruntime imported", f"{floor_mb:.0f} MB")
    line("ours: the job", f"{ours_mb:.0f} MB", f"{HOURS * 3600 / wall_s:.0f}x real time")
    line("peer: librosa.load", f"{peer_mb:.0f} MB", f"{peer_mb / ours_mb:.1f} times ours")


def peak_memory(arguments: list[str]) -> tuple[float, float]:
    """Highest resident memory of a Python process and its children in MB, and wall seconds.

    Pages that processes share count once each (USS plus the largest process's shared part would
    be less): the figure errs upwards.
    """
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peak = 0.0
    done = threading.Event()
    threading.Thread(target=lambda: (process.wait(), done.set()), daemon=True).start()
    while not done.wait(0.02):
        try:
            root = psutil.Process(process.pid)
            own = root.cmdline()
            # a child that has not become its program yet has its parent's memory, not its own
            family = [root, *(c for c in root.children(recursive=True) if c.cmdline() != own)]
            peak = max(peak, sum(p.memory_info().rss for p in family))
        except psutil.NoSuchProcess:
            continue
    if process.returncode:
        error = process.stderr.read().decode() if process.stderr else ""
        raise SystemExit(f"{arguments}: exit {process.returncode}\n{error}")
    return peak / 1e6, time.monotonic() - begun


if __name__ == "__main__":
    main()
