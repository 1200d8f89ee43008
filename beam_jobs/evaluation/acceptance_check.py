"""The models that passed the gate, in `evaluations/accepted.json`; others are refused by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from af3core.errors import ConfigurationError
from af3core.model.engines.engine_registry import EngineSettings
from af3core.storage.address import store_at
from af3core.storage.store import Store, update
from beam_jobs.framework.settings import JobSettings
from beam_jobs.output.next_command import af3
from schemas.accepted_models import ACCEPTED_VERSION, AcceptedModel, AcceptedModels, ModelIdentity
from schemas.layout import ACCEPTED_KEY
from schemas.options.evaluation import Accepted
from schemas.record_format import RecordError, parse_json, stored_json


class NotAccepted(ConfigurationError):
    """The model did not pass the gate where one is asked for."""


def identity_of(engine: EngineSettings) -> ModelIdentity:
    """The model as accepted ones are told apart."""
    checkpoint = engine.checkpoint
    return ModelIdentity(checkpoint.name, checkpoint.revision, engine.label, engine.dtype)


def check_accepted(settings: JobSettings) -> None:
    """Nothing where the model is accepted, or where `--accepted-in` asks for nothing.

    Raises:
        NotAccepted: it is not.
    """
    address = settings[Accepted].accepted_in or ""
    if not address:
        return
    identity = identity_of(settings.engine)
    accepted = read_accepted(store_at(address)).models
    if any(model.identity.is_same(identity) for model in accepted):
        return
    last = f"the last accepted one is {accepted[-1].identity}" if accepted else "no model is"
    raise NotAccepted(
        f"--model {identity} is not accepted in {address}: {last}; run"
        f" {af3('evaluate', out=address)} and {af3('accept', out=address)}"
        " with it (in Airflow: evaluate_model), or go without --accepted-in (a corpus file:"
        " model: {allow_unaccepted: true})"
    )


def read_accepted(store: Store) -> AcceptedModels:
    """All accepted models; none where nothing was accepted yet.

    Raises:
        ConfigurationError: the object is damaged, or of another version.
    """
    return _parse(store.read(ACCEPTED_KEY), store)


def add_accepted(store: Store, made: Callable[[AcceptedModels], AcceptedModel]) -> AcceptedModel:
    """Append what `made` gives for the models so far; a run that comes again adds nothing.

    `made` is called again where another run was first: it decides against what is there then.
    What it raises leaves the object alone.
    """
    added: list[AcceptedModel] = []

    def change(data: bytes | None) -> bytes | None:
        held = _parse(data, store)
        model = made(held)
        added[:] = [model]
        if any(_is_same_run(model, other) for other in held.models):
            return None
        value = _appended(model, data)
        return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()

    update(store, ACCEPTED_KEY, change)
    return added[0]


def _appended(model: AcceptedModel, data: bytes | None) -> dict[str, Any]:
    """The object with one model more; keys of a newer release stay, those of the models too."""
    value = parse_json(data) if data else {}
    known = stored_json(AcceptedModels())
    return value | known | {"models": [*value.get("models", []), model.to_json()]}


def _is_same_run(one: AcceptedModel, other: AcceptedModel) -> bool:
    return one.run_id == other.run_id and one.identity.is_same(other.identity)


def _parse(data: bytes | None, store: Store) -> AcceptedModels:
    if data is None:
        return AcceptedModels()
    try:
        read = AcceptedModels.from_bytes(data)
    except RecordError as error:
        raise ConfigurationError(_unreadable(store, str(error))) from error
    if read.version != ACCEPTED_VERSION:
        raise ConfigurationError(_unreadable(store, f"version {read.version}"))
    return read


def _unreadable(store: Store, why: str) -> str:
    return (
        f"{store.address(ACCEPTED_KEY)}: cannot be read ({why}); use the release that wrote it, or"
        " remove it and accept the models anew"
    )
