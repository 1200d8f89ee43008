"""The tools that check infra/: an environment of their own, made once, below .venv."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
REQUIREMENTS = INFRA / "lint-requirements.lock"
HOME = ROOT / ".venv" / "lint"


@cache
def tools() -> Path:
    """The folder of their commands; installs them where they are not, or are others."""
    HOME.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    mark = HOME / "installed"
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists() or mark.read_text() != wanted:
            uv = Path(sys.executable).with_name("uv")
            python = HOME / "env" / "bin" / "python"
            run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, HOME / "env"])
            install = [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes"]
            run([*install, "--requirement", REQUIREMENTS])
            mark.write_text(wanted)
    return HOME / "env" / "bin"


def run(command: Sequence[str | Path], **kwargs: Any) -> str:
    """Run a command to its end; an error shows what it said."""
    done = attempt(command, **kwargs)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def attempt(command: Sequence[str | Path], **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Run a command, whatever its end."""
    return subprocess.run(command, capture_output=True, text=True, **kwargs)


def hcl(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Terraform's files, parsed; every argument's value stands in a list."""
    code = "import hcl2, json, sys; print(json.dumps([hcl2.load(open(f)) for f in sys.argv[1:]]))"
    parsed: list[dict[str, Any]] = _without_lines(
        json.loads(run([tools() / "python", "-c", code, *files]))
    )
    return parsed


def _without_lines(parsed: Any) -> Any:
    """Without the numbers of lines, which stand among the arguments."""
    if isinstance(parsed, dict):
        return {k: _without_lines(v) for k, v in parsed.items() if not k.startswith("__")}
    return [_without_lines(item) for item in parsed] if isinstance(parsed, list) else parsed


def rendered(folder: Path) -> str:
    """What `kubectl apply -k` would send."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl here")
    return run(["kubectl", "kustomize", folder])
