"""Clips as FLAC: lossless, any part, damage named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio.clip_file import encode_flac, read_span
from af3core.errors import InvalidAudio

SAMPLES = np.random.default_rng(0).integers(-30000, 30000, 48_000).astype(np.int16)
FLAC = encode_flac(SAMPLES)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "a.flac"
    path.write_bytes(FLAC)
    return path


@settings(deadline=None)
@given(st.integers(0, 2999), st.integers(1, 3000))
def test_any_span_comes_back_exactly(clip: Path, start_ms: int, length_ms: int) -> None:
    end_ms = min(3000, start_ms + length_ms)
    with clip.open("rb") as file:
        audio = read_span(file, "a.flac", start_ms, end_ms)
    assert np.array_equal(audio * 32768, SAMPLES[start_ms * 16 : end_ms * 16])


def test_the_same_samples_are_the_same_bytes() -> None:
    assert encode_flac(SAMPLES.copy()) == FLAC


def test_a_damaged_clip_names_itself_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "x.flac"
    path.write_bytes(b"fLaC" + b"\0" * 100)
    with (
        path.open("rb") as file,
        pytest.raises(InvalidAudio, match=r"^clips/x.flac: damaged clip; delete it"),
    ):
        read_span(file, "clips/x.flac", 0, 10)
