"""Where cuts fall: no gap, no overlap, no span too long, silence apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from af3core.audio.cut_points import Segmentation, Span, clip_end, frame_levels, segment_spans
from af3core.errors import ConfigurationError

FRAMES_OF_30_S = 937


def timeline(*parts: tuple[float, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Speech probabilities and levels of (seconds, speaks) parts."""
    speaks = np.concatenate([np.full(int(s * 1000 / 32), on) for s, on in parts])
    return speaks.astype(np.float32), np.where(speaks, -20.0, -45.0).astype(np.float32)


def test_levels_are_the_highest_sample_of_each_frame() -> None:
    samples = np.zeros(1100, np.int16)
    samples[600] = -16384
    assert frame_levels(samples).tolist() == pytest.approx([-120.0, -6.02, -120.0], abs=0.01)


def test_a_segment_ends_in_the_pause() -> None:
    speech, levels = timeline((14, True), (1, False), (14, True))
    spans = segment_spans(speech, levels, Segmentation())
    assert len(spans) == 2
    assert 14.0 <= spans[0].end * 0.032 <= 15.0


def test_long_silence_stands_alone() -> None:
    speech = np.concatenate([np.ones(300), np.zeros(300), np.ones(300)]).astype(np.float32)
    levels = np.where(speech > 0, -20.0, -90.0).astype(np.float32)
    spans = segment_spans(speech, levels, Segmentation())
    assert [s for s in spans if s.silent] == [Span(300, 600, True)]


def test_a_clip_ends_in_its_best_late_pause() -> None:
    speech, levels = timeline((100, True), (3, False), (300, True), (2, False), (250, True))
    end_s = clip_end(speech, levels, Segmentation()) * 0.032
    assert 403.0 <= end_s <= 405.0


@settings(deadline=None, max_examples=60)
@given(
    arrays.arrays(np.float32, st.integers(1, 4000), elements=st.floats(0, 1, width=32)),
    st.integers(0, 2**32 - 1),
)
def test_spans_cover_everything_once_and_none_is_too_long(speech: np.ndarray, seed: int) -> None:
    levels = np.random.default_rng(seed).uniform(-100, 0, len(speech)).astype(np.float32)
    spans = segment_spans(speech, levels, Segmentation())
    assert spans[0].start == 0
    assert spans[-1].end == len(speech)
    assert all(a.end == b.start for a, b in itertools.pairwise(spans))
    loud = levels >= -60
    assert all(span.silent != bool(loud[span.start : span.end].any()) for span in spans)
    assert all(0 < span.end - span.start <= FRAMES_OF_30_S for span in spans)


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_segment_s": 31.0},
        {"max_clip_s": 3601.0},
        {"max_clip_s": 20.0},
        {"target_segment_s": 40.0},
    ],
)
def test_settings_that_the_model_cannot_take_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="must lie between"):
        Segmentation(**wrong)
