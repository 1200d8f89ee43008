"""Nano is AF3: its features, its encoder and its prompts are those of transformers' classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from transformers import (
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    WhisperFeatureExtractor,
)

from af3core.nano.model import TrainingModel
from af3core.nano.tokenizer import PROMPT_HEAD, PROMPT_TAIL
from af3core.nano.training_data import log_mel
from tests.media import spoken


def test_the_training_features_are_whispers() -> None:
    audio = spoken()
    theirs = WhisperFeatureExtractor(feature_size=128)(
        audio, sampling_rate=16_000, return_tensors="np"
    ).input_features[0]
    ours = log_mel(audio)
    assert ours.shape == (128, -(-len(audio) // 160))
    # the last frames see the end of the audio; float16 keeps three decimals
    assert np.abs(ours[:, :-2] - theirs[:, : ours.shape[1] - 2]).max() < 2e-3


def test_the_encoder_on_the_real_length_equals_the_padded_one(untrained: Path) -> None:
    model = AudioFlamingo3ForConditionalGeneration.from_pretrained(untrained, dtype=torch.float32)
    model.eval()
    audio = spoken()
    mel = torch.from_numpy(log_mel(audio).astype(np.float32))
    frames = mel.shape[1]
    # the quietest level stands where there is no audio, as in the extractor's padding
    padded = torch.full((1, 128, 3000), float(mel.min()))
    padded[0, :, :frames] = mel
    mask = (torch.arange(3000) < frames)[None]
    with torch.inference_mode():
        theirs = model.get_audio_features(padded, mask).pooler_output
        ours = TrainingModel(model).encode(padded[:, :, : frames + 2], torch.tensor([frames]))
    count = int(ours.counts)
    assert theirs.shape == (count, 256)
    assert torch.allclose(ours.embeds[0, :count], theirs, atol=1e-4)


def test_training_prompts_are_those_of_the_chat_template(untrained: Path) -> None:
    processor = AudioFlamingo3Processor.from_pretrained(untrained)
    content = [{"type": "text", "text": "Who is speaking?"}, {"type": "audio", "audio": ""}]
    text = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    assert text == f"{PROMPT_HEAD}<sound>Who is speaking?{PROMPT_TAIL}"


def test_ten_seconds_are_250_audio_tokens(untrained: Path) -> None:
    processor = AudioFlamingo3Processor.from_pretrained(untrained)
    inputs = processor(text=["<sound>x"], audio=[np.zeros(160_000, np.float32)])
    assert int((inputs["input_ids"] == processor.audio_token_id).sum()) == 250
