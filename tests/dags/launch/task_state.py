"""Airflow's store of a task's state, which outlives attempts."""

from __future__ import annotations

import json
from typing import Any


class State(dict[str, Any]):
    """In memory; what is kept goes through JSON, as it does there."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))
