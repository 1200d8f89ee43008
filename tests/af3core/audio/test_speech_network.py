"""The network over images of frames is the package's own, to the last bit."""

from __future__ import annotations

import platform
from pathlib import Path

import numpy as np
import pytest

from af3core.audio import speech_network
from af3core.audio.speech_network import SpeechNetwork, Values
from af3core.errors import ConfigurationError
from tests.media import programme

ROUNDING = 0.0 if platform.machine() == "x86_64" else 1e-5
"""Other processors' kernels may add up in another order."""


def frames(count: int) -> Values:
    """Speech over noise, then near silence, then nothing, `[frames, 576]`."""
    samples = programme(count * 0.032 + 1)[: count * 512 + 64].copy()
    samples += 0.02 * np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32)
    samples[len(samples) // 2 :] *= 1e-3
    samples[len(samples) * 3 // 4 :] = 0
    windows = np.lib.stride_tricks.sliding_window_view(samples, 576)[::512]
    return np.asarray(windows[:count], np.float32)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 312, 937])
def test_values_are_those_of_the_packages_form(count: int) -> None:
    heard = frames(count)
    expected = SpeechNetwork(by_image=False).probabilities(heard)
    assert np.abs(SpeechNetwork().probabilities(heard) - expected).max() <= ROUNDING


def test_pieces_give_what_the_whole_gives() -> None:
    heard = frames(100)
    network = SpeechNetwork()
    pieces = [network.probabilities(piece) for piece in np.split(heard, [0, 3, 11, 12, 52])]
    together = np.concatenate(pieces)
    assert together.shape == (100,)
    assert together.max() > 0.9
    assert np.abs(together - SpeechNetwork().probabilities(heard)).max() <= ROUNDING


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("other", b"another version"), ("missing", None)):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        monkeypatch.setattr(speech_network, "MODEL_FILE", path)
        with pytest.raises(ConfigurationError, match=f"{name} is not the speech model's published"):
            SpeechNetwork()
