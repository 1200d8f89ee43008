"""Weights and processor of a checkpoint through transformers, which converts names and formats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers.utils import logging as transformers_logging

from af3core.errors import ConfigurationError
from af3core.model.audio_limits import AudioLimit
from af3core.model.request import Weights
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.completeness import think_folder
from af3core.model.weights.family import ARCHITECTURES, MUSIC_TYPE, checked_limit
from af3core.model.weights.think_adapter import merge_think

_ROTARY_TIMES = "pos_emb."
"""A table that early conversions of Music Flamingo hold and no release of transformers reads: it
follows from the configuration."""
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class LoadedWeights:
    """State dicts by name, all of transformers' names; think shares what it does not change.

    An engine empties them when it takes the weights over.
    """

    config: Any
    states: dict[Weights, dict[str, Tensor]]
    end_ids: frozenset[int]


def load_weights(checkpoint: Checkpoint, dtype: str, device: torch.device) -> LoadedWeights:
    """The weights, and those of the think adapter where the checkpoint's folder has one.

    Raises:
        ConfigurationError: they cannot be read or do not fit.
    """
    model = load_transformers_model(checkpoint, dtype, device)
    base = dict(model.state_dict())
    states: dict[Weights, dict[str, Tensor]] = {"base": base}
    folder = think_folder(checkpoint.folder)
    if folder is not None:
        states["think"] = base | merge_think(base, folder)
    ends = end_ids(model)
    model.to("meta")  # the state dicts hold the weights alone from here on
    return LoadedWeights(model.config, states, ends)


def end_ids(model: Any) -> frozenset[int]:
    """Tokens that end an answer, by the checkpoint's generation settings."""
    ends = model.generation_config.eos_token_id
    return frozenset([ends] if isinstance(ends, int) else ends)


def _torch_dtype(dtype: str) -> torch.dtype:
    if dtype not in _DTYPES:
        raise ConfigurationError(
            f"--dtype {dtype} is not supported: {' or '.join(_DTYPES)}; bfloat16 is as small as"
            " float16 and has the range of float32"
        )
    return _DTYPES[dtype]


def load_transformers_model(checkpoint: Checkpoint, dtype: str, device: torch.device) -> Any:
    """Transformers' own model, every weight of it loaded.

    Raises:
        ConfigurationError: it cannot be loaded, weights are missing or left over, or nothing is
            computed in that dtype.
    """
    numbers = _torch_dtype(dtype)
    transformers_logging.disable_progress_bar()
    model_class = _transformers_class(checkpoint, ARCHITECTURES[checkpoint.model_type].model)
    try:
        loaded: Any = model_class.from_pretrained(
            checkpoint.folder, dtype=numbers, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _unloadable(checkpoint, error) from error
    model, report = loaded
    missing = sorted(report["missing_keys"])
    unexpected = sorted(key for key in report["unexpected_keys"] if _ROTARY_TIMES not in key)
    if missing or unexpected:
        raise ConfigurationError(
            f"--model {checkpoint.name}: the weights do not fit the configuration:"
            f" {len(missing)} missing (first: {missing[:1]}), {len(unexpected)} left over"
            f" (first: {unexpected[:1]}); the download may be incomplete"
        )
    return model.to(device).eval()


def load_processor(checkpoint: Checkpoint) -> Any:
    """Transformers' processor: tokenizer, chat template, feature extractor.

    Raises:
        ConfigurationError: a file of it is missing or wrong.
    """
    kind = _transformers_class(checkpoint, ARCHITECTURES[checkpoint.model_type].processor)
    try:
        return kind.from_pretrained(checkpoint.folder)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise _unloadable(checkpoint, error) from error


def limit_of_processor(processor: Any) -> AudioLimit:
    """How much a model hears, as its processor was loaded.

    Raises:
        ConfigurationError: its length or its window is none.
    """
    window_s = processor.feature_extractor.chunk_length
    return checked_limit("the processor", processor.max_audio_len, window_s)


def _transformers_class(checkpoint: Checkpoint, name: str) -> Any:
    found = getattr(transformers, name, None)
    if found is None:
        raise ConfigurationError(
            f"--model {checkpoint.name}: transformers {transformers.__version__} has no {name};"
            " install a release that has it, or take the checkpoint whose config.json says"
            f" model_type {MUSIC_TYPE!r}"
        )
    return found


def _unloadable(checkpoint: Checkpoint, error: Exception) -> ConfigurationError:
    first_line = (str(error).splitlines() or [""])[0]
    return ConfigurationError(f"--model {checkpoint.name}: cannot be loaded ({first_line})")


def choose_device(device: str) -> torch.device:
    """`auto` is CUDA where there is one.

    Raises:
        ConfigurationError: CUDA is asked for and there is none.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigurationError("--device cuda: this machine shows no CUDA device")
    return torch.device(device)
