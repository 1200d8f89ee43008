"""The engines by name: ours, transformers' own, and a server that speaks OpenAI's protocol.

A process loads each once. One piece of work at a time asks it, so that its batches hold that alone,
or many together (`EngineSettings.crosses_callers`).
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from af3core.errors import ConfigurationError, GpuFull, ModelError
from af3core.installation import install_command
from af3core.loaded_once import LoadedOnce
from af3core.model.audio_limits import BASE_TRAINED_SAMPLES
from af3core.model.cuda import gpus, torch_build, why_no_cuda
from af3core.model.request import Answer, Request, Weights
from af3core.model.streaming.stream import StreamingEngine
from af3core.model.weights.checkpoint import Checkpoint
from schemas.options.night import API_KEY_VARIABLE as API_KEY_VARIABLE
from schemas.options.night import DEFAULT_PROMPT_FORM, BatchingName, PromptFormName, ServerName
from schemas.options.night import EngineName as EngineName

model_turn = threading.Lock()
"""Held while one piece of work asks an engine alone."""


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, with what.

    Attributes:
        name: of the engine.
        checkpoint: the weights; for `openai` the model's name at the server.
        dtype, device, batch_tokens: of an engine on this machine.
        endpoint: of a server, such as http://gpu:8000/v1.
        key_variable: the environment variable that holds the server's key.
        server: what the server is.
        prompt_form: how sounds and words are put to a model on this machine.
        batching: what it is asked at once, as `--batching` says; it decides no answer.
    """

    name: EngineName
    checkpoint: Checkpoint
    dtype: str
    device: str
    batch_tokens: int
    endpoint: str = ""
    key_variable: str = API_KEY_VARIABLE
    server: ServerName = "auto"
    prompt_form: PromptFormName = DEFAULT_PROMPT_FORM
    batching: BatchingName = field(default="clip", compare=False)

    @property
    def crosses_callers(self) -> bool:
        """Whether it answers several pieces of work together here: as `--batching` says, or else
        where the model runs on a GPU of this machine.
        """
        if self.batching != "auto":
            return self.batching == "continuous"
        return self.name != "openai" and _runs_on_gpu(self.device)

    def weights_for(self, *, thinking: bool, longest_samples: int) -> Weights:
        """Which weights answer: those that think where it is asked for; an adapter of AF3's also
        hears what is longer than its base was trained on.
        """
        if self.name != "af3" or not self.checkpoint.has_think:
            return "base"
        is_long = longest_samples > BASE_TRAINED_SAMPLES and self.checkpoint.think is None
        return "think" if thinking or is_long else "base"

    @property
    def label(self) -> str:
        """The engine in rows, with the form of its prompts where that is another: `af3+authors`."""
        return self.name + self._form("+")

    @property
    def hearing_identity(self) -> str:
        """What decides the encoder's states of a sound, which no prompt is asked about."""
        return f"{self.checkpoint.revision}/{self.dtype}/{self.name}"

    @property
    def identity(self) -> str:
        """What decides an answer besides prompt and audio."""
        return self.hearing_identity + self._form("/")

    def _form(self, sign: str) -> str:
        """The form of prompts; nothing for that which answers of earlier releases were asked in."""
        return "" if self.prompt_form == DEFAULT_PROMPT_FORM else f"{sign}{self.prompt_form}"


@functools.cache
def _runs_on_gpu(device: str) -> bool:
    return device == "cuda" or (device == "auto" and not why_no_cuda(gpus(), torch_build()))


_loading = threading.Lock()
"""Held while an engine is loaded: two at once would take each other's memory for granted."""


def load_engine(settings: EngineSettings) -> StreamingEngine:
    """The engine, loaded once per process, whichever thread asks first, and only where there is
    something to ask; two at most, the audio model and a writer of texts.

    Threads that ask while it is loaded share what comes of that, an error too (`LoadedOnce`).

    Raises:
        ConfigurationError: packages of the extra `model` are missing, or the weights or the server
            cannot be used; a GPU has no room for them (`GpuFull`).
        ModelError: the server is away (`ServerUnavailable`).
    """
    return _engines(settings)


def load_apart(settings: EngineSettings) -> StreamingEngine:
    """An engine for its caller alone, who lets go of it: as `load_engine`, and it is not kept."""
    return _load_in_turn(settings)


def _load_in_turn(settings: EngineSettings) -> StreamingEngine:
    with _loading:
        return _load(settings)


_engines = LoadedOnce(_load_in_turn, most=2)


def _load(settings: EngineSettings) -> StreamingEngine:
    if settings.name == "openai":
        from af3core.model.engines.openai_engine import OpenAIEngine

        key = os.environ.get(settings.key_variable, "")
        return OpenAIEngine(
            settings.endpoint,
            settings.checkpoint.name,
            api_key=key,
            server=settings.server,
            limit=settings.checkpoint.limit,
        )
    try:
        import torch

        from af3core.model.engines.af3_engine import Af3Engine
        from af3core.model.engines.transformers_engine import TransformersEngine
    except ImportError as error:
        raise ConfigurationError(
            f"asking a model needs torch and transformers ({error}): {install_command('model')}"
        ) from error
    engine = Af3Engine if settings.name == "af3" else TransformersEngine
    try:
        return engine.load(
            settings.checkpoint,
            settings.dtype,
            settings.device,
            settings.batch_tokens,
            settings.prompt_form,
        )
    except torch.OutOfMemoryError as error:
        said = str(error).partition(". ")[0]
        raise GpuFull(
            f"--model {settings.checkpoint.name} in {settings.dtype}: {said} while it was loaded;"
            " end what else runs on the GPU, use a larger one, or a smaller --dtype or"
            " --batch-tokens"
        ) from error


def answers_of(settings: EngineSettings, requests: Sequence[Request]) -> list[Answer | ModelError]:
    """One answer or one error per request, in their order: beside what other threads ask, or when
    it is our turn.
    """
    if not requests:
        return []
    if settings.crosses_callers:
        return load_engine(settings).answer_beside(requests)
    with model_turn:
        return load_engine(settings).answer(requests)
