"""A language model at a server, as two options name it."""

from __future__ import annotations

import argparse

from af3core.errors import ConfigurationError
from af3core.model.checkpoint import served_checkpoint
from af3core.model.engines import EngineSettings


def served_model(
    arguments: argparse.Namespace, role: str, key_variable: str
) -> EngineSettings | None:
    """The model of --ROLE at --ROLE-endpoint; None where neither is given.

    Args:
        role: writer or judge.
        key_variable: the environment variable that holds the server's key.

    Raises:
        ConfigurationError: one of the two options is missing.
    """
    name = getattr(arguments, role)
    endpoint = getattr(arguments, f"{role}_endpoint")
    if bool(name) != bool(endpoint):
        raise ConfigurationError(
            f"--{role} and --{role}-endpoint go together: the model's name, and the server's"
            " address"
        )
    if not name:
        return None
    return EngineSettings(
        name="openai",
        checkpoint=served_checkpoint(name, None),
        dtype="float32",
        device="auto",
        batch_tokens=arguments.batch_tokens,
        endpoint=endpoint,
        key_variable=key_variable,
    )
