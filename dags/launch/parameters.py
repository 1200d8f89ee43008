"""Parameters of a run that no form has: Airflow takes any, and a misspelt one would do nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from af3core.errors import ConfigurationError
from af3core.near_names import did_you_mean


def refuse_unknown(context: Any) -> None:
    """Airflow's hook before a task of ours: the run's parameters are those of its DAG.

    Airflow 3.3 holds the values that it knows against their types when a run is made, and lets all
    others pass; so the first task of a run refuses them.

    Raises:
        ConfigurationError: a parameter is none of the DAG's; the message names the one that is
            nearly it.
    """
    check_known(context["dag_run"].conf, context["dag"].params)


def check_known(given: Mapping[str, Any] | None, known: Iterable[str]) -> None:
    """Hold parameters against the names that are known. Pure.

    Raises:
        ConfigurationError: one is unknown.
    """
    names = sorted(known)
    for name in given or {}:
        if name not in names:
            takes = f"known are {', '.join(names)}" if names else "this DAG takes none"
            raise ConfigurationError(
                f"parameter {name!r} is none of this DAG's: {did_you_mean(name, names)}{takes}."
                " Trigger the run again"
            )
