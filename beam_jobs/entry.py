"""The door of every command: open where Python finds our packages, not others of their names.

Standard library only: what it looks for may be what cannot be imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

NEEDED = ("schemas", "af3core", "dags")
"""Packages beside this one, whose names are those of the repository's folders."""
_AIRFLOWS = "dags"
"""Airflow's home has a plain folder of this name, from which no command imports."""
WRONG_SETTING = 2
"""The exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `af3` and `python -m beam_jobs`; exit codes are those of `beam_jobs.cli`."""
    line = shadowed_line(Path(__file__).resolve().parents[1])
    if line:
        print(f"af3: {line}", file=sys.stderr)
        return WRONG_SETTING
    from beam_jobs.cli import main as run

    return run(arguments)


def shadowed_line(root: Path) -> str:
    """What is said of the first package that Python finds elsewhere than in `root`; else empty."""
    for name in NEEDED:
        found = _place_of(importlib.util.find_spec(name))
        if found is not None and found != root / name:
            return f"another {name} stands before ours ({root / name}): {found}; {_remedy(found)}"
    return ""


def _place_of(spec: ModuleSpec | None) -> Path | None:
    if spec is None:
        return None
    is_plain_folder = spec.origin is None
    if is_plain_folder and spec.name == _AIRFLOWS:
        return None
    places = list(spec.submodule_search_locations or ()) or [str(spec.origin)]
    return Path(places[0]).resolve()


def _remedy(found: Path) -> str:
    """By the way on which Python came there."""
    folder = found.parent
    if folder == Path.cwd().resolve():
        return "run the command from another folder"
    named = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if any(entry and Path(entry).resolve() == folder for entry in named):
        return f"take {folder} out of PYTHONPATH"
    return "another distribution brings it: install af3-archive in an environment of its own"
