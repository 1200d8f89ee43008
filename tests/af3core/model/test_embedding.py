"""A sound's embedding is the mean of transformers' encoder states, whatever it is embedded with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from af3core.errors import AudioTooLong, EmptyAudio, InvalidAudio
from af3core.model.audio_limits import AF3_LIMIT, SAMPLE_RATE_HZ, audio_tokens
from af3core.model.engines.af3_engine import Af3Engine
from af3core.model.engines.transformers_engine import TransformersEngine
from af3core.model.request import Sound, Vector
from af3core.model.weights.checkpoint import find_checkpoint
from tests.af3core.model.asking import odd_checkpoint, sound_of

Engines = tuple[Af3Engine, TransformersEngine]
LENGTHS_S = (0.1, 2.005, 10.2, 29.985, 30.0, 30.001, 65.0)


@pytest.fixture(scope="module", params=["odd sizes", pytest.param("nano", marks=pytest.mark.long)])
def engines(request: pytest.FixtureRequest, shared: Path, untrained: Path) -> Engines:
    folder = "nano" if request.param == "nano" else str(odd_checkpoint(shared, untrained))
    checkpoint = find_checkpoint(folder)
    return Af3Engine.load(checkpoint), TransformersEngine.load(checkpoint)


def vectors(found: list[Vector | Exception]) -> list[Vector]:
    assert not [result for result in found if isinstance(result, Exception)]
    return [result for result in found if not isinstance(result, Exception)]


def test_the_mean_of_transformers_states(engines: Engines) -> None:
    """Of its encoder alone, called as its own model calls it."""
    ours, reference = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate(LENGTHS_S)]
    extractor = ours.processor.feature_extractor
    for sound, mine in zip(sounds, vectors(ours.embed(sounds)), strict=True):
        features = extractor(
            sound.windows(AF3_LIMIT),
            sampling_rate=SAMPLE_RATE_HZ,
            return_attention_mask=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            states = reference.model.model.audio_tower(
                features.input_features, input_features_mask=features.attention_mask
            ).last_hidden_state
        windows = zip(states, sound.windows(AF3_LIMIT), strict=True)
        real = torch.cat([row[: audio_tokens(len(window))] for row, window in windows])
        assert len(real) == sum(audio_tokens(len(window)) for window in sound.windows(AF3_LIMIT))
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, real.mean(dim=0).numpy(), atol=1e-4)


def test_both_engines_agree(engines: Engines) -> None:
    ours, reference = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate(LENGTHS_S)]
    for mine, theirs in zip(ours.embed(sounds), reference.embed(sounds), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)  # type: ignore[arg-type]


def test_the_same_alone_and_in_company(engines: Engines) -> None:
    ours, _ = engines
    sounds = [sound_of(seconds, seed=i) for i, seconds in enumerate(LENGTHS_S)]
    alone = [vectors(ours.embed([sound]))[0] for sound in sounds]
    for mine, other in zip(vectors(ours.embed(sounds)), alone, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-5)


def test_what_cannot_be_heard_fails_alone(engines: Engines) -> None:
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    sounds = [
        Sound(silence[:100]),
        sound_of(3.0),
        Sound(silence * np.nan),
        Sound(np.zeros(601 * SAMPLE_RATE_HZ, np.float32)),
    ]
    for engine in engines:
        short, heard, broken, long = engine.embed(sounds)
        assert isinstance(short, EmptyAudio)
        assert isinstance(broken, InvalidAudio)
        assert isinstance(long, AudioTooLong)
        assert isinstance(heard, np.ndarray)
        assert heard.shape == (engines[1].model.config.audio_config.hidden_size,)
