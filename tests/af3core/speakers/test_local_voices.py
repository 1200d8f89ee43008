"""No voice is heard in digital silence, whatever the segmentation network says of it."""

from __future__ import annotations

import numpy as np

from af3core.audio import SAMPLE_RATE_HZ
from af3core.nano.espeak_voices import Speaker, speak
from af3core.speakers.local_voices import local_voices

PAUSE = np.zeros(SAMPLE_RATE_HZ // 2, np.float32)
LINE = "the storm will be loud tomorrow because the river flooded this garden in london"


def test_no_voice_is_heard_in_the_silence_before_speech() -> None:
    speech = 0.4 * speak(Speaker("en-us", "m3", "man", 40, 150), LINE).audio
    found = local_voices(np.concatenate([PAUSE, speech, PAUSE]).astype(np.float32))
    starts_ms = sorted(start for piece in found for start, _ in piece.spans_ms)
    assert abs(starts_ms[0] - 500) < 60


def test_speech_at_the_first_sample_begins_at_once() -> None:
    speech = 0.4 * speak(Speaker("en-us", "m3", "man", 40, 150), LINE).audio
    found = local_voices(speech[SAMPLE_RATE_HZ // 2 :].astype(np.float32))
    assert min(start for piece in found for start, _ in piece.spans_ms) == 0
