"""More workers, and more recordings: the real jobs on a real storage server, a simulated model.

Wanted: two workers on fixed work at an efficiency of at least 0.85; ten times the recordings in at
most 10.5 times the time, in the same memory. Floor of the efficiency: the same two processes with
nothing to share, which is what the machine's cores allow.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import PIPE

import soundfile

from af3core.audio import SAMPLE_RATE_HZ
from af3core.storage.address import open_store
from infra.local_buckets import VARIABLE, serving
from schemas.jobs import job_named, options_of_job
from schemas.options.option import as_arguments
from tests.benchmarks.report import header, line
from tests.benchmarks.segment_memory import peak_memory
from tests.media import programme

DAY = "2026-11-21"
BUCKET = "gs://scaling"
REQUEST_S = 0.1
"""The simulated model's time for a question; it answers one at a time."""
CLIP_S = "30"
"""Short clips, so that parts, which go by content, are of nearly equal size."""
_MODEL = """
import sys, time
from tests.chat_server import chat_server
with chat_server() as server:
    server.busy_s = float(sys.argv[1])
    print(server.endpoint, flush=True)
    sys.stdin.read()
"""
JOBS = ("discover", "segment", "annotate", "audit", "publish")


def main() -> None:
    header("scaling, archive and results in a bucket", "apache-beam", "google-cloud-storage")
    with serving(["scaling"]) as address, tempfile.TemporaryDirectory() as folder:
        os.environ[VARIABLE] = address
        os.environ["OMP_NUM_THREADS"] = "1"
        workers(Path(folder))
        recordings()


def workers(folder: Path) -> None:
    """Fixed work on one worker and on two, for the CPU job and for the model's."""
    make_archive(f"{BUCKET}/fixed", count=16, seconds=600)
    for job in ("segment", "annotate"):
        alone_s, both_s = (shared(job, count) for count in (1, 2))
        line(f"{job}: one worker", f"{alone_s:.1f} s")
        line(f"{job}: two workers", f"{both_s:.1f} s", f"efficiency {alone_s / both_s / 2:.2f}")
    one_s, two_s = (decoding(count, folder) for count in (1, 2))
    line("floor: FFmpeg once", f"{one_s:.1f} s")
    line("floor: FFmpeg twice at once", f"{two_s:.1f} s", f"efficiency {one_s / two_s:.2f}")


def shared(job: str, count: int) -> float:
    """Seconds for a job's fixed work by so many workers."""
    out = f"{BUCKET}/out-{job}-{count}"
    with ExitStack() as stack:
        models = [stack.enter_context(simulated_model()) for _ in range(count)]
        for before in JOBS[: JOBS.index(job)]:
            run(command(before, "fixed", out, models[0]))
        begun = time.monotonic()
        if job == "segment":
            parallel = ["--direct_running_mode=multi_processing", f"--direct_num_workers={count}"]
            run([*command(job, "fixed", out, models[0]), *parallel])
        else:
            parts = [
                subprocess.Popen(
                    [*command(job, "fixed", out, model), f"--part={number}/{count}"],
                    stderr=subprocess.DEVNULL,
                )
                for number, model in enumerate(models)
            ]
            if any([process.wait() for process in parts]):
                raise SystemExit(f"{job} failed")
        return time.monotonic() - begun


def decoding(count: int, folder: Path) -> float:
    """Seconds for so many FFmpegs side by side, each over all the archive's audio."""
    from af3core.audio.ffmpeg_program import ffmpeg_binary

    path = folder / "floor.flac"
    soundfile.write(path, programme(600), SAMPLE_RATE_HZ)
    arguments = [ffmpeg_binary(), "-loglevel", "error", "-stream_loop", "60", "-i", str(path)]
    begun = time.monotonic()
    processes = [subprocess.Popen([*arguments, "-f", "null", "-"]) for _ in range(count)]
    for process in processes:
        process.wait()
    return time.monotonic() - begun


def recordings() -> None:
    """A night over recordings, and over ten times as many."""
    seconds, peaks = [], []
    for count in (20, 200):
        make_archive(f"{BUCKET}/archive-{count}", count, seconds=60)
        with simulated_model() as model:
            begun = time.monotonic()
            peak_mb = 0.0
            for job in JOBS:
                given = command(job, f"archive-{count}", f"{BUCKET}/night-{count}", model)
                peak_mb = max(peak_mb, peak_memory(given[1:])[0])
        seconds.append(time.monotonic() - begun)
        peaks.append(peak_mb)
        line(f"a night over {count} recordings", f"{seconds[-1]:.1f} s", f"peak {peak_mb:.0f} MB")
    line("ten times the recordings: time", f"{seconds[1] / seconds[0]:.2f}x")
    line("ten times the recordings: memory", f"{peaks[1] / peaks[0]:.2f}x")


@contextmanager
def simulated_model() -> Iterator[str]:
    """A model of a process of its own; gives its endpoint."""
    command = [sys.executable, "-c", _MODEL, str(REQUEST_S)]
    process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True)
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.communicate()


def make_archive(address: str, count: int, seconds: int) -> None:
    """Recordings of equal length and different content."""
    store = open_store(address)
    audio = programme(seconds + 10)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            path = Path(folder) / "recording.flac"
            soundfile.write(path, audio[number * 700 :][: seconds * SAMPLE_RATE_HZ], SAMPLE_RATE_HZ)
            store.write(f"{DAY}/{number:04d}.flac", path.read_bytes())


def command(job: str, archive: str, out: str, endpoint: str) -> list[str]:
    """A job with the simulated model behind OpenAI's protocol."""
    values = {
        "source": f"{BUCKET}/{archive}",
        "out": out,
        "run_id": "scaling",
        "only": ("caption", "transcript"),
        "max_clip_s": float(CLIP_S),
        "engine": "openai",
        "endpoint": endpoint,
        "model": "af3",
        "max_flagged_share": 1.0,
        "max_failed_share": 1.0,
    }
    taken = options_of_job(job_named(job), accepted=True)
    return [sys.executable, "-m", "beam_jobs", job, *as_arguments(values, taken)]


def run(arguments: list[str]) -> None:
    subprocess.run(arguments, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
