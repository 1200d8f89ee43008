"""The length that a header names when its file was cut, and none of numbers at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from af3core.audio.header_lengths import header_length_ms
from tests.af3core.audio import clicked_media as made

KINDS = [
    ("wav", (), 6000),
    ("w64", (), 6000),
    ("caf", (), 6000),
    ("avi", ("-c:a", "pcm_s16le"), 6000),
    ("avi", ("-c:a", "libmp3lame"), 6024),
    ("wma", (), 6017),
    ("wav", ("-c:a", "adpcm_ms"), None),
    ("mka", ("-c:a", "aac"), None),
]


@pytest.mark.parametrize(("suffix", "options", "length_ms"), KINDS)
def test_the_header_of_a_cut_file_names_its_length(
    suffix: str, options: tuple[str, ...], length_ms: int | None, tmp_path: Path
) -> None:
    path = made.encoded(tmp_path / f"a.{suffix}", *options)
    for share in (1, 0.5, 0.2):
        assert header_length_ms(made.cut(path, share)) == length_ms


@pytest.mark.parametrize(("suffix", "options"), [kind[:2] for kind in KINDS])
def test_numbers_at_random_are_no_length(
    suffix: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = made.encoded(tmp_path / f"a.{suffix}", *options)
    head = path.read_bytes()[:1500]
    random = np.random.default_rng(0)
    for _ in range(200):
        data = bytearray(head[: int(random.integers(8, len(head)))])
        for at in random.integers(4, len(data), 60):
            data[at] = int(random.integers(0, 256))
        path.write_bytes(data)
        length_ms = header_length_ms(path)
        assert length_ms is None or 0 <= length_ms <= 1000 * 3_600_000
