"""Airflow's pools and folders, where it is installed and configured; `dags` looks, as a command."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from af3core.errors import Af3Error
from schemas.findings import Finding

PATIENCE_S = 120.0
"""Airflow takes seconds to import, and its database may be another machine's."""
_MODULE = "dags.launch.airflow_state"


class AirflowSilent(Af3Error):
    """Airflow cannot be asked."""


def is_configured() -> bool:
    """Airflow is installed and has a home here."""
    try:
        importlib.metadata.version("apache-airflow")
    except importlib.metadata.PackageNotFoundError:
        return False
    return "AIRFLOW_HOME" in os.environ or Path("~/airflow/airflow.cfg").expanduser().is_file()


def airflow() -> Iterator[Finding]:
    """What `dags.launch.airflow_state` finds; nothing where Airflow is not configured here.

    Raises:
        AirflowSilent: it ended with an error, or hangs.
    """
    if not is_configured():
        return
    try:
        done = subprocess.run(
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        lines = done.stdout.strip().splitlines()
        found = [Finding.from_json(value) for value in json.loads(lines[-1])]
    except subprocess.TimeoutExpired as error:
        raise AirflowSilent(
            f"Airflow gives no answer for {PATIENCE_S:g} s; run airflow info"
        ) from error
    except (ValueError, IndexError, TypeError) as error:
        said = (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
        raise AirflowSilent(f"Airflow cannot be asked ({said}); run airflow info") from error
    yield from found
