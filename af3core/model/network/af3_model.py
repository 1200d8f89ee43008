"""A Flamingo whole: log-mel, encoder, decoder, with the weights of a transformers checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from af3core.errors import ConfigurationError
from af3core.model.audio_limits import HOP_SAMPLES, AudioLimit
from af3core.model.network.decoder import Decoder
from af3core.model.network.encoder import AudioEncoder
from af3core.model.network.log_mel import LogMel
from af3core.model.network.rope import ROPE_TYPES
from af3core.model.network.time_rotation import rotated_width, window_tokens
from af3core.model.weights.family import ARCHITECTURES

_ENCODER, _PROJECTOR = "model.audio_tower.", "model.multi_modal_projector."
_LANGUAGE = "model.language_model."

_ENCODER_LAYER = {
    "attention_norm": "self_attn_layer_norm",
    "out": "self_attn.out_proj",
    "mlp_norm": "final_layer_norm",
    "fc1": "fc1",
    "fc2": "fc2",
}
_DECODER_LAYER = {
    "attention_norm": "input_layernorm",
    "out": "self_attn.o_proj",
    "mlp_norm": "post_attention_layernorm",
    "down": "mlp.down_proj",
}


class Af3Model(nn.Module):
    """The modules that an engine runs. Takes weights over with `take_weights`.

    Args:
        config: of the checkpoint.
        mel_filters: `[fft_bins, mel]` of its feature extractor.
        limit: how much it hears, in what windows.

    Raises:
        ConfigurationError: a setting that this forward pass does not compute.
    """

    def __init__(self, config: Any, mel_filters: Any, limit: AudioLimit) -> None:
        super().__init__()
        check_config(config, limit)
        self.config = config
        self.limit = limit
        self.log_mel = LogMel(mel_filters, limit.window_samples)
        has_times = ARCHITECTURES[config.model_type].has_times
        with torch.device("meta"):
            self.encoder = AudioEncoder(config, has_times=has_times)
            self.decoder = Decoder(config)

    @property
    def device(self) -> torch.device:
        return self.decoder.embed.weight.device

    def prefix_embeddings(self, ids: Tensor, sounds: Sequence[Tensor]) -> Tensor:
        """Embeddings `[prefix, hidden]` of `ids [prefix]`, with those of the sounds in order of
        their places.
        """
        embeddings: Tensor = self.decoder.embed(ids)
        if sounds:
            places = (ids == self.config.audio_token_id)[:, None]
            embeddings = embeddings.masked_scatter(places, torch.cat(list(sounds)))
        return embeddings

    def take_weights(self, state: dict[str, Tensor]) -> None:
        """Use a state dict of transformers' model, which is emptied on the way:
        weights that are joined are held twice one layer at a time, not all at once.

        Raises:
            ConfigurationError: a weight is missing, left over, or of another shape.
        """
        ours = convert_state_dict(state, self.config)
        try:
            self.load_state_dict(ours, strict=True, assign=True)
        except RuntimeError as error:
            raise ConfigurationError(
                f"the weights do not fit the configuration: {' '.join(str(error).split())[:300]}"
            ) from error
        device = self.device
        self.log_mel.to(device)
        # a buffer that is not in the checkpoint, computed where the weights are
        self.decoder.place_rotation(device)
        if self.encoder.time_rotation is not None:
            self.encoder.time_rotation.place(device)
        self.eval().requires_grad_(False)


def check_config(config: Any, limit: AudioLimit) -> None:
    """Refuse what this forward pass does not compute.

    Raises:
        ConfigurationError: naming the setting.
    """
    audio, text = config.audio_config, config.text_config
    positions = limit.window_samples // HOP_SAMPLES // 2
    wanted: dict[str, tuple[object, tuple[object, ...]]] = {
        "audio_config.activation_function": (audio.activation_function, ("gelu",)),
        "audio_config.max_source_positions": (audio.max_source_positions, (positions,)),
        "projector_hidden_act": (config.projector_hidden_act, ("gelu",)),
        "text_config.model_type": (text.model_type, ("qwen2",)),
        "text_config.hidden_act": (text.hidden_act, ("silu",)),
        "text_config.rope_parameters.rope_type": (text.rope_parameters["rope_type"], ROPE_TYPES),
        "text_config.use_sliding_window": (bool(text.use_sliding_window), (False,)),
    }
    if ARCHITECTURES[config.model_type].has_times:
        wanted["rope_parameters.rope_type"] = (config.rope_parameters["rope_type"], ("default",))
        _check_time_rotation(config)
    for name, (value, expected) in wanted.items():
        if value not in expected:
            raise ConfigurationError(
                f"the checkpoint's {name} is {value!r}, and this engine computes"
                f" {' or '.join(map(repr, expected))}; use --engine transformers"
            )


def _check_time_rotation(config: Any) -> None:
    turned, width = 2 * 2 * -(-rotated_width(config) // 2), config.audio_config.hidden_size
    if turned > width or config.max_position_embeddings < window_tokens(config):
        raise ConfigurationError(
            f"the checkpoint's rope_parameters turn {turned} of {width} numbers at"
            f" {config.max_position_embeddings:g} places, which its windows of"
            f" {window_tokens(config)} tokens do not fit"
        )


def convert_state_dict(left: dict[str, Tensor], config: Any) -> dict[str, Tensor]:
    """Transformers' names to ours, each weight taken out of `left`; query, key and value become one
    matrix, gate and up another. Encoder keys have no bias: theirs is zero.

    Raises:
        ConfigurationError: a weight is missing or left over.
    """

    def take(name: str) -> Tensor:
        if name not in left:
            raise ConfigurationError(f"the checkpoint lacks the weight {name}")
        return left.pop(name)

    ours: dict[str, Tensor] = {}
    for name in ("conv1", "conv2", "layer_norm"):
        for kind in ("weight", "bias"):
            ours[f"encoder.{name}.{kind}"] = take(f"{_ENCODER}{name}.{kind}")
    ours["encoder.embed_positions.weight"] = take(f"{_ENCODER}embed_positions.weight")
    for name in [name for name in left if name.startswith(_PROJECTOR)]:
        ours["encoder.projector." + name.removeprefix(_PROJECTOR)] = left.pop(name)
    for number in range(config.audio_config.num_hidden_layers):
        ours |= _encoder_layer(number, take)
    ours["decoder.embed.weight"] = take(f"{_LANGUAGE}embed_tokens.weight")
    ours["decoder.norm.weight"] = take(f"{_LANGUAGE}norm.weight")
    for number in range(config.text_config.num_hidden_layers):
        ours |= _decoder_layer(number, take)
    # a checkpoint with tied embeddings may leave the output layer out
    head = left.pop("lm_head.weight", None)
    ours["decoder.lm_head.weight"] = ours["decoder.embed.weight"] if head is None else head
    if left:
        raise ConfigurationError(f"{len(left)} weights are left over, the first is {min(left)}")
    return ours


def _encoder_layer(number: int, take: Callable[[str], Tensor]) -> dict[str, Tensor]:
    theirs, mine = f"{_ENCODER}layers.{number}.", f"encoder.layers.{number}."
    ours = {
        f"{mine}{name}.{kind}": take(f"{theirs}{source}.{kind}")
        for name, source in _ENCODER_LAYER.items()
        for kind in ("weight", "bias")
    }
    query, value = (take(f"{theirs}self_attn.{x}_proj.bias") for x in "qv")
    parts = [take(f"{theirs}self_attn.{x}_proj.weight") for x in "qkv"]
    ours[f"{mine}qkv.weight"] = torch.cat(parts)
    ours[f"{mine}qkv.bias"] = torch.cat([query, torch.zeros_like(query), value])
    return ours


def _decoder_layer(number: int, take: Callable[[str], Tensor]) -> dict[str, Tensor]:
    theirs, mine = f"{_LANGUAGE}layers.{number}.", f"decoder.layers.{number}."
    ours = {
        f"{mine}{name}.weight": take(f"{theirs}{source}.weight")
        for name, source in _DECODER_LAYER.items()
    }
    for kind in ("weight", "bias"):
        parts = [take(f"{theirs}self_attn.{x}_proj.{kind}") for x in "qkv"]
        ours[f"{mine}qkv.{kind}"] = torch.cat(parts)
    parts = [take(f"{theirs}mlp.{x}_proj.weight") for x in ("gate", "up")]
    ours[f"{mine}gate_up.weight"] = torch.cat(parts)
    return ours
