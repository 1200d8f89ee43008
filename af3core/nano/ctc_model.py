"""nano-ctc: a small Wav2Vec2ForCTC of nano's world, in the files that any CTC checkpoint has.

Less than a million parameters. Its first convolution starts as a bank of filters on the mel scale
and the second one as their loudness and its change, so that it learns letters rather than hearing.
On real speech it is worthless, as nano is.
"""

from __future__ import annotations

import json
import math
import string
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

from af3core.nano.espeak_voices import SAMPLE_RATE_HZ

BLANK, BETWEEN = "<pad>", "|"
VOCABULARY: dict[str, int] = {
    token: number
    for number, token in enumerate((BLANK, "<unk>", BETWEEN, "'", *string.ascii_lowercase))
}
FRAME_MS = 20
_STRIDES = (160, 2)
_WINDOW_SAMPLES = 400
_BANDS, _PHASES = 64, 4
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_EVEN_HZ = 300.0
"""Above it filters are the louder the higher they are, as speech is the softer."""
_LOUD = 30.0


def new_ctc_model() -> Wav2Vec2ForCTC:
    """Untrained weights; the convolutions are the bank of filters.

    Of a small number GELU is half of it, so that phases cancel out; scaled up, each phase is heard
    alone, and their sum is a band's loudness.
    """
    model = Wav2Vec2ForCTC(_config())
    first, second = cast("Any", model.wav2vec2.feature_extractor.conv_layers)
    with torch.no_grad():
        first.conv.weight.copy_(torch.from_numpy(_filters()[:, None]))
        first.conv.bias.zero_()
        first.layer_norm.weight.fill_(_LOUD)
        second.conv.weight.mul_(0.1)
        second.conv.bias.zero_()
        for band in range(_BANDS):
            phases = slice(band * _PHASES, (band + 1) * _PHASES)
            second.conv.weight[band, phases] += torch.tensor([0.125, 0.25, 0.125])
            second.conv.weight[_BANDS + band, phases] += torch.tensor([-0.25, 0.0, 0.25])
        second.layer_norm.bias.fill_(1.0)
    return model


def save_ctc_model(model: Wav2Vec2ForCTC, folder: Path) -> None:
    """Write weights in bfloat16, tokens and settings, as transformers reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = folder / "vocab.json"
    vocabulary.write_text(json.dumps(VOCABULARY, indent=1) + "\n", "utf-8")
    tokenizer = Wav2Vec2CTCTokenizer(
        str(vocabulary),
        pad_token=BLANK,
        unk_token="<unk>",  # noqa: S106 (a token of the text)
        word_delimiter_token=BETWEEN,
        bos_token=None,
        eos_token=None,
        do_lower_case=True,
    )
    tokenizer.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(
        feature_size=1,
        sampling_rate=SAMPLE_RATE_HZ,
        padding_value=0.0,
        do_normalize=True,
        return_attention_mask=True,
    ).save_pretrained(folder)
    weights = {name: value.to(torch.bfloat16) for name, value in model.state_dict().items()}
    copy: Any = Wav2Vec2ForCTC(_config())
    copy.to(torch.bfloat16)
    copy.load_state_dict(weights)
    copy.save_pretrained(folder)


def _config() -> Wav2Vec2Config:
    return Wav2Vec2Config(
        vocab_size=len(VOCABULARY),
        pad_token_id=VOCABULARY[BLANK],
        bos_token_id=None,
        eos_token_id=None,
        hidden_size=144,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=432,
        conv_dim=(_BANDS * _PHASES, 144),
        conv_kernel=(_WINDOW_SAMPLES, 3),
        conv_stride=_STRIDES,
        conv_bias=True,
        feat_extract_norm="layer",
        num_conv_pos_embeddings=32,
        num_conv_pos_embedding_groups=12,
        do_stable_layer_norm=True,
        apply_spec_augment=False,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
    )


def _filters() -> np.ndarray:
    """`[bands x phases, samples]`: windowed waves a quarter turn apart, evenly in mel."""
    low, high = (2595 * math.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    frequencies = 700 * (10 ** (np.linspace(low, high, _BANDS) / 2595) - 1)
    time = (np.arange(_WINDOW_SAMPLES) - _WINDOW_SAMPLES / 2) / SAMPLE_RATE_HZ
    widths = np.clip(1.6 * np.gradient(frequencies), 60.0, None)
    shapes = np.exp(-0.5 * (time[None] * 2 * np.pi * widths[:, None] / 2.5) ** 2)
    shapes *= np.hanning(_WINDOW_SAMPLES)[None]
    phases = np.arange(_PHASES) * 2 * np.pi / _PHASES
    angles = 2 * np.pi * frequencies[:, None, None] * time + phases[None, :, None]
    waves = np.cos(angles) * shapes[:, None]
    waves /= np.linalg.norm(waves, axis=-1, keepdims=True)
    waves *= (np.maximum(frequencies, _EVEN_HZ) / 1000)[:, None, None]
    return waves.reshape(_BANDS * _PHASES, -1).astype(np.float32)
