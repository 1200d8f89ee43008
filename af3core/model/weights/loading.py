"""Weights and processor of a checkpoint: tensors straight from its files to the device, one at a
time; settings, words and sizes as transformers reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import GenerationConfig
from transformers.utils import logging as transformers_logging

from af3core.errors import ConfigurationError, GpuMissing
from af3core.model.audio_limits import AudioLimit
from af3core.model.request import Weights
from af3core.model.weights.checkpoint import Checkpoint
from af3core.model.weights.completeness import think_folder
from af3core.model.weights.family import ARCHITECTURES, MUSIC_TYPE, checked_limit
from af3core.model.weights.stored_weights import HEAD, StoredWeights
from af3core.model.weights.think_adapter import Kept, merge_think
from af3core.model.weights.weight_form import form_of

_ROTARY_TIMES = "pos_emb."
"""A table that early conversions of Music Flamingo hold and no release of transformers reads: it
follows from the configuration."""
GENERATION_CONFIG = "generation_config.json"
_READ_ERRORS = (OSError, ValueError, RuntimeError, KeyError)


@dataclass(frozen=True)
class LoadedWeights:
    """State dicts by name, all of transformers' names; think shares what it does not change.

    An engine empties them when it takes the weights over.
    """

    config: Any
    states: dict[Weights, dict[str, Tensor]]
    end_ids: frozenset[int]


@torch.no_grad()
def load_weights(checkpoint: Checkpoint, dtype: str, device: torch.device) -> LoadedWeights:
    """The weights, and those of the think adapter where the checkpoint's folder has one.

    Each tensor goes from its mapped file to the device in the form that it is kept in: the host
    holds no copy, and of weights in eight bits nobody holds the wide ones together.

    Raises:
        ConfigurationError: they cannot be read or do not fit.
        StorageError: their disk or mount does not answer.
    """
    form = form_of(dtype)
    empty = _empty_model(checkpoint)
    kept = Kept(form.computed_in, device, form.keep)
    think = think_folder(checkpoint.folder)
    states: dict[Weights, dict[str, Tensor]] = {}
    # transformers' AF3 class ties nothing, whatever the configuration says
    is_tied = HEAD in empty.all_tied_weights_keys
    with StoredWeights(checkpoint.name, checkpoint.folder, is_tied=is_tied) as stored:
        wanted = _check_fit(checkpoint, stored, empty)
        base = {name: form.place(name, stored[name], device) for name in wanted}
        states["base"] = base
        if think is not None:
            states["think"] = base | merge_think(stored, think, kept)
    return LoadedWeights(empty.config, states, end_ids(empty))


def _empty_model(checkpoint: Checkpoint) -> Any:
    """Transformers' model without weights: its sizes and its settings of generation.

    Raises:
        ConfigurationError: its configuration cannot be read.
    """
    model_class = _transformers_class(checkpoint, ARCHITECTURES[checkpoint.model_type].model)
    try:
        config = model_class.config_class.from_pretrained(checkpoint.folder)
        with torch.device("meta"):
            model = model_class(config)
        if (checkpoint.folder / GENERATION_CONFIG).is_file():
            model.generation_config = GenerationConfig.from_pretrained(checkpoint.folder)
    except _READ_ERRORS as error:
        raise _unloadable(checkpoint, error) from error
    return model


def _check_fit(checkpoint: Checkpoint, stored: StoredWeights, empty: Any) -> list[str]:
    """The names of the weights that are read.

    Raises:
        ConfigurationError: one is missing or left over, or has another shape.
    """
    shapes = {name: weight.shape for name, weight in empty.state_dict().items()}
    found = [name for name in stored if _ROTARY_TIMES not in name]
    missing = shapes.keys() - set(found) - empty.all_tied_weights_keys.keys()
    _check_names(checkpoint, sorted(missing), sorted(set(found) - shapes.keys()))
    for name in found:
        if (shape := stored[name].shape) != shapes[name]:
            raise ConfigurationError(
                f"--model {checkpoint.name}: the weights do not fit the configuration: {name} is"
                f" {list(shape)} and not {list(shapes[name])}"
            )
    return found


def _check_names(checkpoint: Checkpoint, missing: list[str], unexpected: list[str]) -> None:
    if missing or unexpected:
        raise ConfigurationError(
            f"--model {checkpoint.name}: the weights do not fit the configuration:"
            f" {len(missing)} missing (first: {missing[:1]}), {len(unexpected)} left over"
            f" (first: {unexpected[:1]}); the download may be incomplete"
        )


def end_ids(model: Any) -> frozenset[int]:
    """Tokens that end an answer, by the checkpoint's generation settings."""
    ends = model.generation_config.eos_token_id
    return frozenset([ends] if isinstance(ends, int) else ends)


def load_transformers_model(checkpoint: Checkpoint, dtype: str, device: torch.device) -> Any:
    """Transformers' own model, every weight of it loaded.

    Raises:
        ConfigurationError: it cannot be loaded, weights are missing or left over, or nothing is
            computed in that dtype.
    """
    form = form_of(dtype)
    if form.is_low_bit:
        raise ConfigurationError(f"--dtype {dtype} is of --engine af3, not of transformers")
    transformers_logging.disable_progress_bar()
    model_class = _transformers_class(checkpoint, ARCHITECTURES[checkpoint.model_type].model)
    try:
        loaded: Any = model_class.from_pretrained(
            checkpoint.folder, dtype=form.computed_in, output_loading_info=True
        )
    except _READ_ERRORS as error:
        raise _unloadable(checkpoint, error) from error
    model, report = loaded
    unexpected = sorted(key for key in report["unexpected_keys"] if _ROTARY_TIMES not in key)
    _check_names(checkpoint, sorted(report["missing_keys"]), unexpected)
    return model.to(device).eval()


def load_processor(checkpoint: Checkpoint) -> Any:
    """Transformers' processor: tokenizer, chat template, feature extractor.

    Raises:
        ConfigurationError: a file of it is missing or wrong.
    """
    kind = _transformers_class(checkpoint, ARCHITECTURES[checkpoint.model_type].processor)
    try:
        return kind.from_pretrained(checkpoint.folder)
    except _READ_ERRORS as error:
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
        GpuMissing: CUDA is asked for and torch finds none; its reason is said.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        raise GpuMissing(f"--device cuda: torch finds no CUDA device ({_why_no_device()})")
    return torch.device(device)


def _why_no_device() -> str:
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:  # the latter: torch is built for CPUs alone
        return str(error).partition("\n")[0].partition(". ")[0]
    return "it gives no reason"
