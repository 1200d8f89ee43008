"""Long sounds are heard in windows that overlap; their frames are those of the whole sound."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from af3core.alignment import ctc_windows
from af3core.alignment.ctc_aligner import CtcAligner
from af3core.alignment.ctc_checkpoint import find_ctc_checkpoint
from af3core.alignment.ctc_windows import Window, windows
from af3core.nano.ctc_model import new_ctc_model, save_ctc_model
from tests.media import WORDS, spoken

HOP = 320
SECOND = 16_000


def test_a_short_sound_is_one_window() -> None:
    assert list(windows(50 * SECOND, HOP)) == [Window(0, 50 * SECOND, 0, None)]


def test_a_long_one_has_five_seconds_around_each() -> None:
    assert list(windows(90 * SECOND, HOP)) == [
        Window(0, 50 * SECOND, 0, 2250),
        Window(40 * SECOND, 90 * SECOND, 250, None),
    ]


@given(st.integers(1, 30 * 60 * SECOND), st.sampled_from([160, 320, 640]))
def test_windows_hold_each_frame_once(count: int, hop: int) -> None:
    found = list(windows(count, hop))
    kept = [(w.start // hop + w.first_frame, w.last_frame) for w in found]
    ends = [w.start // hop + w.last_frame for w in found if w.last_frame is not None]
    assert kept[0][0] == 0
    assert [start for start, _ in kept[1:]] == ends
    assert all(w.end - w.start <= 60 * SECOND + 2 * hop for w in found)
    assert all(w.start % hop == 0 for w in found)
    assert found[-1].end == count
    assert all(before.start <= after.start for before, after in pairwise(found))


@pytest.fixture(scope="module")
def aligner(tmp_path_factory: pytest.TempPathFactory) -> CtcAligner:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("windows")
    save_ctc_model(new_ctc_model(), folder)
    return CtcAligner(find_ctc_checkpoint(str(folder)))


def heard(aligner: CtcAligner, samples: np.ndarray) -> np.ndarray:
    return aligner._heard(samples, range(1, 30)).columns


def test_frames_of_windows_are_those_of_one_pass(
    aligner: CtcAligner, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.concatenate([spoken(WORDS), spoken("the river flooded in nineteen eighty four")])
    whole = heard(aligner, samples)
    monkeypatch.setattr(ctc_windows, "_LONGEST_KEPT_S", 3)
    monkeypatch.setattr(ctc_windows, "_AROUND_S", 2)
    windowed = heard(aligner, samples)
    monkeypatch.setattr(ctc_windows, "_AROUND_S", 0)
    cut = heard(aligner, samples)
    assert len(list(windows(len(samples), HOP))) >= 3
    assert windowed.shape == whole.shape
    assert np.abs(windowed - whole).max() <= 0.05
    assert np.abs(cut - whole[: len(cut)]).max() >= 0.5
