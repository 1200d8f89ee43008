"""The server of `--engine openai`, and whether the gate let a model pass."""

from __future__ import annotations

import os
from collections.abc import Iterator

from af3core.model.engines.engine_registry import EngineSettings
from af3core.model.weights.checkpoint import find_checkpoint, served_checkpoint
from af3core.model.weights.think_pair import in_words_of_think_model
from af3core.storage.address import store_at
from beam_jobs.doctor.model_choice import ModelChoice
from beam_jobs.evaluation.acceptance_check import identity_of, read_accepted
from beam_jobs.output.next_command import af3
from schemas.findings import Finding
from schemas.options.night import API_KEY_VARIABLE


def server(choice: ModelChoice) -> Iterator[Finding]:
    """Whether it answers, and serves the model; what it is taken for.

    Raises:
        ConfigurationError: no http(s) address, or a server without the model.
        ServerUnavailable: no server there, or one that is busy.
    """
    from af3core.model.engines.openai_engine import OpenAIEngine
    from af3core.model.engines.served.retries import Backoff

    if not choice.endpoint:
        said = "--engine openai needs --endpoint"
        yield Finding("server", "failed", said, "name it, such as http://gpu:8000/v1")
        return
    key = os.environ.get(API_KEY_VARIABLE, "")
    engine = OpenAIEngine(
        choice.endpoint,
        choice.model,
        api_key=key,
        backoff=Backoff(tries=2),
        server=choice.server,
    )
    kind = engine.kind_of_server
    asked = f"asked as {kind}" if kind else "asked in the protocol's own fields; see --server"
    yield Finding("server", "ok", f"{choice.endpoint} serves {choice.model}, {asked}")


def accepted(choice: ModelChoice, address: str) -> Iterator[Finding]:
    """The model against those that passed; weights of a folder are read for their identity.

    Raises:
        ConfigurationError: no such model, or the list of accepted ones is damaged.
    """
    if choice.engine == "openai":
        checkpoint = served_checkpoint(choice.model, choice.model_revision)
    else:
        checkpoint = find_checkpoint(choice.model, choice.model_revision, with_weights=False)
    if choice.thinking is not None:
        named = choice.thinking
        with in_words_of_think_model():
            think = find_checkpoint(named.model, named.model_revision, with_weights=False)
        checkpoint = checkpoint.with_think(think)
    engine = EngineSettings(
        choice.engine,
        checkpoint,
        choice.dtype,
        choice.device,
        choice.batch_tokens,
        prompt_form=choice.prompt_form,
    )
    identity, models = identity_of(engine), read_accepted(store_at(address)).models
    if any(model.identity.is_same(identity) for model in models):
        yield Finding("accepted", "ok", f"{identity}, in {address}")
        return
    last = f"the last one is {models[-1].identity}" if models else "no model is"
    said = f"{identity} is not accepted in {address}: {last}"
    yield Finding("accepted", "failed", said, f"run {af3('evaluate')} and {af3('accept')} with it")
