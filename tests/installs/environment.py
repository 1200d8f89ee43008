"""Environments that hold what an extra brings and nothing else, made once and kept in build/."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "infra" / "requirements.lock"
_HOME = ROOT / "build" / "environments"


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the dependencies of some extras; the code is the repository's."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def size_bytes(self) -> int:
        """Of all files on disk, the compiled ones among them."""
        files = (path.lstat() for path in self.folder.rglob("*"))
        return sum(status.st_blocks * 512 for status in files)

    def variables(self) -> dict[str, str]:
        """Of processes that run in it."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def af3(self, *arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run a command of ours."""
        command = [self.python, "-m", "beam_jobs", *arguments]
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=self.variables(),
            timeout=500,
        )


@cache
def environment(*extras: str) -> Environment:
    """The environment of `pip install '.[EXTRAS]'`, in the lock's versions."""
    named = "+".join(sorted(extras)) or "base"
    key = hashlib.sha256(LOCK.read_bytes() + (ROOT / "setup.py").read_bytes()).hexdigest()[:12]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = _HOME / f"{named}-{version}-{key}"
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / f"{named}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "installed").exists():
            for earlier in _HOME.glob(f"{named}-{version}-*"):
                shutil.rmtree(earlier)
            _install(folder, extras)
            (folder / "installed").touch()
    return Environment(folder)


def _install(folder: Path, extras: Sequence[str]) -> None:
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    install = [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"]
    install += ["--constraint", LOCK, "--requirements", ROOT / "setup.py"]
    install += [part for extra in extras for part in ("--extra", extra)]
    subprocess.run(install, check=True, cwd=ROOT)
    # as pip does; in one process, which a loaded machine starts soon enough
    compile_all = [folder / "bin" / "python", "-m", "compileall", "-q", folder / "lib"]
    subprocess.run(compile_all, check=False, stdout=subprocess.DEVNULL)
