"""What the threads that ask compute for a GPU: prompts, and the log-mel of their sounds."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from af3core.model.audio_limits import AudioLimit
from af3core.model.network.log_mel import LogMel
from af3core.model.prompt import Prompt, PromptBuilder
from af3core.model.request import Request, Sound, Weights
from af3core.model.weights.loading import LoadedWeights, limit_of_processor

_computing = threading.BoundedSemaphore(max(1, len(os.sched_getaffinity(0)) - 1))
"""Log-mels that are computed at once: a core is left to the engine's own thread."""

Heard = dict[tuple[Weights, int], Sound]
"""Sounds with their log-mel, by the weights that hear them and the sound's id."""


def log_mel_ahead(processor: Any, weights: LoadedWeights) -> LogMel | None:
    """What computes log-mels on this machine's cores for weights on another device; None where the
    same cores would do it later.
    """
    if next(iter(weights.states["base"].values())).device.type == "cpu":
        return None
    window_samples = limit_of_processor(processor).window_samples
    return LogMel(processor.feature_extractor.mel_filters, window_samples)


class PromptsAhead:
    """Prompts with all that can be computed before the model is asked.

    Args:
        log_mels: by weights, as `log_mel_ahead` gives them.
    """

    def __init__(self, log_mels: Mapping[Weights, LogMel | None]) -> None:
        self._log_mels = log_mels

    def prompt(self, request: Request, builder: PromptBuilder, heard: Heard) -> Prompt:
        """The prompt of a request.

        Args:
            request: to be answered.
            builder: of its weights.
            heard: sounds that other requests of the caller share with it.

        Raises:
            ModelError: a sound or a turn that the model cannot take, with its reason.
        """
        prompt = builder.build(request)
        log_mel = self._log_mels.get(request.weights)
        if log_mel is None:
            return prompt
        keys = [(request.weights, id(sound)) for sound in prompt.sounds]
        for key, sound in zip(keys, prompt.sounds, strict=True):
            if key not in heard:
                heard[key] = _heard(sound, log_mel, builder.limit)
        return replace(prompt, sounds=tuple(heard[key] for key in keys))


@torch.inference_mode()
def _heard(sound: Sound, log_mel: LogMel, limit: AudioLimit) -> Sound:
    """A sound with the log-mel of its windows."""
    with _computing:
        mels = tuple(log_mel([window])[0].numpy() for window in sound.windows(limit))
    return replace(sound, log_mels=mels)
