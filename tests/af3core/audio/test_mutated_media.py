"""Broken bytes of any container: an error that is known, or times that add up."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

import numpy as np
import pytest

from af3core.audio.clip_stream import cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.audio.damage import find_damage
from af3core.audio.decode import CHUNK_SAMPLES, DecodeReport, decode
from af3core.errors import MediaError
from tests.af3core.audio import clicked_media as made

LONGEST_MS = 7 * 3_600_000
KINDS = (
    ("mkv", ("-c:a", "aac")),
    ("mp4", ("-c:a", "aac", "-movflags", "faststart")),
    ("ts", ("-c:a", "mp2")),
    ("flv", ("-c:a", "aac")),
    ("ogg", ("-c:a", "libvorbis")),
    ("opus", ()),
    ("mp3", ()),
    ("wma", ()),
    ("avi", ("-c:a", "pcm_s16le")),
    ("wav", ()),
    ("flac", ()),
)


def mutate(data: bytearray, random: np.random.Generator) -> None:
    """A few bytes changed, a piece gone, a piece twice, or the end gone."""
    for _ in range(int(random.integers(1, 4))):
        place, length = int(random.integers(0, len(data))), int(random.integers(1, 4000))
        match int(random.integers(0, 4)):
            case 0:
                for at in random.integers(0, len(data), 20):
                    data[at] = int(random.integers(0, 256))
            case 1:
                del data[place : place + length]
            case 2:
                data[place:place] = data[place : place + length]
            case _:
                del data[max(place, len(data) // 4) :]


@pytest.mark.parametrize(
    "seed",
    [pytest.param(n, marks=() if n < 11 else pytest.mark.long) for n in range(220)],
)
def test_times_of_a_mutated_file_add_up(seed: int, tmp_path: Path) -> None:
    suffix, options = KINDS[seed % len(KINDS)]
    random = np.random.default_rng(seed)
    path = made.encoded(tmp_path / f"a.{suffix}", *options)
    made.changed(path, lambda data: mutate(data, random))
    report = DecodeReport()
    chunks = []
    with contextlib.suppress(MediaError):
        for chunk in decode(path, path.name, report, 24 * 3600):
            chunks.append(chunk)
    if not chunks:
        return
    assert all(len(chunk) == CHUNK_SAMPLES for chunk in chunks[:-1])
    assert sum(map(len, chunks)) == report.sample_count
    clock = report.clock
    filled_ms = clock.gap_ms + clock.start_offset_ms
    expected_ms = clock.content_ms + filled_ms - clock.overlap_ms
    rounding_ms = 2 + clock.gap_count + clock.overlap_count
    assert report.duration_ms == pytest.approx(expected_ms, abs=rounding_ms)
    assert report.duration_ms <= LONGEST_MS
    clips = list(cut_recording(iter(chunks[:40]), Segmentation(max_clip_s=60.0)))
    assert clips[0].start_ms == 0
    spans = [(s.start_ms, s.end_ms) for clip in clips for s in clip.segments]
    assert all(one[1] == other[0] for one, other in itertools.pairwise(spans))
    assert spans[-1][1] == round(sum(map(len, chunks[:40])) / 16)
    find_damage(path, report, None)
