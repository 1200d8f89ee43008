"""Where speech is: by the published model file, in pieces as in one, without torch."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np

from af3core.audio.speech_network import MODEL_FILE, MODEL_SHA256
from af3core.audio.voice_activity import SpeechDetector


def test_the_model_is_the_published_file() -> None:
    spec = importlib.util.find_spec("silero_vad")
    assert spec is not None
    assert spec.submodule_search_locations
    published = Path(spec.submodule_search_locations[0]) / "data" / MODEL_FILE.name
    assert MODEL_FILE.read_bytes() == published.read_bytes()
    assert hashlib.sha256(MODEL_FILE.read_bytes()).hexdigest() == MODEL_SHA256
    assert "MIT License" in MODEL_FILE.with_name("LICENSE").read_text("utf-8")


def test_pieces_give_what_the_whole_gives() -> None:
    samples = np.random.default_rng(1).integers(-9000, 9000, 16_000 + 100).astype(np.int16)
    whole, pieces = SpeechDetector(), SpeechDetector()
    at_once = np.concatenate([whole.feed(samples), whole.finish()])
    parts = [pieces.feed(part) for part in np.split(samples, [7, 511, 512, 5000])]
    assert at_once.shape == (32,)
    np.testing.assert_allclose(np.concatenate([*parts, pieces.finish()]), at_once, atol=1e-5)


def test_torch_is_not_imported() -> None:
    code = (
        "import sys; from af3core.audio.voice_activity import SpeechDetector as D; D();"
        " print([m for m in ('torch', 'silero_vad') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
