"""Which level is silence in a quiet recording, and which silence is doubted."""

from __future__ import annotations

import numpy as np
import pytest

from af3core.audio.channel_mix import Pcm
from af3core.audio.clip_stream import cut_recording
from af3core.audio.cut_points import Segmentation
from af3core.audio.silence import Levels, is_silence_doubted, silence_for
from tests.media import programme

RATE = 16_000


def quiet(level_dbfs: float, noise_dbfs: float = -120.0) -> Pcm:
    """Twenty seconds of sentences with this peak over noise of this effective level."""
    audio = programme(20)[: 20 * RATE]
    noise = 10 ** (noise_dbfs / 20) * np.random.default_rng(0).standard_normal(len(audio))
    return np.round(32767 * (2 * 10 ** (level_dbfs / 20) * audio + noise)).astype(np.int16)


def hiss(level_dbfs: float) -> Pcm:
    noise = np.random.default_rng(0).standard_normal(20 * RATE)
    return np.round(32768 * 10 ** (level_dbfs / 20) * noise).astype(np.int16)


@pytest.mark.parametrize(
    ("samples", "expected_dbfs"),
    [
        (quiet(-6), -60.0),
        (quiet(-30), -60.0),
        (quiet(-50), pytest.approx(-82, abs=4)),
        (quiet(-63), pytest.approx(-94, abs=4)),
        (quiet(-63, -90), pytest.approx(-78, abs=4)),
        (hiss(-75), pytest.approx(-71, abs=3)),
        (np.zeros(RATE, np.int16), -60.0),
        (np.tile(np.array([0, 1], np.int16), RATE), -60.0),
    ],
)
def test_the_level_of_silence_by_the_recordings_own(samples: Pcm, expected_dbfs: float) -> None:
    assert silence_for(Levels([samples]), -60.0) == expected_dbfs


def test_a_whisper_at_minus_63_dbfs_is_cut_at_its_pauses() -> None:
    samples = quiet(-63)
    fixed = list(cut_recording([samples], Segmentation()))
    assert {s.skip_reason for clip in fixed for s in clip.segments} == {"silence"}
    level = silence_for(Levels([samples]), -60.0)
    (clip,) = cut_recording([samples], Segmentation(silence_dbfs=level))
    assert "" in {s.skip_reason for s in clip.segments}
    heard_ms = sum(s.end_ms - s.start_ms for s in clip.segments if not s.skip_reason)
    assert heard_ms == 20_000


@pytest.mark.parametrize(
    ("peak_dbfs", "duration_ms", "neighbours_heard", "doubted"),
    [
        (None, 20_000, False, False),
        (-90.3, 20_000, False, False),
        (-80.0, 20_000, False, False),
        (-79.9, 20_000, False, True),
        (-63.0, 1_000, False, True),
        (None, 59_999, False, False),
        (None, 60_000, False, True),
        (None, 1_000, True, True),
    ],
)
def test_a_silence_is_doubted_by_level_length_or_neighbours(
    peak_dbfs: float | None, duration_ms: int, neighbours_heard: bool, doubted: bool
) -> None:
    assert is_silence_doubted(peak_dbfs, duration_ms, -60.0, neighbours_heard) is doubted
