"""How busy `annotate` keeps a device: 500 clips of 4 to 600 s in no order, storage of 50 ms.

Wanted: the device works 95 % of the job's time, start and tail included, on two cores, in bounded
memory. The device is simulated (`simulated_device`): a set time for each batch and each step. All
else is the job's own: Beam, ledger and claims, FLAC, prompts, pool and scheduler. Beside it: the
same, clip after clip, and by two processes that share the clips.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

import numpy as np
import psutil

from af3core.audio import SAMPLE_RATE_HZ
from af3core.audio.clip_file import as_pcm, encode_flac
from af3core.model.weights.checkpoint import find_checkpoint
from af3core.storage.address import open_store
from af3core.storage.store import Store
from beam_jobs.framework import room
from beam_jobs.framework.ledger import Ledger
from beam_jobs.framework.settings import JobSettings
from beam_jobs.night import annotate, asking
from schemas import identity, layout
from schemas.records import (
    Clip,
    MediaInfo,
    NightManifest,
    Recording,
    Segment,
    SegmentedRecording,
)
from tests.beam_jobs.job_settings import settings_for
from tests.benchmarks.report import header, line
from tests.benchmarks.simulated_device import DeviceTimes, SimulatedEngine, SlowStore
from tests.media import programme

DAY = "2026-11-21"
REQUEST_S = 0.05
LENGTHS_S = (4, 600)
SEGMENT_MS = 15_000
TIMES = DeviceTimes(batch_s=0.005, token_s=1 / 25_000, step_s=0.008)
"""AF3 on an H200 at some two fifths of the floor that RESULTS.md predicts for it."""
BATCH_TOKENS = 65_536


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=500)
    parser.add_argument("--clips-alone", type=int, default=20, help="clip after clip")
    parser.add_argument("--clips-shared", type=int, default=60, help="by two processes")
    parser.add_argument("--part-of", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part_of:
        do_part(Path(given.part_of))
        return
    header("a night over a simulated device", "apache-beam", "torch")
    if given.clips_alone:
        measure("clip", given.clips_alone)
    if given.clips:
        measure("continuous", given.clips)
    if given.clips_shared:
        measure_shared(given.clips_shared)


def settings_in(folder: Path, batching: str) -> JobSettings:
    (folder / "arc").mkdir(exist_ok=True)
    options = ("--device", "cpu", "--batching", batching)
    return settings_for("night", folder / "arc", "--out", folder / "out", *options)


def measure_shared(clips: int) -> None:
    """Annotate so many clips by two processes, each with a device, and say who did what."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = make_clips(settings_in(Path(folder), "continuous"), clips)
        command = [sys.executable, "-m", "tests.benchmarks.pipelined_annotate"]
        command += ["--part-of", folder]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        ends = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
        assert sum(end["clips"] for end in ends) == clips, ends
    name = f"shared, {clips} clips"
    line(f"{name}: audio", f"{seconds / 3600:.1f} h")
    for end in ends:
        shown = ", ".join(f"{key} {value}" for key, value in end.items() if key != "ended")
        line(f"{name}: a process", shown)
    line(f"{name}: one ended before the other", f"{abs(ends[0]['ended'] - ends[1]['ended']):.1f} s")


def do_part(folder: Path) -> None:
    """What a process of `measure_shared` does: as JSON, its last line."""
    settings, stores = settings_in(folder, "continuous"), list[SlowStore]()
    engine = SimulatedEngine(find_checkpoint("nano"), TIMES, BATCH_TOKENS)

    def opened(address: str) -> Store:
        stores.append(SlowStore(open_store(address), REQUEST_S))
        return stores[-1]

    with (
        patch.object(asking, "load_engine", lambda _: engine),
        patch("beam_jobs.framework.settings.open_store", opened),
    ):
        begun = time.monotonic()
        done = annotate.run(fresh(settings))
    ended = {
        "clips": done.facts.get("clips_asked", 0),
        "device_s": round(engine.device.worked_s, 1),
        "wall_s": round(time.monotonic() - begun, 1),
        "requests": sum(store.requests.total() for store in stores),
        "lost_claims": sum(store.lost_claims for store in stores),
        "ended": time.time(),
    }
    print(json.dumps(ended))


def measure(batching: str, clips: int) -> None:
    """Annotate so many clips, and say how busy the device was."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_in(Path(folder), batching)
        seconds = make_clips(settings, clips)
        engine = SimulatedEngine(find_checkpoint("nano"), TIMES, BATCH_TOKENS)
        with (
            patch.object(asking, "load_engine", lambda _: engine),
            patch("beam_jobs.framework.settings.open_store", slow_store),
            peak_memory() as peak_mb,
        ):
            begun = time.monotonic()
            done = annotate.run(fresh(settings))
            wall_s = time.monotonic() - begun
        assert done.facts["clips_asked"] == clips, done
        assert not done.waiting, done
        name = f"{batching}, {clips} clips"
        line(f"{name}: audio", f"{seconds / 3600:.1f} h", f"{seconds / wall_s:.0f}x real time")
        busy = engine.device.worked_s / wall_s
        line(
            f"{name}: device busy",
            f"{100 * busy:.1f} %",
            f"{engine.device.worked_s:.1f} s of {wall_s:.1f}",
        )
        line(f"{name}: batches, steps", f"{engine.batches}, {engine.steps}")
        counted_s = done.facts["model_ms"] / 1000
        line(f"{name}: the model's time, by the clips' shares", f"{counted_s:.1f} s")
        line(f"{name}: peak memory", f"{peak_mb[0]:.0f} MB", f"{peak_mb[1]:.0f} MB before")
        line(f"{name}: sounds held at most", f"{room.heard.peak / 2**20:.0f} MiB")


def fresh(settings: JobSettings) -> JobSettings:
    """The same settings, whose store is not opened yet."""
    copy = object.__new__(JobSettings)
    vars(copy).update(settings.__getstate__())
    return copy


def slow_store(address: str) -> Store:
    return SlowStore(open_store(address), REQUEST_S)


def make_clips(settings: JobSettings, count: int) -> float:
    """A day of recordings of one clip each, cut and not asked about; gives their seconds."""
    random, ledger = Random(1), Ledger(settings.store)
    longest = as_pcm(np.asarray(programme(LENGTHS_S[1])[: LENGTHS_S[1] * SAMPLE_RATE_HZ]))
    data = Path(settings.out) / "sound.flac"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_bytes(encode_flac(longest))
    recordings, total_s = [], 0.0
    for number in range(count):
        seconds = random.uniform(*LENGTHS_S)
        total_s += seconds
        content = hashlib.sha256(f"{number}".encode()).hexdigest()
        recording = identity.recording_id(content)
        clip = clip_of(recording, settings.segmentation_hash, round(seconds * 1000))
        path = Path(settings.out) / clip.clip_uri
        path.parent.mkdir(parents=True)
        os.link(data, path)  # the longest, of which a shorter clip's questions hear the start
        cut = SegmentedRecording(
            recording, settings.segmentation_hash, clip.end_ms, (), (clip,), (), "bench"
        )
        ledger.put_segmented(cut)
        media = MediaInfo("flac", "flac", SAMPLE_RATE_HZ, 1, clip.end_ms)
        uri = f"{settings.source}/{number}.flac"
        recordings.append(
            Recording(
                recording, content, uri, (), settings.corpus, DAY, 1, f"{DAY}T00:00:00", media
            )
        )
    ledger.put_manifest(
        NightManifest(
            settings.corpus, DAY, settings.source, "bench", f"{DAY}T00:00:00", 1,
            tuple(recordings), (),
        )
    )  # fmt: skip
    return total_s


def clip_of(recording: str, segmentation_hash: str, end_ms: int) -> Clip:
    clip = identity.clip_id(recording, segmentation_hash, 0, end_ms)
    starts = range(0, end_ms, SEGMENT_MS)
    segments = tuple(
        Segment(
            identity.segment_id(clip, start, stop), start, stop, stop - start, -20.0, -3.0, 900.0
        )
        for start in starts
        if (stop := min(start + SEGMENT_MS, end_ms)) - start > 100
    )
    uri = layout.clip_key(recording, segmentation_hash, 0, end_ms)
    return Clip(clip, recording, uri, 0, end_ms, segments)


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """Gives the process's highest resident memory of the body in MB, and that before it."""
    process, stop = psutil.Process(), threading.Event()
    before_mb = process.memory_info().rss / 1e6
    found = [before_mb, before_mb]

    def look() -> None:
        while not stop.wait(0.1):
            found[0] = max(found[0], process.memory_info().rss / 1e6)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    main()
