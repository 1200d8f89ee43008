"""Clips as FLAC: lossless, any part, damage named."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from af3core.audio.clip_file import encode_flac, read_span
from af3core.errors import InvalidAudio

SAMPLES = np.random.default_rng(0).integers(-30000, 30000, 48_000).astype(np.int16)
FLAC = encode_flac(SAMPLES)


@settings(deadline=None)
@given(st.integers(0, 2999), st.integers(1, 3000))
def test_any_span_comes_back_exactly(start_ms: int, length_ms: int) -> None:
    end_ms = min(3000, start_ms + length_ms)
    audio = read_span(BytesIO(FLAC), "a.flac", start_ms, end_ms)
    assert np.array_equal(audio * 32768, SAMPLES[start_ms * 16 : end_ms * 16])


def test_the_same_samples_are_the_same_bytes() -> None:
    assert encode_flac(SAMPLES.copy()) == FLAC


def test_a_damaged_clip_names_itself_and_the_remedy() -> None:
    with pytest.raises(InvalidAudio, match=r"^clips/x.flac: damaged clip; delete it"):
        read_span(BytesIO(b"fLaC" + b"\0" * 100), "clips/x.flac", 0, 10)
