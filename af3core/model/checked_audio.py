"""Which waveforms a model can be asked about."""

from __future__ import annotations

import numpy as np

from af3core.errors import AudioTooLong, EmptyAudio, InvalidAudio
from af3core.model.limits import MAX_AUDIO_SAMPLES, MAX_WINDOWS, SAMPLE_RATE_HZ, audio_tokens
from af3core.model.request import Sound


def check_sound(sound: Sound) -> None:
    """Refuse audio that the model cannot hear.

    Raises:
        InvalidAudio: no mono 16 kHz waveform of finite numbers.
        EmptyAudio: less than one audio token.
        AudioTooLong: more than 20 windows of 30 s.
    """
    samples = sound.samples
    if samples.ndim != 1:
        raise InvalidAudio(f"audio must be mono [samples], not {list(samples.shape)}")
    if sound.sample_rate_hz != SAMPLE_RATE_HZ:
        raise InvalidAudio(
            f"audio has {sound.sample_rate_hz} Hz: resample it to {SAMPLE_RATE_HZ} Hz"
        )
    if not audio_tokens(len(samples)):
        raise EmptyAudio(f"{len(samples)} samples: less than the 30 ms of one audio token")
    if len(samples) > MAX_AUDIO_SAMPLES:
        raise AudioTooLong(
            f"{len(samples) / SAMPLE_RATE_HZ:.1f} s of audio: the model takes at most"
            f" {MAX_AUDIO_SAMPLES // SAMPLE_RATE_HZ} s ({MAX_WINDOWS} windows); cut it into clips"
        )
    if not np.isfinite(samples).all():
        raise InvalidAudio("audio holds samples that are no numbers")
