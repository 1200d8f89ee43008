"""The engines by name: ours, transformers' own, and a server that speaks OpenAI's protocol."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Literal, get_args

from af3core.errors import ConfigurationError
from af3core.model.checkpoint import Checkpoint
from af3core.model.streaming import StreamingEngine

EngineName = Literal["af3", "transformers", "openai"]
ENGINE_NAMES: tuple[EngineName, ...] = get_args(EngineName)

API_KEY_VARIABLE = "AF3_API_KEY"
"""The environment variable that holds a server's key: no key stands in a command or a log."""


@dataclass(frozen=True)
class EngineSettings:
    """Which engine, with what.

    Attributes:
        name: of the engine.
        checkpoint: the weights; for `openai` the model's name at the server.
        dtype, device, batch_tokens: of an engine on this machine.
        endpoint: of a server, such as http://gpu:8000/v1.
        key_variable: the environment variable that holds the server's key.
    """

    name: EngineName
    checkpoint: Checkpoint
    dtype: str
    device: str
    batch_tokens: int
    endpoint: str = ""
    key_variable: str = API_KEY_VARIABLE

    @property
    def identity(self) -> str:
        """What decides an answer besides prompt and audio."""
        return f"{self.checkpoint.revision}/{self.dtype}/{self.name}"


@functools.lru_cache(maxsize=2)
def load_engine(settings: EngineSettings) -> StreamingEngine:
    """The engine, loaded once per process and only where there is something to ask; two at most,
    the audio model and a writer of texts.

    Raises:
        ConfigurationError: packages of the extra `model` are missing, or the weights or the server
            cannot be used.
    """
    if settings.name == "openai":
        from af3core.model.openai_engine import OpenAIEngine

        key = os.environ.get(settings.key_variable, "")
        return OpenAIEngine(settings.endpoint, settings.checkpoint.name, api_key=key)
    try:
        from af3core.model.af3_engine import Af3Engine
        from af3core.model.transformers_engine import TransformersEngine
    except ImportError as error:
        raise ConfigurationError(
            f"asking a model needs torch and transformers ({error}):"
            " pip install 'af3-archive[model]'"
        ) from error
    engine = Af3Engine if settings.name == "af3" else TransformersEngine
    return engine.load(settings.checkpoint, settings.dtype, settings.device, settings.batch_tokens)
