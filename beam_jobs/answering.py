"""Who may ask the process's model: one piece of work at a time, whose batches fill the device."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from af3core.errors import ModelError
from af3core.model.engines import EngineSettings, load_engine
from af3core.model.request import Answer, Request

model_turn = threading.Lock()
"""Held while one piece of work asks."""


def answers_of(settings: EngineSettings, requests: Sequence[Request]) -> list[Answer | ModelError]:
    """One answer or one error per request, in their order, when it is our turn."""
    if not requests:
        return []
    with model_turn:
        return load_engine(settings).answer(requests)
